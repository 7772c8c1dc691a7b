import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import fc from 'fast-check';
import { imageDigests, widthOf } from '../../src/verify/image-digests.ts';
import { testPorts } from '../support/ports.ts';
import { tempFolder } from '../support/temp.ts';

const MIB = 1024 * 1024;

describe('an image is hashed on every core', { timeout: 60_000 }, () => {
  test('the same pieces on one core as on five, of all of it and of parts', async (t) => {
    const bytes = randomBytes(23 * MIB + 4097);
    const path = join(tempFolder(t), 'image');
    writeFileSync(path, bytes);
    const expected = (offset: number, end: number) => ({
      offset,
      length: end - offset,
      sha256: createHash('sha256').update(bytes.subarray(offset, end)).digest('hex'),
    });
    for (const cores of [1, 2, 5]) {
      const look = (only: readonly { start: number; end: number }[]) =>
        imageDigests(testPorts({}, { cores }), {
          parts: [{ path, offset: 0, length: bytes.length }],
          wanted: { start: 0, end: bytes.length },
          only,
          hashes: [],
          pieceSize: 2 * MIB,
          segmentSize: 5 * MIB,
          stop: new AbortController().signal,
        });
      const whole = await look([{ start: 0, end: bytes.length }]);
      assert.deepEqual(
        whole.pieces,
        Array.from({ length: 12 }, (_, at) => expected(at * 2 * MIB, Math.min((at + 1) * 2 * MIB, bytes.length))),
      );
      assert.deepEqual(
        whole.segments,
        Array.from({ length: 5 }, (_, at) => expected(at * 5 * MIB, Math.min((at + 1) * 5 * MIB, bytes.length))),
      );
      const parts = await look([
        { start: 4 * MIB, end: 6 * MIB },
        { start: 22 * MIB, end: bytes.length },
      ]);
      assert.deepEqual(parts.pieces, [expected(4 * MIB, 6 * MIB), expected(22 * MIB, bytes.length)]);
    }
  });

  test('the slowest stream sets the pace: pieces are not divided beside one', () => {
    assert.deepEqual(widthOf(16, { hashes: ['md5'], pieceSize: 16 * MIB }), { slots: 8, spanShares: 1 });
  });

  test('a piece lies in the ring for each core and for who reads, and the ring stays within its bounds', () => {
    assert.deepEqual(widthOf(2, { hashes: [], pieceSize: 16 * MIB }), { slots: 12, spanShares: 2 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 512 }), fc.integer({ min: 0, max: 30 }), (cores, power) => {
        const pieceSize = 2 ** power;
        const { slots, spanShares } = widthOf(cores, { hashes: [], pieceSize });
        assert.ok(spanShares >= 1 && spanShares <= cores);
        assert.ok(slots >= 8 && slots <= 24, `${slots} slots of 4 MiB`);
        if (spanShares > 1) assert.ok((spanShares + 1) * pieceSize <= slots * 4 * MIB);
      }),
    );
  });
});
