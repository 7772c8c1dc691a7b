import { errnoOf, ExhibitError } from '../model/errors.ts';
import { visible } from '../model/text.ts';
import type { OpenFile } from '../system/files.ts';
import { Probe } from './probe.ts';
import type { Reader, ReadOrder } from './reader.ts';
import { recoverBlock } from './recover.ts';
import { SlotFiller } from './slot-filler.ts';
import { StopGate } from './stop-gate.ts';

/**
 * Reads in this process, straight into the ring's slots: past the page cache for block devices, through it for plain
 * files. Faster than dd, without a second program's word for what was read.
 */
export const readDirect: Reader = async (order) => {
  const probe = new Probe(order);
  const file = await openForReading(order);
  const gate = new StopGate(order.stop);
  let at = order.range.start;
  try {
    while (at < order.range.end && !order.stop.aborted) {
      const slot = await order.out.slot();
      const length = Math.min(slot.bytes.length, order.range.end - at);
      const errno = await gate.wait(readInto(order, file, slot.bytes, length, at));
      if (errno === 'stopped') return;
      if (errno === null) {
        order.out.publish(at, length);
        order.log.good({ start: at, end: at + length });
      } else {
        await recoverRange(order, probe, at, length, errno);
      }
      at += length;
    }
  } catch (error) {
    if (!isStopped(order.stop)) throw error;
  } finally {
    probe.close();
    if (file !== order.source.file) {
      const closed = file.close();
      // Closing waits for a read that hangs: nobody else does once we are told to stop.
      if (isStopped(order.stop)) closed.catch(() => undefined);
      else await closed;
    }
  }
};

// A function, because the compiler believes that a property once seen false stays so.
function isStopped(stop: AbortSignal): boolean {
  return stop.aborted;
}

async function openForReading(order: ReadOrder): Promise<OpenFile> {
  if (order.source.kind === 'file') return order.source.file;
  // Through the descriptor that is held: the same device even if its name moved.
  return order.ports.files.open(`/proc/self/fd/${order.source.file.fd}`, 'read-direct');
}

/** Null when all bytes came, else the errno of the failing read. */
async function readInto(
  order: ReadOrder,
  file: OpenFile,
  into: Uint8Array,
  length: number,
  at: number,
): Promise<string | null> {
  let got: number;
  try {
    got = await file.read(into, 0, length, at);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return errno;
  }
  if (got === length) return null;
  throw new ExhibitError(
    'source',
    'source.ended-early',
    `${visible(order.source.path)} ended at byte ${at + got}; ${order.range.end} bytes were promised.`,
    {
      hint: 'The disk or its bridge reports a wrong capacity, or the file was cut. What was read stays as .partial.',
    },
  );
}

async function recoverRange(order: ReadOrder, probe: Probe, at: number, length: number, errno: string): Promise<void> {
  await order.checkPresent();
  order.log.run({
    argv: ['read', `offset=${at}`, `length=${length}`],
    from: at,
    to: at + length,
    delivered: 0,
    exit: null,
    signal: null,
    stderr: errno,
  });
  const filler = new SlotFiller(order.out, at);
  try {
    await recoverBlock(order, probe, filler, { start: at, end: at + length }, 1);
  } finally {
    // Also when it failed: what was read stays.
    filler.flush();
  }
}

/** What the manifest says of this reader. */
export function directVersion(nodeVersion: string, kind: 'block' | 'file'): string {
  return `Node ${nodeVersion}, ${kind === 'block' ? 'O_DIRECT reads' : 'buffered reads of a plain file'}`;
}
