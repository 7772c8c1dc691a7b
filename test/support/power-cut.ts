import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { attachLoop, detachLoop, freshFileSystem, lacks, mount, sh } from './loop.ts';
import { tempFolder } from './temp.ts';

/** A disk whose power can be cut: at any moment a copy of what is on it by then, and not one byte of what is on its way. */
export interface CutDisk {
  /** Where it is mounted. */
  readonly folder: string;
  /** Cuts the power: gives the disk as it is at this moment. Whoever writes to it notices nothing. */
  cut(): Cut;
}

export interface Cut {
  /** Puts the disk into a machine that is switched on again, and takes it out in the end. */
  inserted<T>(act: (disk: CutDisk) => Promise<T>): Promise<T>;
  discard(): void;
}

/**
 * ext4 on a loop device that writes past the page cache into a file on XFS; a copy of that file by reflink is a copy of
 * the disk in one moment. Null, and the test skipped aloud, where that can't be had.
 */
export function cutDisk(t: TestContext, bytes: number): CutDisk | null {
  if (lacks(t, 'losetup', 'mkfs.ext4', 'mkfs.xfs')) return null;
  const below = freshFileSystem(t, 'xfs', 4096 * 1_048_576);
  if (below === null) return null;
  const file = join(below, 'disk.img');
  writeFileSync(file, '');
  truncateSync(file, bytes);
  sh('mkfs.ext4', '-q', '-F', '-b', '4096', '-E', 'lazy_itable_init=0,lazy_journal_init=0', file);
  return switchedOn(t, file, join(tempFolder(t), 'mnt'));
}

let cuts = 0;

function switchedOn(t: TestContext, file: string, folder: string): CutDisk {
  const node = attachLoop(t, file, { writable: true, directIo: true });
  // In the page cache below, what is on its way to the disk would be on it.
  if (sh('losetup', '--noheadings', '--output', 'DIO', node) !== '1') throw new Error(`${node} has no direct I/O`);
  mount(t, folder, node);
  return { folder, cut: () => cutOff(file, `${folder}-${(cuts += 1)}`) };
}

function cutOff(file: string, folder: string): Cut {
  const copy = join(dirname(file), `${basename(folder)}.img`);
  sh('cp', '--reflink=always', file, copy);
  return {
    inserted: async (act) => {
      mkdirSync(folder);
      const node = sh('losetup', '--sector-size=512', '--direct-io=on', '--find', '--show', copy);
      try {
        // What was set by whoever had this loop device before.
        sh('blockdev', '--setrw', node);
        sh('mount', node, folder);
        return await act({ folder, cut: () => cutOff(copy, `${folder}-${(cuts += 1)}`) });
      } finally {
        spawnSync('umount', [folder]);
        await detachLoop(node, copy);
      }
    },
    discard: () => {
      rmSync(copy);
    },
  };
}
