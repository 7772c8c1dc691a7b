import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measureAcquire } from './acquire.ts';
import { canMakeBadMedia, measureBadMedia } from './bad-media.ts';
import { measureCutOff, type CutOffFigures } from './cut-off.ts';
import { writeRandom } from './data.ts';
import { measureGrowth } from './growth.ts';
import { measureNetcat, netcatEnds } from './netcat.ts';
import type { Options, Part } from './options.ts';
import type { Measured } from './results.ts';
import { measureSsh } from './ssh.ts';
import { measureStages } from './stages.ts';
import { onPath } from './station.ts';
import { undone } from './undo.ts';
import { measureVerify } from './verify.ts';

export interface Bench {
  /** In memory; removed at the end, with everything in it. */
  readonly folder: string;
  /** The compiled program, and the command line that runs it. */
  readonly main: string;
  readonly exhibit: string;
  readonly cores: number;
  readonly options: Options;
}

/** Runs what was asked for, one part after the other. What this station can't do is said, and left out. */
export async function runParts(bench: Bench): Promise<Measured> {
  let all: Measured = {};
  for (const part of bench.options.parts) all = { ...all, ...(await RUN[part](bench)) };
  return all;
}

const RUN: Record<Part, (bench: Bench) => Promise<Measured>> = {
  acquire: async ({ folder, exhibit, options }) => ({ acquire: await measureAcquire(folder, exhibit, options) }),
  verify: async ({ folder, exhibit, options }) => ({ verify: await measureVerify(folder, exhibit, options) }),
  stages: async ({ folder, cores, options }) => ({ stages: await measureStages(folder, cores, options) }),
  growth: async ({ folder, exhibit, options }) => ({ growth: await measureGrowth(folder, exhibit, options) }),
  'bad-media': badMedia,
  'cut-off': cutOff,
  ssh: async (bench) => {
    if (!canShowOverSsh())
      return leaveOut('Nothing over SSH: it takes root, losetup, setpriv, ssh, ssh-keygen and /usr/sbin/sshd.');
    const { folder, exhibit, options } = bench;
    return {
      ssh: await withSource(bench, (source) => measureSsh(folder, source, options.mebibytes, exhibit, options.rounds)),
    };
  },
  netcat: async (bench) => {
    if (!canShowDisks() || !onPath('nc') || !netcatEnds())
      return leaveOut("Nothing through netcat: it takes root, losetup, and an nc that has -N (OpenBSD's).");
    const { folder, exhibit, options } = bench;
    return {
      netcat: await withSource(bench, (source) =>
        measureNetcat(folder, source, options.mebibytes, exhibit, options.rounds),
      ),
    };
  },
};

async function badMedia({ folder, exhibit, options }: Bench): Promise<Measured> {
  if (!canMakeBadMedia(onPath))
    return leaveOut('No disk with bad sectors: it takes root, nbdkit, nbdfuse, losetup, ddrescue.');
  return { bad_media: await measureBadMedia(folder, exhibit, options.fewerRounds, onPath('dc3dd')) };
}

/** On a disk: in memory nothing has to be brought anywhere. */
async function cutOff(bench: Bench): Promise<Measured> {
  const onDisk = mkdtempSync(join(tmpdir(), 'exhibit-bench-'));
  undone(() => {
    rmSync(onDisk, { recursive: true, force: true });
  });
  const figures: CutOffFigures[] = [];
  await withSource(bench, async (source) => {
    for (const engine of ['native', 'wasm'] as const)
      figures.push(await measureCutOff(onDisk, source, bench.main, engine, bench.options.fewerRounds));
  });
  return { cut_off: figures };
}

/** Random data in memory, for as long as it is used. */
async function withSource<T>({ folder, options }: Bench, use: (source: string) => Promise<T>): Promise<T> {
  const source = join(folder, 'source');
  writeRandom(source, options.mebibytes);
  try {
    return await use(source);
  } finally {
    rmSync(source);
  }
}

function leaveOut(why: string): Measured {
  console.log(why);
  return {};
}

/** Whether this station can show a disk over SSH. */
export function canShowOverSsh(): boolean {
  return canShowDisks() && ['ssh', 'ssh-keygen', 'setpriv'].every(onPath) && existsSync('/usr/sbin/sshd');
}

function canShowDisks(): boolean {
  return process.getuid?.() === 0 && onPath('losetup');
}
