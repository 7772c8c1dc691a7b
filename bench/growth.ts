/** Whether memory and the seconds of each GiB stay what they are when the source gets longer. */
import { rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { acquireOptions, removeLeft } from './acquire.ts';
import { warmMemory, writeSparse } from './data.ts';
import { measureMemory, type Measurement } from './measure.ts';
import type { Options } from './options.ts';
import { availableMemory } from './station.ts';
import { median, round } from './stats.ts';

export interface GrowthRow {
  readonly gibibytes: number;
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

export interface Growth {
  readonly rows: readonly GrowthRow[];
  /** Why some are not there. */
  readonly left_out: readonly string[];
}

const GIB = 1024 ** 3;
/** GiB, by what becomes of the image. */
const SIZES = { inMemory: [1, 4, 16], discarded: [1, 4, 16, 64] };
/** To see that it works: nothing is told of growth by that. */
const QUICK_SIZES = { inMemory: [1], discarded: [1, 2] };
/** For the programs, and for whoever else uses the machine. */
const SPARE = 2 * GIB;
/** Short ones are measured more often: what others do meanwhile weighs more. */
const OFTEN_TO = 4;

/** The source is a sparse file, which takes no memory: only the image does. */
export async function measureGrowth(folder: string, exhibit: string, { quick, rounds }: Options): Promise<Growth> {
  const sizes = quick ? QUICK_SIZES : SIZES;
  const child = `${process.execPath} ${join(import.meta.dirname, 'bin', 'discarding-child.js')}`;
  const leftOut: string[] = [];
  const runs: GrowthRun[] = [];
  for (const gibibytes of sizes.inMemory) {
    if (room(folder) < gibibytes * GIB + SPARE)
      leftOut.push(`${gibibytes} GiB in memory: ${folder} has room for ${Math.floor(room(folder) / GIB)} GiB`);
    else runs.push(await grown(folder, exhibit, gibibytes, 'in memory', rounds));
  }
  for (const gibibytes of sizes.discarded) runs.push(await grown(folder, child, gibibytes, 'discarded', rounds));
  return { rows: growthRows(runs), left_out: leftOut };
}

export interface GrowthRun {
  readonly gibibytes: number;
  readonly image: GrowthRow['image'];
  readonly runs: readonly Measurement[];
}

async function grown(
  folder: string,
  program: string,
  gibibytes: number,
  image: GrowthRow['image'],
  mostRounds: number,
): Promise<GrowthRun> {
  const source = join(folder, 'sparse');
  writeSparse(source, gibibytes * GIB);
  const rounds = gibibytes <= OFTEN_TO ? Math.min(mostRounds, 3) : 1;
  const runs: Measurement[] = [];
  try {
    for (let at = 0; at < rounds; at += 1) {
      const options = '--reader direct --hash-engine native';
      if (image === 'in memory') warmMemory(folder, gibibytes * 1024);
      runs.push(await measureMemory(`${program} ${acquireOptions(source, folder)} ${options}`));
      removeLeft(folder);
      process.stderr.write(`growth, ${gibibytes} GiB, image ${image}, round ${at + 1}/${rounds}\n`);
    }
  } finally {
    rmSync(source);
  }
  return { gibibytes, image, runs };
}

/** @param all in the order of their sizes, one kind of image after the other */
export function growthRows(all: readonly GrowthRun[]): GrowthRow[] {
  const usual = ({ runs }: GrowthRun): number => median(runs.map(({ seconds }) => seconds));
  return all.map((each, index) => {
    const { gibibytes, image, runs } = each;
    const before = all[index - 1];
    const peak = (values: readonly number[]): number => Math.ceil(Math.max(0, ...values) / 1024 ** 2);
    return {
      gibibytes,
      image,
      rounds: runs.length,
      seconds_per_gibibyte: round(usual(each) / gibibytes, 3),
      seconds_per_further_gibibyte:
        before?.image !== image ? null : round((usual(each) - usual(before)) / (gibibytes - before.gibibytes), 3),
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
