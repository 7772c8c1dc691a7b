import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { killHalfway, untilNewData } from './killed-job.ts';
import { measure } from './measure.ts';
import { median, middleOne, round } from './stats.ts';

/** What checkpoints cost, and how soon a job that was killed in the middle reads on. Seconds. */
export interface CutOffFigures {
  readonly engine: string;
  readonly seconds_with_checkpoints: number;
  readonly seconds_without: number;
  readonly checkpoints_cost_percent: number;
  /** Last checkpoint of the killed job: there it reads on. Of the round with the median seconds to new data, as what follows. */
  readonly resumed_at_mebibytes: number;
  /** From the start of the program to the first new read of the source, in that round. */
  readonly seconds_to_new_data: number;
  /** What hashing as much as lies before that round's checkpoint takes with the native engine, alone: the best of three. */
  readonly seconds_to_hash_it: number;
}

/**
 * @param folder on a disk: in memory nothing has to be brought anywhere
 * @param main the compiled program
 */
export async function measureCutOff(
  folder: string,
  source: string,
  main: string,
  engine: 'wasm' | 'native',
  rounds: number,
): Promise<CutOffFigures> {
  const argv = [
    ...['acquire', source, '--to', folder, '--case', 'bench', '--evidence', 'out', '--examiner', 'bench'],
    ...['--unsigned', '--no-read-back', '--yes', '--hash-engine', engine],
  ];
  const evidence = join(folder, 'bench', 'out');
  const clean = (): void => {
    rmSync(join(folder, 'bench'), { recursive: true, force: true });
  };
  const withThem: number[] = [];
  const without: number[] = [];
  const child = join(import.meta.dirname, 'no-checkpoints-child.js');
  // Both from their modules: the one without checkpoints is no program of its own, and would start later.
  const same = join(import.meta.dirname, '..', 'src', 'main.js');
  const contestants = [
    { command: `${process.execPath} ${same} ${argv.join(' ')}`, seconds: withThem },
    { command: `${process.execPath} ${child} ${argv.join(' ')}`, seconds: without },
  ];
  // The first to read the source would read it from its disk; and neither is always the first of a round.
  hashFirst(source, statSync(source).size);
  for (let round = 0; round < rounds; round += 1) {
    for (const { command, seconds } of round % 2 === 0 ? contestants : contestants.toReversed()) {
      settle();
      seconds.push((await measure(command)).seconds);
      clean();
    }
  }
  const [on, off] = [median(withThem), median(without)];
  const resumed: Resumed[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const position = await killHalfway(main, argv, evidence, on);
    const toNewData = await untilNewData(main, ['resume', evidence, '--unsigned', '--yes']);
    resumed.push({ position, toNewData });
    clean();
  }
  return {
    engine,
    seconds_with_checkpoints: on,
    seconds_without: off,
    checkpoints_cost_percent: round((on / off - 1) * 100, 1),
    ...resumedFigures(resumed, (bytes) => hashFirst(source, bytes)),
  };
}

/** One round. Bytes to the last checkpoint, seconds from the start to new data. */
export interface Resumed {
  readonly position: number;
  readonly toNewData: number;
}

/**
 * All of one round: seconds of one and a position of another would tell of no job that there was.
 * @param hash gives the seconds of so many bytes
 */
export function resumedFigures(
  rounds: readonly Resumed[],
  hash: (bytes: number) => number,
): Pick<CutOffFigures, 'resumed_at_mebibytes' | 'seconds_to_new_data' | 'seconds_to_hash_it'> {
  const { position, toNewData } = middleOne(rounds, (each) => each.toNewData);
  return {
    resumed_at_mebibytes: Math.round(position / 1024 ** 2),
    seconds_to_new_data: toNewData,
    seconds_to_hash_it: Math.min(...Array.from({ length: 3 }, () => hash(position))),
  };
}

/** What earlier runs left to write would be written in the next one's time. */
function settle(): void {
  execFileSync('sync');
}

function hashFirst(path: string, length: number): number {
  const since = performance.now();
  const [md5, sha256] = [createHash('md5'), createHash('sha256')];
  const buffer = Buffer.alloc(4 * 1024 * 1024);
  const file = openSync(path, 'r');
  for (let at = 0; at < length; at += buffer.length) {
    const got = readSync(file, buffer, 0, Math.min(buffer.length, length - at), at);
    md5.update(buffer.subarray(0, got));
    sha256.update(buffer.subarray(0, got));
  }
  closeSync(file);
  return round((performance.now() - since) / 1000, 2);
}
