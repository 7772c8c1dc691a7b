import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { measure } from './measure.ts';
import { inTurn } from './rounds.ts';
import { median, round } from './stats.ts';
import { undone } from './undo.ts';

/** One tool on the disk with three bad sectors. Medians. */
export interface BadMediaFigures {
  readonly name: string;
  readonly rounds: number;
  readonly seconds: number;
  readonly failing_reads: number;
  /** Sectors of the image that are not what they should be, or not there, in the worst round; the bad ones must be zero. */
  readonly wrong_sectors: number;
  readonly single_seconds: readonly number[];
}

const MIB = 1024 ** 2;
const SIZE = 64 * MIB;
const BAD = [1000, 60_000, 131_071];
const FAIL_SECONDS = 0.5;

/** Whether this station can make such a disk: root, nbdkit with its sh plugin, nbdfuse, losetup. */
export function canMakeBadMedia(onPath: (name: string) => boolean): boolean {
  return process.getuid?.() === 0 && ['nbdkit', 'nbdfuse', 'fusermount3', 'losetup', 'ddrescue'].every(onPath);
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
  const disk = await makeDisk(folder);
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
    const wrong = new Map<string, number>();
    const entrants = contestants.map(({ name, command, image }) => ({
      name,
      run: async () => {
        const before = disk.failingReads();
        const { seconds } = await measure(command);
        failing.set(name, [...(failing.get(name) ?? []), disk.failingReads() - before]);
        // The worst of all rounds: what was wrong once is wrong.
        wrong.set(name, Math.max(wrong.get(name) ?? 0, wrongSectors(readFileSync(image), disk.due)));
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
      wrong_sectors: wrong.get(name) ?? 0,
      single_seconds: (seconds.get(name) ?? []).map((each) => round(each, 3)),
    }));
  } finally {
    disk.remove();
  }
}

export function wrongSectors(image: Buffer, due: Buffer): number {
  let wrong = 0;
  for (let at = 0; at < Math.max(image.length, due.length); at += 512)
    if (!image.subarray(at, at + 512).equals(due.subarray(at, at + 512))) wrong += 1;
  return wrong;
}

interface Disk {
  readonly node: string;
  readonly due: Buffer;
  failingReads(): number;
  remove(): void;
}

async function makeDisk(folder: string): Promise<Disk> {
  const [base, script, log] = [join(folder, 'bad.img'), join(folder, 'bad.sh'), join(folder, 'failed')];
  const [socket, mounted] = [join(folder, 'bad.sock'), join(folder, 'bad.fuse')];
  const due = Buffer.alloc(SIZE);
  randomFillSync(due);
  writeFileSync(base, due);
  for (const sector of BAD) due.fill(0, sector * 512, (sector + 1) * 512);
  writeFileSync(log, '');
  const touches = BAD.map((n) => `{ [ "$4" -lt ${(n + 1) * 512} ] && [ $(($4 + $3)) -gt ${n * 512} ]; }`).join(' || ');
  writeFileSync(
    script,
    `#!/bin/sh
case $1 in
  get_size) echo ${SIZE} ;;
  pread)
    if ${touches}; then echo "$4" >> '${log}'; sleep ${FAIL_SECONDS}; echo 'EIO bad sector' >&2; exit 1; fi
    exec dd if='${base}' iflag=skip_bytes,count_bytes skip=$4 count=$3 bs=1M status=none ;;
  *) exit 2 ;;
esac
`,
  );
  chmodSync(script, 0o700);
  mkdirSync(mounted);
  const quiet = { stdio: 'ignore' as const };
  const server = spawn('nbdkit', ['--exit-with-parent', '-r', '-f', `--unix=${socket}`, 'sh', script], quiet);
  await until(() => existsSync(socket));
  const fuse = spawn('nbdfuse', ['--readonly', mounted, '--unix', socket], quiet);
  const file = join(mounted, 'nbd');
  await until(() => existsSync(file) && statSync(file).size === SIZE);
  const attach = ['--read-only', '--find', '--show', '--direct-io=on', '--sector-size', '512', file];
  const node = execFileSync('losetup', attach, { encoding: 'utf8' }).trim();
  const remove = undone(() => {
    removeDisk(node, mounted, [fuse, server]);
  });
  return {
    node,
    due,
    failingReads: () => readFileSync(log, 'utf8').split('\n').length - 1,
    remove,
  };
}

function removeDisk(node: string, mounted: string, programs: readonly ChildProcess[]): void {
  execFileSync('losetup', ['--detach', node]);
  execFileSync('fusermount3', ['-u', '-z', mounted]);
  for (const program of programs) program.kill('SIGKILL');
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries += 1) {
    if (tries > 500) throw new Error('the disk with bad sectors did not start');
    await pause(20);
  }
}
