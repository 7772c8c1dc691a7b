/** Memory that a virtual machine's host does not take back between two runs, or in the middle of one. */
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { undone } from './undo.ts';

const MIB = 1024 ** 2;
/** The kernel's, on every machine that this was tried on; with larger ones fewer blocks are kept apart, and nothing breaks. */
const PAGE = 4096;
/** MiB for what the measured programs take beside the image. */
const FOR_PROGRAMS = 512;

/**
 * Has the host give as much memory as an image of so many MiB takes, and keeps it given while `use` runs. The kernel tells its
 * host of free blocks of 2 MiB (mm/page_reporting.c), and who writes there next pays for their return, 5.3 s of a core for
 * 2 GiB instead of 1.5 [measured]. So the memory is taken and freed again but for one page in each MiB: no block is as long as
 * that, and the kernel gives what is short before it breaks what is long.
 * @param folder in memory
 */
export async function holdingMemory<T>(folder: string, mebibytes: number, use: () => Promise<T>): Promise<T> {
  const [kept, freed] = [join(folder, 'held-pages'), join(folder, 'held-blocks')];
  const giveBack = undone(() => {
    for (const path of [kept, freed]) rmSync(path, { force: true });
  });
  try {
    take(kept, freed, mebibytes + FOR_PROGRAMS);
    rmSync(freed);
    return await use();
  } finally {
    giveBack();
  }
}

function take(kept: string, freed: string, mebibytes: number): void {
  const [page, block] = [Buffer.alloc(PAGE), Buffer.alloc(MIB - PAGE)];
  const [pages, blocks] = [openSync(kept, 'wx'), openSync(freed, 'wx')];
  for (let at = 0; at < mebibytes; at += 1) {
    writeSync(blocks, block);
    writeSync(pages, page);
  }
  closeSync(pages);
  closeSync(blocks);
}
