import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { normalise, subtract, type Range } from '../../src/model/range.ts';
import type { Behaviour } from './bad-disk-server.ts';
import { attachLoop, lacks } from './loop.ts';
import { atEnd, tempFolder } from './temp.ts';

export interface BadDiskSpec {
  /** What the disk would give if all of it were readable. */
  readonly content: Uint8Array;
  readonly sector?: 512 | 4096;
  /** Bytes that give EIO, always. */
  readonly bad?: readonly Range[];
  /** More than fixed faults; `bad` is then part of it. */
  readonly behaviour?: Behaviour;
  /** Bytes a second that it gives at most; without it as many as it can. Not for a disk with behaviour. */
  readonly rate?: number;
}

export interface DiskRead extends Range {
  readonly failed: boolean;
}

/** A block device with faults, exact to the sector, and the ways to make it worse. */
export interface BadDisk {
  readonly node: string;
  /** From now on reads hang until `resume` or `unplug`. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** From now on every read fails: the cable is pulled. */
  unplug(): Promise<void>;
  /** The reads that reached a disk with behaviour, in order: of what size, and whether they failed. */
  reads(): DiskRead[];
  /** From now on it gives this many bytes a second; only for a disk that was made with a rate. */
  setRate(bytes: number): void;
}

/**
 * nbdkit (faults, pauses), or for behaviour a server of our own → nbdfuse (a file) → loop (a block device). Null, and
 * the test skipped aloud, where that can't be had.
 */
export async function badDisk(t: TestContext, spec: BadDiskSpec): Promise<BadDisk | null> {
  if (lacks(t, 'losetup', 'nbdkit', 'nbdfuse', 'fusermount3')) return null;
  const folder = tempFolder(t);
  const base = join(folder, 'base.img');
  writeFileSync(base, spec.content);
  const socket = join(folder, 'nbd.sock');
  const control = join(folder, 'pause.sock');
  const own = spec.behaviour !== undefined;
  const rateFile = join(folder, 'rate');
  if (spec.rate !== undefined) writeRate(rateFile, spec.rate);
  const server = own
    ? start(t, process.execPath, [serverProgram, configure(folder, base, socket, spec)])
    : start(t, 'nbdkit', [
        // Ends with us, should we be killed before we can clean up.
        ...['--exit-with-parent', '--readonly', '--foreground', `--unix=${socket}`, '--filter=pause'],
        ...(spec.rate === undefined ? [] : ['--filter=rate']),
        ...fixedFaults(folder, base, spec),
        `pause-control=${control}`,
        // Who comes late may not read much at once.
        ...(spec.rate === undefined ? [] : [`rate-file=${rateFile}`, 'burstiness=0.1']),
      ]);
  await until(() => existsSync(socket) && (own || existsSync(control)), 'the disk did not start');

  const mounted = join(folder, 'fuse');
  mkdirSync(mounted);
  const fuse = start(t, 'nbdfuse', ['--readonly', mounted, '--unix', socket]);
  atEnd(t, async () => {
    // The server first: what hangs in a read gets its answer, and the loop device lets go.
    await end(server);
    spawnSync('fusermount3', ['-u', '-z', mounted], { stdio: 'ignore' });
    await end(fuse);
  });
  const file = join(mounted, 'nbd');
  await until(() => existsSync(file) && statSync(file).size === spec.content.length, 'nbdfuse did not start');
  const node = attachLoop(t, file, { sector: spec.sector ?? 512, directIo: true });
  atEnd(t, () => end(server));
  const signal = (name: 'SIGSTOP' | 'SIGCONT') => Promise.resolve(void server.kill(name));
  return {
    node,
    pause: () => (own ? signal('SIGSTOP') : tell(control, 'p')),
    resume: () => (own ? signal('SIGCONT') : tell(control, 'r')),
    unplug: () => end(server),
    reads: () => diskReads(join(folder, 'reads')),
    setRate: (bytes) => {
      writeRate(rateFile, bytes);
    },
  };
}

/** In bits, as nbdkit's rate filter wants it; by rename, since it may be reading the file just now. */
function writeRate(path: string, bytes: number): void {
  writeFileSync(`${path}.new`, String(bytes * 8));
  renameSync(`${path}.new`, path);
}

function fixedFaults(folder: string, base: string, spec: BadDiskSpec): string[] {
  const map = join(folder, 'faults.map');
  writeFileSync(map, mapfile(spec.content.length, normalise(spec.bad ?? [])));
  return ['--filter=ddrescue', 'file', base, `ddrescue-mapfile=${map}`];
}

/** GNU ddrescue's mapfile, written here by hand: the code under test must not be its own judge. */
function mapfile(size: number, bad: readonly Range[]): string {
  const good = subtract({ start: 0, end: size }, bad).map((range) => ({ ...range, status: '+' }));
  const all = [...good, ...bad.map((range) => ({ ...range, status: '-' }))].sort((a, b) => a.start - b.start);
  const hex = (value: number): string => `0x${value.toString(16)}`;
  return `0x0 + 1\n${all.map(({ start, end, status }) => `${hex(start)} ${hex(end - start)} ${status}\n`).join('')}`;
}

const serverProgram = fileURLToPath(new URL('./bad-disk-server.js', import.meta.url));

function configure(folder: string, base: string, socket: string, spec: BadDiskSpec): string {
  const config = join(folder, 'behaviour.json');
  const log = join(folder, 'reads');
  writeFileSync(log, '');
  const { bad, behaviour, content } = spec;
  writeFileSync(config, JSON.stringify({ bad, ...behaviour, base, socket, log, size: content.length }));
  return config;
}

function diskReads(log: string): DiskRead[] {
  const lines = readFileSync(log, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => {
    const [start = '', length = '', outcome] = line.split(' ');
    return { start: Number(start), end: Number(start) + Number(length), failed: outcome === 'failed' };
  });
}

function start(t: TestContext, program: string, argv: readonly string[]): ChildProcess {
  const child = spawn(program, argv, { stdio: ['ignore', 'ignore', 'ignore'], detached: true });
  atEnd(t, () => end(child));
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await Promise.race([gone, sleep(5000)]);
}

/** One letter to nbdkit's pause filter; it answers with the same letter in upper case. */
async function tell(control: string, letter: 'p' | 'r'): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const socket = connect(control);
    socket.once('data', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
    socket.write(letter);
  });
}

async function until(condition: () => boolean, otherwise: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(otherwise);
    await sleep(20);
  }
}
