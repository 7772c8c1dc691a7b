/** Whether memory and the seconds of each GiB stay what they are when the source gets longer. */
import { rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { acquireOptions, removeLeft } from './acquire.ts';
import { writeSparse } from './data.ts';
import { holdingMemory } from './held-memory.ts';
import { measureMemory, type Memory, type Timed } from './measure.ts';
import type { Options } from './options.ts';
import { inTurn, type Entrant } from './rounds.ts';
import { PLAIN_DD } from './stages.ts';
import { availableMemory } from './station.ts';
import { median, round } from './stats.ts';

export interface GrowthRow {
  readonly gibibytes: number;
  readonly by: 'exhibit' | typeof PLAIN_DD;
  /** `discarded`: a file with a length and no bytes; only the benchmark has such a sink. */
  readonly image: 'in memory' | 'discarded';
  readonly rounds: number;
  readonly seconds_per_gibibyte: number;
  /** Of what lies beyond the size before: what it takes to begin and to end is not in it. Null for the first. */
  readonly seconds_per_further_gibibyte: number | null;
  readonly peak_memory_mebibytes: number;
  readonly peak_resident_mebibytes: number;
  readonly seconds: readonly number[];
}

/** One that was looked at while it took its time. */
type SeenRun = Pick<Timed, 'seconds'> & Memory;

export interface Growth {
  readonly rows: readonly GrowthRow[];
  /** Why some are not there. */
  readonly left_out: readonly string[];
}

/** One size by one program, and its rounds. */
export interface GrowthRun {
  readonly gibibytes: number;
  readonly by: GrowthRow['by'];
  readonly image: GrowthRow['image'];
  readonly runs: readonly SeenRun[];
}

const GIB = 1024 ** 3;
/** GiB, by what becomes of the image. */
const SIZES = { inMemory: [1, 4, 16], discarded: [1, 4, 16, 64] };
/** To see that it works: nothing is told of growth by that. */
const QUICK_SIZES = { inMemory: [1], discarded: [1, 2] };
/** For the programs, and for whoever else uses the machine. */
const SPARE = 2 * GIB;
/** Each takes some seven minutes. */
const MOST_ROUNDS = 3;

/**
 * The source is a sparse file, which takes no memory: only the image does. All sizes in turn: one that had a slow quarter of
 * an hour for itself would be growth. What plain dd takes for the same says what is the machine's.
 */
export async function measureGrowth(folder: string, exhibit: string, options: Options): Promise<Growth> {
  const { inMemory, discarded } = options.quick ? QUICK_SIZES : SIZES;
  const fitting = inMemory.filter((gibibytes) => room(folder) >= gibibytes * GIB + SPARE);
  const child = `${process.execPath} ${join(import.meta.dirname, 'bin', 'discarding-child.js')}`;
  const source = join(folder, 'sparse');
  const ours = (program: string): string => `${program} ${acquireOptions(source, folder)} ${READER}`;
  const series = [
    ...fitting.map((gibibytes) => growing(gibibytes, 'exhibit', 'in memory', ours(exhibit))),
    ...fitting.map((gibibytes) => growing(gibibytes, PLAIN_DD, 'in memory', copying(source, folder))),
    ...discarded.map((gibibytes) => growing(gibibytes, 'exhibit', 'discarded', ours(child))),
  ];
  const leftOut = inMemory
    .filter((gibibytes) => !fitting.includes(gibibytes))
    .map((gibibytes) => `${gibibytes} GiB in memory: ${folder} has room for ${Math.floor(room(folder) / GIB)} GiB`);
  const entrants = series.map((each) => entrant(each, source, folder));
  const rounds = Math.min(options.rounds, MOST_ROUNDS);
  await holdingMemory(folder, Math.max(0, ...fitting) * 1024, () => inTurn('growth', entrants, rounds));
  return { rows: growthRows(series), left_out: leftOut };
}

const READER = '--reader direct --hash-engine native';

function copying(source: string, folder: string): string {
  return `dd if=${source} of=${join(folder, 'out')} bs=1M status=none`;
}

interface Growing extends GrowthRun {
  readonly command: string;
  readonly runs: SeenRun[];
}

function growing(gibibytes: number, by: GrowthRow['by'], image: GrowthRow['image'], command: string): Growing {
  return { gibibytes, by, image, command, runs: [] };
}

function entrant({ gibibytes, by, image, command, runs }: Growing, source: string, folder: string): Entrant {
  return {
    name: `${gibibytes} GiB by ${by}, image ${image}`,
    run: async () => {
      writeSparse(source, gibibytes * GIB);
      try {
        const { seconds, memory } = await measureMemory(command);
        if (memory === null) throw new Error(`its memory could not be seen: ${command}`);
        runs.push({ seconds, ...memory });
        return seconds;
      } finally {
        rmSync(source);
        removeLeft(folder);
      }
    },
  };
}

/** @param all in the order of their sizes, one kind after the other */
export function growthRows(all: readonly GrowthRun[]): GrowthRow[] {
  const usual = ({ runs }: GrowthRun): number => median(runs.map(({ seconds }) => seconds));
  return all.map((each, index) => {
    const { gibibytes, by, image, runs } = each;
    const before = all[index - 1];
    const goesOn = before?.image === image && before.by === by;
    const peak = (values: readonly number[]): number => Math.ceil(Math.max(0, ...values) / 1024 ** 2);
    return {
      ...{ gibibytes, by, image, rounds: runs.length },
      seconds_per_gibibyte: round(usual(each) / gibibytes, 3),
      seconds_per_further_gibibyte: goesOn
        ? round((usual(each) - usual(before)) / (gibibytes - before.gibibytes), 3)
        : null,
      peak_memory_mebibytes: peak(runs.map(({ peakMemory }) => peakMemory)),
      peak_resident_mebibytes: peak(runs.map(({ peakResident }) => peakResident)),
      seconds: runs.map(({ seconds }) => seconds),
    };
  });
}

/** Bytes: a file system in memory promises more than there is. */
function room(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return Math.min(bavail * bsize, availableMemory());
}
