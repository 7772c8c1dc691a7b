import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { atEnd, tempFolder } from './temp.ts';

/** True, and the test skipped aloud, where there is no root or a program is missing. */
export function lacks(t: TestContext, ...programs: string[]): boolean {
  const missing = programs.filter(
    (program) => spawnSync(program, ['--version'], { stdio: 'ignore' }).error !== undefined,
  );
  const why = process.getuid?.() !== 0 ? 'needs root' : missing.length > 0 ? `needs ${missing.join(', ')}` : null;
  if (why === null) return false;
  t.skip(why);
  return true;
}

/** Runs a program of the station; its failure is the test's. Gives what it printed. */
export function sh(...argv: [string, ...string[]]): string {
  return execFileSync(argv[0], argv.slice(1), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

/** Bytes that repeat nowhere near: a shifted, lost or doubled sector shows. Sector `n` starts with its own number. */
export function diskBytes(size: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  for (let at = 0; at + 4 <= size; at += 4) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes.writeInt32LE(state, at);
  }
  bytes.fill(0xa5, size - (size % 4));
  for (let sector = 0; (sector + 1) * 512 <= size; sector += 1) bytes.writeUInt32LE(sector, sector * 512);
  return bytes;
}

export interface LoopOptions {
  /** Read-write only where the test says so. */
  readonly writable?: boolean;
  readonly sector?: 512 | 4096;
  /** Past the page cache of the file below. */
  readonly directIo?: boolean;
}

/** Attaches a file as a loop device, read-only unless told otherwise, until the test ends. Gives its node. */
export function attachLoop(t: TestContext, file: string, options: LoopOptions = {}): string {
  const node = sh('losetup', ...flagsOf(options), `--sector-size=${options.sector ?? 512}`, '--find', '--show', file);
  atEnd(t, () => detachLoop(node, file));
  forgetPartitions(t, node, file);
  // A flag set by `blockdev --setro` outlives the detaching, and meets whoever gets the same loop device next.
  if (options.writable === true) sh('blockdev', '--setrw', node);
  return node;
}

function flagsOf({ writable, directIo }: LoopOptions): string[] {
  return [...(writable === true ? [] : ['--read-only']), ...(directIo === true ? ['--direct-io=on'] : [])];
}

/** A loop device keeps its partitions when it is detached: those of whoever had it before go now, our own at the end. */
function forgetPartitions(t: TestContext, node: string, file: string): void {
  const forget = () => isBackedBy(node, file) && spawnSync('partx', ['--delete', node], { stdio: 'ignore' });
  forget();
  atEnd(t, forget);
}

/** So long somebody may keep a loop device open who only looks at it: a list of devices, blkid, udev. */
const LET_GO_MS = 30_000;
/** So long another test may keep a number that it was given in between. */
const GIVEN_BACK_MS = 120_000;

/**
 * Detaches a loop device from its file, and waits until the kernel has let go: it does so when the last user has closed
 * the device. Its number may be another test's by then; one that shows another file is left alone.
 */
export async function detachLoop(node: string, file: string): Promise<void> {
  // Once said, the kernel keeps it in mind. Said again, it might meet whoever has the number next.
  if (isBackedBy(node, file) && loopAttribute(node, 'autoclear') !== '1')
    spawnSync('losetup', ['--detach', node], { stdio: 'ignore' });
  const free = await within(LET_GO_MS, () => !isBackedBy(node, file));
  if (!free) throw new Error(`${node} could not be detached from ${file}`);
}

/** Takes the file of a loop device away, and puts another one in its place: the same node, another disk. */
export async function exchangeBacking(
  t: TestContext,
  node: string,
  { from, to }: { readonly from: string; readonly to: string },
  options: LoopOptions = {},
): Promise<void> {
  await detachLoop(node, from);
  atEnd(t, () => detachLoop(node, to));
  const attached = await within(GIVEN_BACK_MS, () => attachedTo(node, to, options));
  if (!attached) throw new Error(`${node} did not become free for ${to}`);
}

/** False: somebody else has the number. */
function attachedTo(node: string, file: string, options: LoopOptions): boolean {
  const { status, stderr } = spawnSync('losetup', [...flagsOf(options), node, file], { encoding: 'utf8' });
  if (status !== 0 && !/busy/i.test(stderr)) throw new Error(`losetup ${node} ${file}: ${stderr}`);
  return status === 0;
}

function isBackedBy(node: string, file: string): boolean {
  const backing = loopAttribute(node, 'backing_file');
  return backing === file || backing === `${file} (deleted)`;
}

/** What the kernel says of a loop device; null where it is not attached to anything. */
function loopAttribute(node: string, name: 'backing_file' | 'autoclear'): string | null {
  try {
    return readFileSync(`/sys/block/${basename(node)}/loop/${name}`, 'utf8').trimEnd();
  } catch {
    return null;
  }
}

/** Asks until it is so, for so long at most; whether it became so. */
async function within(ms: number, isSo: () => boolean): Promise<boolean> {
  const deadline = performance.now() + ms;
  for (let so = isSo(); ; so = isSo()) {
    if (so || performance.now() > deadline) return so;
    await pause(20);
  }
}

/** A disk file of `size` bytes with one partition, from `start` to the end (bytes), attached; the nodes of disk and partition. */
export function attachPartitioned(
  t: TestContext,
  file: string,
  content: Uint8Array,
  start: number,
): { disk: string; partition: string } {
  writeFileSync(file, content);
  const table = spawnSync('sfdisk', ['--quiet', file], { input: `label: dos\nstart=${start / 512}\n` });
  if (table.status !== 0) throw new Error(`sfdisk: ${table.stderr.toString()}`);
  const disk = attachLoop(t, file);
  sh('partx', '--add', disk);
  const partition = `${disk}p1`;
  if (!existsSync(partition)) throw new Error(`${basename(partition)} did not appear`);
  return { disk, partition };
}

/** Mounts until the test ends. */
export function mount(t: TestContext, folder: string, ...argv: string[]): string {
  mkdirSync(folder, { recursive: true });
  sh('mount', ...argv, folder);
  atEnd(t, () => sh('umount', folder));
  return folder;
}

/** A small file system in a file beside `folder`, on a loop device, mounted there: `mkfs.ext4`, `mkfs.vfat`, … */
export function smallFileSystem(
  t: TestContext,
  folder: string,
  make: readonly [string, ...string[]],
  bytes: number,
): string {
  return mount(t, folder, formatted(t, folder, make, bytes));
}

/** A loop device over a new file beside `folder`, with a file system on it. */
function formatted(t: TestContext, folder: string, make: readonly [string, ...string[]], bytes: number): string {
  const file = `${folder}.img`;
  writeFileSync(file, '');
  truncateSync(file, bytes);
  sh(...make, file);
  return attachLoop(t, file, { writable: true });
}

/** How a small file system is made; `fuse` is mounted by a program of its own. */
const FILE_SYSTEMS = {
  ext4: { make: ['mkfs.ext4', '-q', '-F'] },
  xfs: { make: ['mkfs.xfs', '-q', '-m', 'reflink=1'] },
  vfat: { make: ['mkfs.vfat'] },
  exfat: { make: ['mkfs.exfat'], fuse: 'mount.exfat-fuse' },
  tmpfs: { make: [] },
} as const;

/**
 * A file system of the test's own, mounted: tmpfs, or one on a loop device. Gives its folder; null, and the test
 * skipped aloud, where the station has no such thing.
 */
export function freshFileSystem(
  t: TestContext,
  kind: keyof typeof FILE_SYSTEMS,
  bytes: number,
  ...options: string[]
): string | null {
  const how: { make: readonly string[]; fuse?: string } = FILE_SYSTEMS[kind];
  const [program, ...fixed] = how.make;
  const needed = [program, how.fuse].filter((name) => name !== undefined);
  if (lacks(t, ...needed, ...(kind === 'tmpfs' ? [] : ['losetup']))) return null;
  if (how.fuse === undefined && !knowsFileSystem(kind)) {
    t.skip(`this kernel has no ${kind}`);
    return null;
  }
  const folder = join(tempFolder(t), 'mnt');
  if (program === undefined) return mount(t, folder, '-t', kind, '-o', `size=${bytes}`, kind);
  const node = formatted(t, folder, [program, ...fixed, ...options], bytes);
  if (how.fuse === undefined) return mount(t, folder, node);
  mkdirSync(folder);
  sh(how.fuse, node, folder);
  atEnd(t, () => sh('umount', folder));
  return folder;
}

function knowsFileSystem(kind: string): boolean {
  const known = (): boolean => new RegExp(`\\b${kind}$`, 'm').test(readFileSync('/proc/filesystems', 'utf8'));
  if (known()) return true;
  spawnSync('modprobe', [kind], { stdio: 'ignore' });
  return known();
}
