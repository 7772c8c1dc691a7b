/** A disk with three bad sectors, exact to the sector: nbdkit's sh plugin → nbdfuse → loop device with direct I/O. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { undone } from './undo.ts';

export interface BadDisk {
  readonly node: string;
  /** What an image of it has to be: the bad sectors are zeros. */
  readonly due: Buffer;
  /** So far. */
  failingReads(): number;
  remove(): void;
}

/** Bytes. */
const SIZE = 64 * 1024 ** 2;
const SECTOR = 512;
/** Sectors, from 0 on; the last one of the disk among them. */
const BAD = [1000, 60_000, 131_071];
const FAIL_SECONDS = 0.5;

/** Whether this station can make such a disk: root, nbdkit with its sh plugin, nbdfuse, losetup. */
export function canMakeBadDisk(onPath: (name: string) => boolean): boolean {
  return process.getuid?.() === 0 && ['nbdkit', 'nbdfuse', 'fusermount3', 'losetup'].every(onPath);
}

/** @throws Error where it does not come about; then nothing of it is left but files in `folder` */
export async function makeBadDisk(folder: string): Promise<BadDisk> {
  const made: (() => void)[] = [];
  const remove = (): void => {
    for (const step of made.toReversed()) step();
  };
  const thenUndo = (step: () => void): void => void made.push(undone(step));
  try {
    const { script, log, due } = writeParts(folder);
    const socket = await serve(folder, script, thenUndo);
    const file = await show(folder, socket, thenUndo);
    const node = attach(file, thenUndo);
    return { node, due, failingReads: () => readFileSync(log, 'utf8').split('\n').length - 1, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

/** The bytes, and what gives them or fails. */
function writeParts(folder: string): { script: string; log: string; due: Buffer } {
  const [base, script, log] = [join(folder, 'bad.img'), join(folder, 'bad.sh'), join(folder, 'failed')];
  const due = randomFillSync(Buffer.alloc(SIZE));
  writeFileSync(base, due);
  for (const sector of BAD) due.fill(0, sector * SECTOR, (sector + 1) * SECTOR);
  writeFileSync(log, '');
  writeFileSync(script, scriptOf(base, log), { mode: 0o700 });
  return { script, log, due };
}

function scriptOf(base: string, log: string): string {
  const touches = BAD.map((n) => `{ [ "$4" -lt ${(n + 1) * SECTOR} ] && [ $(($4 + $3)) -gt ${n * SECTOR} ]; }`).join(
    ' || ',
  );
  return `#!/bin/sh
case $1 in
  get_size) echo ${SIZE} ;;
  pread)
    if ${touches}; then echo "$4" >> '${log}'; sleep ${FAIL_SECONDS}; echo 'EIO bad sector' >&2; exit 1; fi
    exec dd if='${base}' iflag=skip_bytes,count_bytes skip=$4 count=$3 bs=1M status=none ;;
  *) exit 2 ;;
esac
`;
}

type ThenUndo = (step: () => void) => void;

async function serve(folder: string, script: string, thenUndo: ThenUndo): Promise<string> {
  const socket = join(folder, 'bad.sock');
  const argv = ['--exit-with-parent', '-r', '-f', `--unix=${socket}`, 'sh', script];
  const server = spawn('nbdkit', argv, { stdio: 'ignore' });
  // Not by SIGKILL: its sh plugin has a folder of its own in /tmp, which it takes away.
  thenUndo(() => server.kill('SIGTERM'));
  await until(server, () => existsSync(socket));
  return socket;
}

async function show(folder: string, socket: string, thenUndo: ThenUndo): Promise<string> {
  // As the kernel names it among what is mounted.
  const mounted = join(realpathSync(folder), 'bad.fuse');
  const file = join(mounted, 'nbd');
  mkdirSync(mounted);
  // It may come about at any time once nbdfuse runs, and outlives it.
  thenUndo(() => {
    unmount(mounted);
  });
  const fuse = spawn('nbdfuse', ['--readonly', mounted, '--unix', socket], { stdio: 'ignore' });
  thenUndo(() => fuse.kill('SIGKILL'));
  await until(fuse, () => existsSync(file) && statSync(file).size === SIZE);
  return file;
}

function unmount(folder: string): void {
  if (readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${folder} `))
    execFileSync('fusermount3', ['-u', '-z', folder], { stdio: 'pipe' });
}

function attach(file: string, thenUndo: ThenUndo): string {
  const argv = ['--read-only', '--find', '--show', '--direct-io=on', '--sector-size', String(SECTOR), file];
  const node = execFileSync('losetup', argv, { encoding: 'utf8', stdio: 'pipe' }).trim();
  thenUndo(() => execFileSync('losetup', ['--detach', node], { stdio: 'pipe' }));
  return node;
}

async function until(program: ChildProcess, condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries += 1) {
    if (tries > 500 || program.exitCode !== null) throw new Error('the disk with bad sectors did not start');
    await pause(20);
  }
}
