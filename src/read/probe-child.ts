import { constants, openSync, readSync } from 'node:fs';
import { errnoOf } from '../model/errors.ts';
import { HEADER_BYTES, PROBE_LIMIT } from './probe-protocol.ts';

/**
 * A program of its own: reads single ranges of the source (descriptor 3) with direct I/O, so that a read that hangs
 * on a dying disk hangs here, where it can be left behind. Requests and replies: `probe-protocol.ts`.
 */
declare const WebAssembly: { Memory: new (descriptor: { initial: number }) => { readonly buffer: ArrayBuffer } };

const direct = process.argv[2] === 'direct';
let source: number | null = null;
// WebAssembly memory is page-aligned, as direct I/O wants it.
const buffer = Buffer.from(new WebAssembly.Memory({ initial: PROBE_LIMIT / 65_536 }).buffer);

let pending = Buffer.alloc(0);
process.stdin.on('data', (data: Buffer) => {
  pending = Buffer.concat([pending, data]);
  while (pending.length >= HEADER_BYTES) {
    answer(pending.readDoubleLE(0), pending.readDoubleLE(8));
    pending = pending.subarray(HEADER_BYTES);
  }
});

function answer(offset: number, length: number): void {
  let done = 0;
  try {
    // Opened again through the descriptor: the same device even if its name moved, with flags of our own. A device
    // that is gone answers this with its errno.
    source ??= openSync('/proc/self/fd/3', constants.O_RDONLY | (direct ? constants.O_DIRECT : 0));
    while (done < length) {
      const got = readSync(source, buffer, done, length - done, offset + done);
      if (got === 0) break;
      done += got;
    }
    reply(0, buffer.subarray(0, done));
  } catch (error) {
    reply(1, Buffer.from(errnoOf(error) ?? 'unknown'));
  }
}

function reply(status: number, payload: Uint8Array): void {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeDoubleLE(status, 0);
  header.writeDoubleLE(payload.length, 8);
  process.stdout.write(header);
  // A copy: the buffer is read into again before a pipe has taken it all.
  process.stdout.write(Buffer.from(payload));
}
