import { errnoOf } from '../model/errors.ts';
import { cells, lengthOf, type Range } from '../model/range.ts';
import type { OpenFile } from '../system/files.ts';
import { openProbe, type ClosableRangeReader, type FailedRead } from './probe.ts';
import { PROBE_LIMIT } from './probe-protocol.ts';
import { fileOf } from './held-source.ts';
import type { Reader, ReadOrder } from './reader.ts';
import { Recovery } from './recover.ts';
import { SlotFiller } from './slot-filler.ts';
import { endedEarly } from './source-faults.ts';
import { StopGate } from './stop-gate.ts';

/**
 * Reads in this process, straight into the ring's slots: past the page cache for block devices, through it for plain
 * files. Faster than dd, without a second program's word for what was read. With a time limit for reads it reads in the
 * probe's child: the kernel writes into a slot until a read that hangs returns, so that no such read may be given up here.
 */
export const readDirect: Reader = async (order) => {
  const probe = openProbe(order);
  const recovery = new Recovery(order, probe);
  try {
    if (order.readTimeoutMs === null) await readHere(order, recovery);
    else await readInChild(order, recovery, probe);
  } catch (error) {
    if (!isStopped(order.stop)) throw error;
  } finally {
    probe.close();
  }
};

async function readHere(order: ReadOrder, recovery: Recovery): Promise<void> {
  const file = await openForReading(order);
  const gate = new StopGate(order.stop);
  const { clock } = order.ports;
  let at = order.range.start;
  try {
    while (at < order.range.end && !order.stop.aborted) {
      const slot = await order.out.slot();
      const length = Math.min(slot.bytes.length, order.range.end - at);
      const began = clock.monotonicMs();
      const errno = await gate.wait(readInto(order, file, slot.bytes, length, at));
      if (errno === 'stopped') return;
      const block = { start: at, end: at + length };
      if (errno === null) {
        order.out.publish(at, length);
        order.log.good(block);
        recovery.life.seen(block);
      } else {
        await recoverRange(order, recovery, block, { errno, ms: clock.monotonicMs() - began });
      }
      at += length;
    }
  } finally {
    if (file !== order.source.file) {
      const closed = file.close();
      // Closing waits for a read that hangs: nobody else does once we are told to stop.
      if (isStopped(order.stop)) closed.catch(() => undefined);
      else await closed;
    }
  }
}

async function readInChild(order: ReadOrder, recovery: Recovery, probe: ClosableRangeReader): Promise<void> {
  const size = Math.min(order.blockBytes, PROBE_LIMIT);
  const filler = new SlotFiller(order.out, order.range.start, order.source.logicalSector, order.ports.clock);
  try {
    for (const block of cells(order.range, size)) {
      if (order.stop.aborted) return;
      const { bytes, failure } = await probe.read(block);
      const good = { start: block.start, end: block.start + bytes.length };
      if (bytes.length > 0) {
        order.log.good(good);
        await filler.append(bytes);
        recovery.life.seen(good);
      }
      if (failure === null) continue;
      const rest = { start: good.end, end: block.end };
      logFailure(order, rest, failure);
      await recovery.block(filler, rest, failure);
    }
  } finally {
    // Also when it failed: what was read stays.
    await filler.close(order.range.end);
  }
}

// A function, because the compiler believes that a property once seen false stays so.
function isStopped(stop: AbortSignal): boolean {
  return stop.aborted;
}

async function openForReading(order: ReadOrder): Promise<OpenFile> {
  if (order.source.kind === 'file') return fileOf(order.source);
  // Through the descriptor that is held: the same device even if its name moved.
  return order.ports.files.open(`/proc/self/fd/${fileOf(order.source).fd}`, 'read-direct');
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
  throw endedEarly(order.source, at + got);
}

async function recoverRange(order: ReadOrder, recovery: Recovery, block: Range, failure: FailedRead): Promise<void> {
  logFailure(order, block, failure);
  const filler = new SlotFiller(order.out, block.start, order.source.logicalSector, order.ports.clock);
  try {
    await recovery.block(filler, block, failure);
  } finally {
    // Also when it failed: what was read stays.
    await filler.close(block.end);
  }
}

function logFailure(order: ReadOrder, range: Range, { errno }: FailedRead): void {
  order.log.run({
    argv: ['read', `offset=${range.start}`, `length=${lengthOf(range)}`],
    from: range.start,
    to: range.end,
    delivered: 0,
    exit: null,
    signal: null,
    stderr: errno,
  });
}

/** What the manifest says of this reader. */
export function directVersion(nodeVersion: string, kind: 'block' | 'file'): string {
  return `Node ${nodeVersion}, ${kind === 'block' ? 'O_DIRECT reads' : 'buffered reads of a plain file'}`;
}
