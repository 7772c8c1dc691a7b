import { measure, measureMemory, type Memory, type Timed } from './measure.ts';
import { inTurn } from './rounds.ts';
import { median, ratio, round } from './stats.ts';
import { onPath } from './station.ts';

export interface Contestant {
  readonly name: string;
  /** The program that must be installed; null: it is exhibit itself. */
  readonly needs: string | null;
  readonly command: string;
}

/** One contestant's figures: medians, and every single run. */
export interface Row {
  readonly name: string;
  readonly mebibytes_per_second: number;
  readonly slowest: number;
  readonly fastest: number;
  readonly cpu_seconds_per_gibibyte: number;
  /** At the peak of one run more, of the whole process tree: pages shared within a program once, and each process for itself. */
  /** Null: it was over before anybody looked, as 64 MiB may be. */
  readonly peak_memory_mebibytes: number | null;
  readonly peak_resident_mebibytes: number | null;
  /** How many times as fast as each peer of the same run; of exhibit's own rows. */
  readonly times: Readonly<Record<string, number>>;
  readonly seconds: readonly number[];
  readonly cpu_seconds: readonly number[];
}

export interface Contest {
  readonly mebibytes: number;
  readonly rounds: number;
  readonly rows: readonly Row[];
}

const MIB = 1024 ** 2;

/** What one contestant did: the rounds, and the run in which its memory was looked at. */
export interface Runs {
  readonly timed: readonly Timed[];
  readonly memory: Memory | null;
}

/**
 * Everybody in turn, so many rounds; then each once more, for its memory.
 * @param clean after each run
 */
export async function contest(
  label: string,
  contestants: readonly Contestant[],
  { mebibytes, rounds }: { readonly mebibytes: number; readonly rounds: number },
  clean: () => void,
): Promise<Contest> {
  const present = contestants.filter(({ needs }) => needs === null || onPath(needs));
  const entrants = present.map(({ name, command }) => ({
    name,
    run: async () => {
      const took = await measure(command);
      clean();
      return took;
    },
  }));
  const timed = await inTurn(label, entrants, rounds);
  const runs = new Map<string, Runs>();
  for (const { name, command } of present) {
    runs.set(name, { timed: timed.get(name) ?? [], memory: (await measureMemory(command)).memory });
    clean();
    process.stderr.write(`${label}, memory: ${name}\n`);
  }
  const rivals = present.filter(({ needs }) => needs !== null).map(({ name }) => name);
  return { mebibytes, rounds, rows: rowsOf(runs, mebibytes, rivals) };
}

/** @param rivals whom the others are held against */
export function rowsOf(runs: ReadonlyMap<string, Runs>, mebibytes: number, rivals: readonly string[]): Row[] {
  const secondsOf = (name: string): number[] => (runs.get(name)?.timed ?? []).map(({ seconds }) => seconds);
  return [...runs].map(([name, { timed, memory }]) => {
    const seconds = secondsOf(name);
    const cpu = timed.map((each) => each.cpu);
    const rate = (value: number): number => round(mebibytes / value, 1);
    const against = rivals.includes(name) ? [] : rivals;
    return {
      name,
      mebibytes_per_second: rate(median(seconds)),
      slowest: rate(Math.max(...seconds)),
      fastest: rate(Math.min(...seconds)),
      cpu_seconds_per_gibibyte: round((median(cpu) / mebibytes) * 1024, 2),
      peak_memory_mebibytes: memory && Math.ceil(memory.peakMemory / MIB),
      peak_resident_mebibytes: memory && Math.ceil(memory.peakResident / MIB),
      times: Object.fromEntries(
        against.map((rival) => [rival, round(ratio(median(secondsOf(rival)), median(seconds)) ?? 0, 2)]),
      ),
      seconds,
      cpu_seconds: cpu.map((value) => round(value, 3)),
    };
  });
}
