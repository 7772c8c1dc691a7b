import { ExhibitError } from '../model/errors.ts';
import { cells, lengthOf, type Range } from '../model/range.ts';
import { visible } from '../model/text.ts';
import type { Probe } from './probe.ts';
import type { ReadOrder } from './reader.ts';
import type { SlotFiller } from './slot-filler.ts';

/** Answers that mean "the device is gone", not "this sector is bad" (Linux: sd.c, blk-core.c). */
const GONE = new Set(['ENODEV', 'ENXIO', 'ENOMEDIUM', 'ESHUTDOWN', 'EBADF']);

/** Read sizes that close in on a bad sector: few failing reads, each of which may take a drive seconds. */
const STEPS = [65_536, 4096] as const;

/**
 * Reads a block in which a large read failed, in ever smaller reads down to the logical sector. What stays unreadable
 * is filled with zeros, logged, and left behind. Throws `source.vanished` for a device that is gone.
 * @param failedBefore failing reads of the whole block so far
 */
export async function recoverBlock(
  order: ReadOrder,
  probe: Probe,
  filler: SlotFiller,
  block: Range,
  failedBefore: number,
): Promise<void> {
  const sector = order.source.logicalSector;
  const sizes = [...STEPS.filter((size) => size > sector), sector];
  const outcome = { failures: 0 };
  for (const cell of cells(block, sizes[0] ?? sector)) {
    await recoverCell({ order, probe, filler, sizes, outcome }, cell, 0, failedBefore);
  }
  // Told to stop half-way, nobody knows.
  if (outcome.failures > 0 || order.stop.aborted) return;
  order.log.readAgain(block, 'a large read failed here, smaller reads gave every byte');
}

interface Recovery {
  readonly order: ReadOrder;
  readonly probe: Probe;
  readonly filler: SlotFiller;
  readonly sizes: readonly number[];
  readonly outcome: { failures: number };
}

async function recoverCell(work: Recovery, cell: Range, level: number, failedBefore: number): Promise<void> {
  if (work.order.stop.aborted) return;
  const answer = await work.probe.read(cell);
  if (answer.ok) {
    await work.filler.append(answer.bytes);
    work.order.log.good(cell);
    return;
  }
  await failIfGone(work.order, answer.errno);
  const next = work.sizes[level + 1];
  if (next !== undefined && lengthOf(cell) > work.order.source.logicalSector) {
    for (const part of cells(cell, next)) await recoverCell(work, part, level + 1, failedBefore + 1);
    return;
  }
  work.outcome.failures += 1;
  await work.filler.append(new Uint8Array(lengthOf(cell)));
  work.order.log.unreadable({ ...cell, errno: answer.errno, attempts: failedBefore + 1 });
}

/** Throws `source.vanished` when an errno, or a look at the system, says that the device is gone. */
export async function failIfGone(order: ReadOrder, errno: string): Promise<void> {
  if (GONE.has(errno)) throw vanished(order.source.path, errno);
  await order.checkPresent();
}

function vanished(path: string, errno: string): ExhibitError {
  return new ExhibitError('source', 'source.vanished', `${visible(path)} is gone (${errno}).`, {
    hint: 'No sector was marked bad for it. Check the cable and the power of the drive. What was read stays as .partial.',
  });
}
