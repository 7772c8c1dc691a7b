import { basename } from 'node:path';
import { messageOf } from '../model/errors.ts';
import type { Ports } from '../system/ports.ts';

/** Whether a re-read comes from the medium or from memory, and how that is known. */
export interface CacheState {
  readonly avoided: 'yes' | 'no' | 'unknown';
  readonly how: string;
  /** `statfs` magic number, hex. */
  readonly fileSystem: string;
}

/** File systems that live in memory (linux/magic.h). */
const IN_MEMORY: Readonly<Record<number, string>> = { 0x01021994: 'tmpfs', 0x858458f6: 'ramfs' };
/** File systems that are known to honour O_DIRECT reads (linux/magic.h; the kernel's own implementations). */
const HONOURS_DIRECT: Readonly<Record<number, string>> = { 0xef53: 'ext2/3/4', 0x58465342: 'xfs' };

/**
 * Drops a file's pages from the cache, and says what can be said about the next read. A successful O_DIRECT open
 * proves nothing (tmpfs accepts it), so only a file system known to honour it counts, or `fincore` seeing no page.
 * What lies below a loop device, a network or a FUSE server is out of sight: unknown.
 * @param direct whether the reads to come are O_DIRECT
 */
export async function avoidCache(ports: Ports, path: string, direct: boolean): Promise<CacheState> {
  try {
    const type = (await ports.files.statfs(path)).type;
    const fileSystem = `0x${type.toString(16)}`;
    const memory = IN_MEMORY[type];
    if (memory !== undefined)
      return { avoided: 'no', how: `the file system is ${memory}: it has no medium but memory`, fileSystem };
    const below = await hiddenBelow(ports, path);
    const pages = await evict(ports, path);
    const seen = pages === null ? 'fincore could not look' : `fincore counted ${pages} pages after eviction`;
    const honours = direct ? HONOURS_DIRECT[type] : undefined;
    if (honours !== undefined)
      return {
        avoided: below === null ? 'yes' : 'unknown',
        how: join(`direct I/O on ${honours}`, seen, below),
        fileSystem,
      };
    if (pages === 0)
      return { avoided: below === null ? 'yes' : 'unknown', how: join('pages evicted', seen, below), fileSystem };
    return {
      avoided: pages === null ? 'unknown' : 'no',
      how: join('eviction is not confirmed', seen, below),
      fileSystem,
    };
  } catch (error) {
    return { avoided: 'unknown', how: `could not look: ${messageOf(error)}`, fileSystem: 'unknown' };
  }
}

/** The state of several files read as one image: as good as the worst of them. */
export function worstOf(states: readonly CacheState[]): CacheState {
  const worst =
    states.find((state) => state.avoided === 'no') ?? states.find((state) => state.avoided === 'unknown') ?? states[0];
  return worst ?? { avoided: 'unknown', how: 'nothing was read', fileSystem: 'unknown' };
}

async function evict(ports: Ports, path: string): Promise<number | null> {
  await ports.commands.run(['dd', `if=${path}`, 'iflag=nocache', 'count=0', 'status=none'], { timeoutMs: 60_000 });
  const counted = await ports.commands.run(['fincore', '--bytes', '--noheadings', '--raw', '--output', 'PAGES', path], {
    timeoutMs: 60_000,
  });
  const pages = counted.stdout.trim();
  return counted.exit === 0 && /^\d+$/.test(pages) ? Number(pages) : null;
}

/** What keeps us from seeing the medium: null for a plain disk, else its name. */
async function hiddenBelow(ports: Ports, path: string): Promise<string | null> {
  const device = (await ports.files.stat(path)).dev;
  const number = `${major(device)}:${minor(device)}`;
  if (major(device) === 0) return `the file system has no block device of its own (${number})`;
  return hiddenBelowBlock(ports, `${ports.root}/sys/dev/block/${number}`);
}

async function hiddenBelowBlock(ports: Ports, sysfs: string): Promise<string | null> {
  const real = await ports.files.realPath(sysfs);
  if (!real.includes('/virtual/')) return null;
  const slaves = await ports.files.readDir(`${real}/slaves`).catch(() => []);
  if (slaves.length === 0) return `${basename(real)} below it may cache too`;
  const below = await Promise.all(
    slaves.map((slave) => hiddenBelowBlock(ports, `${ports.root}/sys/class/block/${slave}`)),
  );
  return below.find((each) => each !== null) ?? null;
}

// Linux dev_t as glibc packs it (sys/sysmacros.h).
function major(device: number): number {
  return Number(((BigInt(device) >> 8n) & 0xfffn) | ((BigInt(device) >> 32n) & 0xfffff000n));
}

function minor(device: number): number {
  return Number((BigInt(device) & 0xffn) | ((BigInt(device) >> 12n) & 0xffffff00n));
}

function join(...parts: (string | null)[]): string {
  return parts.filter((part) => part !== null).join('; ');
}
