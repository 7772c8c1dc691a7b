import { constants, openSync, readSync, writeSync, writevSync } from 'node:fs';
import { errnoOf } from '../model/errors.ts';
import { cells } from '../model/range.ts';
import { ENDED, FAILED, GOOD, HEAD_BYTES, PROBE_LIMIT, READY, REQUEST_BYTES } from './probe-protocol.ts';

/**
 * A program of its own: reads ranges of the source (descriptor 3) with direct I/O, so that a read that hangs on a dying
 * disk hangs here, where it can be left behind. Requests and replies: `probe-protocol.ts`.
 */
declare const WebAssembly: { Memory: new (descriptor: { initial: number }) => { readonly buffer: ArrayBuffer } };

const OUTPUT = 1;
const direct = process.argv[2] === 'direct';
let source: number | null = null;
// WebAssembly memory is page-aligned, as direct I/O wants it.
const buffer = Buffer.from(new WebAssembly.Memory({ initial: PROBE_LIMIT / 65_536 }).buffer);

let pending = Buffer.alloc(0);
process.stdin.on('data', (data: Buffer) => {
  pending = Buffer.concat([pending, data]);
  while (pending.length >= REQUEST_BYTES) {
    answer(pending.readDoubleLE(0), pending.readDoubleLE(8), pending.readDoubleLE(16));
    pending = pending.subarray(REQUEST_BYTES);
  }
});
frame(READY, Buffer.alloc(0), 0);

function answer(offset: number, length: number, unit: number): void {
  for (const { start, end } of cells({ start: offset, end: offset + length }, unit)) {
    if (!readUnit(start, end - start)) return;
  }
}

/** One read. What a plain file gives before its bad place is good, and tells where that is. */
function readUnit(offset: number, length: number): boolean {
  const began = performance.now();
  let done = 0;
  let last: [number, Uint8Array] | null = null;
  try {
    // Opened again through the descriptor: the same device even if its name moved, with flags of our own. A device
    // that is gone answers this with its errno.
    source ??= openSync('/proc/self/fd/3', constants.O_RDONLY | (direct ? constants.O_DIRECT : 0));
    while (done < length && last === null) {
      const got = readSync(source, buffer, done, length - done, offset + done);
      if (got === 0) last = [ENDED, Buffer.alloc(0)];
      done += got;
    }
  } catch (error) {
    last = [FAILED, Buffer.from(errnoOf(error) ?? 'unknown')];
  }
  const ms = performance.now() - began;
  if (done > 0) frame(GOOD, buffer.subarray(0, done), ms);
  if (last !== null) frame(last[0], last[1], ms);
  return last === null;
}

/** At once and to its end: if the next read hangs, it is known how far this one came. */
function frame(kind: number, payload: Uint8Array, ms: number): void {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeDoubleLE(kind, 0);
  head.writeDoubleLE(payload.length, 8);
  head.writeDoubleLE(ms, 16);
  const written = writevSync(OUTPUT, [head, payload]);
  for (let at = Math.max(0, written - HEAD_BYTES); at < payload.length;) at += writeSync(OUTPUT, payload, at);
}
