import { createHash } from 'node:crypto';
import { errnoOf, ExhibitError, messageOf } from '../model/errors.ts';
import { lengthOf, type Range } from '../model/range.ts';
import { visible } from '../model/text.ts';
import type { HeldDisk } from './held-disk.ts';

declare const WebAssembly: { Memory: new (descriptor: { initial: number }) => { readonly buffer: ArrayBuffer } };

const STEP = 4 * 1024 * 1024;
const WASM_PAGE = 65_536;

/** Memory that direct I/O takes: WebAssembly's begins at a page. */
function alignedBuffer(bytes: number): Buffer {
  return Buffer.from(new WebAssembly.Memory({ initial: Math.ceil(bytes / WASM_PAGE) }).buffer, 0, bytes);
}

/** The bytes of a range of whole sectors, past the page cache. Throws `source.unreadable`, `source.ended-early`. */
export async function readRange(held: HeldDisk, range: Range): Promise<Buffer> {
  const buffer = alignedBuffer(lengthOf(range));
  await fill(held, buffer, range);
  return buffer;
}

/**
 * SHA-256 of the whole disk, past the page cache: one block is read while the one before is hashed.
 * @param progress told how many bytes are done
 */
export async function hashDisk(held: HeldDisk, stop: AbortSignal, progress: (done: number) => void): Promise<string> {
  const { size } = held.disk.device;
  const hash = createHash('sha256');
  const buffers = [alignedBuffer(STEP), alignedBuffer(STEP)] as const;
  const start = (at: number): Promise<Buffer> => {
    const part = buffers[(at / STEP) % 2 === 0 ? 0 : 1].subarray(0, Math.min(STEP, size - at));
    return fill(held, part, { start: at, end: at + part.length }).then(() => part);
  };
  let reading = start(0);
  for (let at = 0; at < size; at += STEP) {
    const part = await reading;
    if (stop.aborted) throw stopped();
    const next = at + STEP;
    if (next < size) reading = start(next);
    // Its failure is met at the next turn.
    reading.catch(() => undefined);
    hash.update(part);
    progress(Math.min(next, size));
  }
  return hash.digest('hex');
}

/** The person asked to stop. */
export function stopped(when = ''): ExhibitError {
  return new ExhibitError('interrupted', 'interrupted', `Stopped${when}.`);
}

async function fill(held: HeldDisk, into: Buffer, { start, end }: Range): Promise<void> {
  const path = visible(held.disk.device.path);
  let got: number;
  try {
    got = await held.direct.read(into, 0, end - start, start);
  } catch (error) {
    throw new ExhibitError(
      'source',
      'source.unreadable',
      `${path} can't be read at bytes ${start} to ${end}: ${errnoOf(error) ?? visible(messageOf(error))}.`,
      { hint: 'A scratch disk must be sound: take another one. "dmesg" may say more.', cause: error },
    );
  }
  if (got === end - start) return;
  throw new ExhibitError(
    'source',
    'source.ended-early',
    `${path} ended at byte ${start + got}, within the capacity it tells.`,
    { hint: 'The disk or its bridge tells a wrong capacity.' },
  );
}
