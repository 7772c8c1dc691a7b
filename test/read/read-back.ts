import assert from 'node:assert/strict';
import { normalise, type Range } from '../../src/model/range.ts';
import { readImage, type ImagePart } from '../../src/read/image-reader.ts';
import type { CacheState } from '../../src/read/page-cache.ts';
import { Ring } from '../../src/ring/ring.ts';
import type { Ports } from '../../src/system/ports.ts';
import { testPorts } from '../support/ports.ts';

/** What reading an image back gave. */
export interface Found {
  readonly bytes: Buffer;
  readonly missing: readonly (readonly [number, number, string])[];
  readonly cache: CacheState;
}

/** Reads a range of an image whose media bytes begin at 0. */
export async function readBack(
  parts: readonly ImagePart[],
  wanted: Range,
  how: { ports?: Ports; slotBytes?: number; stop?: AbortSignal } = {},
): Promise<Found> {
  const ring = new Ring(3, how.slotBytes ?? 65_536, 1);
  const input = ring.reader(0);
  const bytes: Buffer[] = [];
  const missing: [number, number, string][] = [];
  const reads: Range[] = [];
  const collecting = (async () => {
    let at = wanted.start;
    for (let chunk = await input.next(); chunk !== null; chunk = await input.next()) {
      assert.equal(chunk.offset, at);
      bytes.push(Buffer.from(chunk.bytes));
      at += chunk.bytes.length;
      input.release();
    }
  })();
  const log = {
    missing: ({ start, end }: Range, why: string) => void missing.push([start, end, why]),
    read: (range: Range) => void reads.push(range),
  };
  const stop = how.stop ?? new AbortController().signal;
  const cache = await readImage(how.ports ?? testPorts(), parts, wanted, ring, log, stop);
  ring.end();
  await collecting;
  if (!stop.aborted) assert.deepEqual(normalise(reads), normalise([wanted]), 'every byte wanted is told as read');
  return { bytes: Buffer.concat(bytes), missing: merged(missing), cache };
}

/** Neighbours of one reason as one. */
function merged(list: readonly [number, number, string][]): [number, number, string][] {
  const joined: [number, number, string][] = [];
  for (const [start, end, why] of list) {
    const last = joined.at(-1);
    if (last?.[1] === start && last[2] === why) last[1] = end;
    else joined.push([start, end, why]);
  }
  return joined;
}
