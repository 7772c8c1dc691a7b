import { messageOf } from '../model/errors.ts';
import type { OpenFile } from '../system/files.ts';
import type { Ports } from '../system/ports.ts';
import { cacheBelow, type Below } from './below-cache.ts';
import { fileOf, type HeldSource } from './held-source.ts';

/** Whether a re-read comes from the medium or from memory, and how that is known. */
export interface CacheState {
  readonly avoided: 'yes' | 'no' | 'unknown';
  readonly how: string;
  /** `statfs` magic number, hex; `none` for a block device; `unknown`. */
  readonly fileSystem: string;
}

/** File systems that live in memory (linux/magic.h). */
const IN_MEMORY: Readonly<Record<number, string>> = { 0x01021994: 'tmpfs', 0x858458f6: 'ramfs' };
const EXT = 0xef53;
const FUSE = 0x65735546;
/**
 * File systems of the kernel whose data is cached in the page cache and nowhere else, and whether their O_DIRECT reads
 * go past it (linux/magic.h; the kernel's own implementations). Any other may have a cache of its own.
 */
const ON_DISK: Readonly<Record<number, { readonly name: string; readonly direct: boolean }>> = {
  [EXT]: { name: 'ext2/3/4', direct: true },
  0x58465342: { name: 'xfs', direct: true },
  0x4d44: { name: 'vfat', direct: false },
  0x2011bab0: { name: 'exfat', direct: false },
};

/**
 * Drops a file's pages from the cache, and says what can be said about the reading that comes next. `yes` takes both: a
 * file system that is known, on a drive of this station's own, and `fincore` counting no page just before the reading.
 * A successful O_DIRECT open proves nothing: tmpfs accepts it, and ext4 with data=journal reads through the cache.
 * @param direct whether the reads to come are O_DIRECT
 */
export async function avoidCache(ports: Ports, file: OpenFile, direct: boolean): Promise<CacheState> {
  try {
    const { type } = await ports.files.statfs(`/proc/self/fd/${file.fd}`);
    const fileSystem = `0x${type.toString(16)}`;
    const memory = IN_MEMORY[type];
    if (memory !== undefined)
      return { avoided: 'no', how: `the file system is ${memory}: it has no medium but memory`, fileSystem };
    const below = await cacheBelow(ports, (await file.stat()).dev);
    const doubt = await doubtOf(ports, type, below);
    const counted = await evict(ports, file);
    const honoured = direct && doubt === null && ON_DISK[type]?.direct === true;
    const reads = `${direct ? 'O_DIRECT reads' : 'buffered reads after eviction'} on ${ON_DISK[type]?.name ?? fileSystem}`;
    return {
      avoided: judge(counted.pages, honoured, doubt ?? below.hidden),
      how: [reads, counted.seen, doubt, below.hidden].filter((part) => part !== null).join('; '),
      fileSystem,
    };
  } catch (error) {
    return { avoided: 'unknown', how: `could not look: ${messageOf(error)}`, fileSystem: 'unknown' };
  }
}

const ELSEWHERE: CacheState = {
  avoided: 'unknown',
  how: 'the disk is read on another machine, whose caches nobody can see from here',
  fileSystem: 'none',
};

/** As {@link avoidCache}, for a source about to be read again: block devices are read by O_DIRECT, plain files are not. */
export async function avoidSourceCache(ports: Ports, source: HeldSource): Promise<CacheState> {
  if (source.elsewhere !== undefined) return ELSEWHERE;
  if (source.kind === 'file') return avoidCache(ports, fileOf(source), false);
  try {
    // The kernel honours O_DIRECT on block devices. fincore is not asked: of a device it counts 0 pages, always (2.38).
    const { hidden } = await cacheBelow(ports, (await fileOf(source).stat()).rdev);
    const how = ['O_DIRECT reads of the block device', hidden].filter((part) => part !== null).join('; ');
    return { avoided: hidden === null ? 'yes' : 'unknown', how, fileSystem: 'none' };
  } catch (error) {
    return { avoided: 'unknown', how: `could not look: ${messageOf(error)}`, fileSystem: 'none' };
  }
}

/** The state of several files read as one image: as good as the worst of them. */
export function worstOf(states: readonly CacheState[]): CacheState {
  const worst =
    states.find((state) => state.avoided === 'no') ?? states.find((state) => state.avoided === 'unknown') ?? states[0];
  return worst ?? { avoided: 'unknown', how: 'nothing was read', fileSystem: 'unknown' };
}

function judge(pages: number | null, honoured: boolean, doubt: string | null): CacheState['avoided'] {
  if (pages === null) return 'unknown';
  if (pages > 0) return honoured ? 'unknown' : 'no';
  return doubt === null ? 'yes' : 'unknown';
}

/** Why this file system can't be relied on to have no other cache, as a clause; null: it can. */
async function doubtOf(ports: Ports, type: number, { name }: Below): Promise<string | null> {
  if (type === FUSE) return 'a FUSE file system: its server may cache';
  if (ON_DISK[type] === undefined) return 'it is not known whether this file system has a cache of its own';
  if (type !== EXT) return null;
  // The kernel's own list, by block device (fs/ext4/super.c); without a journal it has no `data=`.
  const options = await ports.files.readText(`${ports.root}/proc/fs/ext4/${name ?? ''}/options`).catch(() => null);
  if (options === null) return 'whether it journals data, and so does not honour O_DIRECT, is not known';
  return /^data=journal$/m.test(options) ? 'it journals data (data=journal) and does not honour O_DIRECT' : null;
}

/** Drops the clean pages, and counts what is left: pages that were not yet written stay. */
async function evict(ports: Ports, file: OpenFile): Promise<{ readonly pages: number | null; readonly seen: string }> {
  const path = '/proc/self/fd/3';
  const options = { timeoutMs: 60_000, inheritFds: [file.fd] };
  await ports.commands.run(['dd', `if=${path}`, 'iflag=nocache', 'count=0', 'status=none'], options);
  const fincore = ['fincore', '--bytes', '--noheadings', '--raw', '--output', 'PAGES', path];
  const counted = await ports.commands.run(fincore, options);
  if (counted.failure === 'missing')
    return { pages: null, seen: 'fincore, which counts cached pages, is not installed' };
  const pages = counted.stdout.trim();
  if (counted.exit !== 0 || !/^\d+$/.test(pages)) return { pages: null, seen: 'fincore could not count cached pages' };
  return { pages: Number(pages), seen: `fincore counted ${pages} cached pages just before` };
}
