import type { FileSystemStats } from '../system/files.ts';
import type { Ports } from '../system/ports.ts';
import { at } from './root.ts';

/**
 * The largest file in bytes that a file system of this type and block size takes; null where it is larger than any
 * disk. ext2 and ext3: three levels of indirect blocks, and 2^32 sectors with those blocks counted in; ext4: 2^32 - 1
 * blocks (16 TiB with 4 KiB blocks, less than today's disks). Measured with Linux 6.18.
 */
export function fileLimit(type: string, blockSize: number): number | null {
  if (type === 'vfat' || type === 'msdos') return 2 ** 32 - 1;
  if (type === 'ext4') return (2 ** 32 - 1) * blockSize;
  if (type === 'ext2' || type === 'ext3') return Math.min(indirectLimit(blockSize), 2_196_873_666_560);
  return null;
}

function indirectLimit(blockSize: number): number {
  const pointers = blockSize / 4;
  return blockSize * (12 + pointers + pointers ** 2 + pointers ** 3);
}

/**
 * Bytes this user may still write. Blocks are counted in the fragment size; Node tells the transfer size only, which
 * FUSE file systems may give far larger. There `stat` is asked, and without it the smaller usual size is taken.
 */
export async function freeBytes(ports: Ports, type: string, path: string, stats: FileSystemStats): Promise<number> {
  if (!type.startsWith('fuse')) return stats.availableBlocks * stats.blockSize;
  const told = await ports.commands.run(['stat', '--file-system', '--format=%S', at(ports, path)], {
    timeoutMs: 10_000,
  });
  const fragment =
    /^\d+\n?$/.test(told.stdout) && told.exit === 0 ? Number(told.stdout) : Math.min(4096, stats.blockSize);
  return stats.availableBlocks * fragment;
}
