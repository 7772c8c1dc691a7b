import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { normalise, subtract, type Range } from '../../src/model/range.ts';
import { attachLoop, lacks } from './loop.ts';
import { atEnd, tempFolder } from './temp.ts';

export interface BadDiskSpec {
  /** What the disk would give if all of it were readable. */
  readonly content: Uint8Array;
  readonly sector?: 512 | 4096;
  /** Bytes that give EIO, always. */
  readonly bad?: readonly Range[];
  /** Bytes that give EIO for the first `times` reads that touch them. Slower: a shell answers every read. */
  readonly flaky?: { readonly range: Range; readonly times: number };
}

/** A block device with faults, exact to the sector, and the ways to make it worse. */
export interface BadDisk {
  readonly node: string;
  /** From now on reads hang until `resume` or `unplug`. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** From now on every read fails: the cable is pulled. */
  unplug(): Promise<void>;
  /** Times that the flaky range was asked for. */
  touched(): number;
}

/**
 * nbdkit (faults, pauses) → nbdfuse (a file) → loop (a block device). Null, and the test skipped aloud, where that
 * can't be had.
 */
export async function badDisk(t: TestContext, spec: BadDiskSpec): Promise<BadDisk | null> {
  if (lacks(t, 'losetup', 'nbdkit', 'nbdfuse', 'fusermount3')) return null;
  const folder = tempFolder(t);
  const base = join(folder, 'base.img');
  writeFileSync(base, spec.content);
  const socket = join(folder, 'nbd.sock');
  const control = join(folder, 'pause.sock');
  const server = start(t, 'nbdkit', [
    // Ends with us, should we be killed before we can clean up.
    ...['--exit-with-parent', '--readonly', '--foreground', `--unix=${socket}`, '--filter=pause'],
    ...(spec.flaky === undefined ? fixedFaults(folder, base, spec) : flakyPlugin(folder, base, spec.flaky)),
    `pause-control=${control}`,
  ]);
  await until(() => existsSync(socket) && existsSync(control), 'nbdkit did not start');

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
  return {
    node,
    pause: () => tell(control, 'p'),
    resume: () => tell(control, 'r'),
    unplug: () => end(server),
    touched: () => Number(readFileSync(join(folder, 'touched'), 'utf8')),
  };
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

function flakyPlugin(folder: string, base: string, { range, times }: NonNullable<BadDiskSpec['flaky']>): string[] {
  const script = join(folder, 'flaky.sh');
  writeFileSync(join(folder, 'touched'), '0');
  writeFileSync(
    script,
    `#!/bin/sh
case $1 in
  thread_model) echo serialize_all_requests ;;
  get_size) stat -c %s '${base}' ;;
  pread)
    if [ "$4" -lt ${range.end} ] && [ $(($4 + $3)) -gt ${range.start} ]; then
      n=$(($(cat '${folder}/touched') + 1)); echo $n > '${folder}/touched'
      if [ $n -le ${times} ]; then echo 'EIO this place is not ready' >&2; exit 1; fi
    fi
    dd if='${base}' iflag=skip_bytes,count_bytes skip=$4 count=$3 bs=64K status=none ;;
  *) exit 2 ;;
esac
`,
  );
  chmodSync(script, 0o700);
  return ['sh', script];
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
