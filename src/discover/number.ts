import type { Ports } from '../system/ports.ts';
import { isGone } from './attribute.ts';
import { at } from './root.ts';

/** `major:minor` of an `st_dev` or `st_rdev` in Linux's 64-bit encoding (gnu_dev_major, gnu_dev_minor). */
export function deviceNumber(encoded: number): string {
  const dev = BigInt(encoded);
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n);
  const minor = (dev & 0xffn) | ((dev >> 12n) & 0xffffff00n);
  return `${major}:${minor}`;
}

/** File systems without one block device below them (btrfs, tmpfs, network, overlay) have an `st_dev` with major 0. */
export function isAnonymous(number: string): boolean {
  return number.startsWith('0:');
}

/** `major:minor` of the block device that a path of /dev leads to; null when it leads to none. */
export async function numberOfNode(ports: Ports, path: string): Promise<string | null> {
  try {
    const stats = await ports.files.stat(at(ports, path));
    return stats.isBlockDevice() ? deviceNumber(stats.rdev) : null;
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}
