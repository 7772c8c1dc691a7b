import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { canMakeBadDisk, makeBadDisk } from './bad-disk.ts';
import { measure } from './measure.ts';
import { inTurn } from './rounds.ts';
import { median, round } from './stats.ts';

/** One tool on the disk with three bad sectors. Medians. */
export interface BadMediaFigures {
  readonly name: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly failing_reads: number;
  /** Sectors of the image that are not what they should be, in the worst round; the bad ones must be zero. */
  readonly wrong_sectors: number;
  /** Sectors that the image does not have, or not whole, in the worst round: it ends too early. */
  readonly missing_sectors: number;
  readonly single_seconds: readonly number[];
}

/** Whether this station can make such a disk, and has whom exhibit is held against. */
export function canMakeBadMedia(onPath: (name: string) => boolean): boolean {
  return canMakeBadDisk(onPath) && onPath('ddrescue');
}

/**
 * A disk of 64 MiB with three bad sectors, each failing read of which takes half a second: nbdkit's sh plugin → nbdfuse →
 * loop device with direct I/O. Every read of it forks a shell.
 */
export async function measureBadMedia(
  folder: string,
  exhibit: string,
  rounds: number,
  hasDc3dd: boolean,
): Promise<BadMediaFigures[]> {
  const disk = await makeBadDisk(folder);
  try {
    const out = join(folder, 'bad.out');
    const acquire = (profile: string): string =>
      `${exhibit} acquire ${disk.node} --to ${folder} --case bad --evidence out --examiner bench --unsigned --no-read-back --no-probe --yes --profile ${profile} || test $? = 3`;
    const contestants = [
      { name: 'exhibit bench', command: acquire('bench'), image: join(folder, 'bad', 'out', 'out.dd') },
      { name: 'exhibit rescue', command: acquire('rescue'), image: join(folder, 'bad', 'out', 'out.dd') },
      { name: 'ddrescue -d', command: `ddrescue -q -d -f ${disk.node} ${out} ${out}.map`, image: out },
      ...(hasDc3dd
        ? [{ name: 'dc3dd', command: `dc3dd if=${disk.node} of=${out} hash=md5 hash=sha256 || true`, image: out }]
        : []),
    ];
    const failing = new Map<string, number[]>();
    const worst = new Map<string, Flaws>();
    const entrants = contestants.map(({ name, command, image }) => ({
      name,
      run: async () => {
        const before = disk.failingReads();
        const { seconds } = await measure(command);
        failing.set(name, [...(failing.get(name) ?? []), disk.failingReads() - before]);
        worst.set(name, worstOf(worst.get(name) ?? NONE, flawsOf(readFileSync(image), disk.due)));
        for (const left of ['bad', 'bad.out', 'bad.out.map'])
          rmSync(join(folder, left), { recursive: true, force: true });
        return seconds;
      },
    }));
    const seconds = await inTurn('bad media', entrants, rounds);
    return contestants.map(({ name }) => ({
      name,
      rounds,
      seconds: round(median(seconds.get(name) ?? []), 2),
      failing_reads: median(failing.get(name) ?? []),
      wrong_sectors: (worst.get(name) ?? NONE).wrong,
      missing_sectors: (worst.get(name) ?? NONE).missing,
      single_seconds: (seconds.get(name) ?? []).map((each) => round(each, 3)),
    }));
  } finally {
    disk.remove();
  }
}

/** Sectors of an image. */
export interface Flaws {
  readonly wrong: number;
  readonly missing: number;
}

const NONE: Flaws = { wrong: 0, missing: 0 };
const SECTOR = 512;

/** What is there and should not be is wrong as well. */
export function flawsOf(image: Buffer, due: Buffer): Flaws {
  let [wrong, missing] = [0, 0];
  for (let at = 0; at < Math.max(image.length, due.length); at += SECTOR) {
    const is = image.subarray(at, at + SECTOR);
    const wanted = due.subarray(at, at + SECTOR);
    if (is.length < wanted.length) missing += 1;
    else if (!is.equals(wanted)) wrong += 1;
  }
  return { wrong, missing };
}

/** What was wrong once is wrong; the one says nothing of the other. */
export function worstOf(one: Flaws, other: Flaws): Flaws {
  return { wrong: Math.max(one.wrong, other.wrong), missing: Math.max(one.missing, other.missing) };
}
