import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import fc from 'fast-check';
import { locate, MAX_SEGMENTS, segmentCount, segmentsOf } from '../../src/image/segments.ts';
import { total } from '../../src/model/range.ts';

/** An image of up to 999 segments, and a range that may hang over its end. */
const image = fc
  .record({ segmentSize: fc.integer({ min: 1, max: 1 << 20 }), full: fc.nat(MAX_SEGMENTS - 1), rest: fc.nat(1 << 20) })
  .map(({ segmentSize, full, rest }) => ({ segmentSize, size: full * segmentSize + Math.min(rest, segmentSize) }));

describe('segments', () => {
  test('names', () => {
    assert.deepEqual(segmentsOf(10, 'raw', 4, 'E1'), [{ name: 'E1.dd', offset: 0, length: 10 }]);
    assert.deepEqual(segmentsOf(10, 'split', 4, 'E1'), [
      { name: 'E1.001', offset: 0, length: 4 },
      { name: 'E1.002', offset: 4, length: 4 },
      { name: 'E1.003', offset: 8, length: 2 },
    ]);
    assert.equal(segmentsOf(999, 'split', 1, 'E1').at(-1)?.name, 'E1.999');
  });

  test('an exact multiple has no empty last segment; nothing at all is one empty file', () => {
    assert.equal(segmentsOf(8, 'split', 4, 'E1').length, 2);
    assert.deepEqual(segmentsOf(0, 'split', 4, 'E1'), [{ name: 'E1.001', offset: 0, length: 0 }]);
    assert.deepEqual(segmentsOf(0, 'raw', 4, 'E1'), [{ name: 'E1.dd', offset: 0, length: 0 }]);
  });

  test('a thousand segments are a bug, not a name', () => {
    assert.equal(segmentCount(1000, 'split', 1), 1000);
    assert.throws(() => segmentsOf(1000, 'split', 1, 'E1'), /1000 segments/);
  });

  test('segments cover the image without gap or overlap, and their names sort as they lie', () => {
    fc.assert(
      fc.property(image, ({ size, segmentSize }) => {
        const segments = segmentsOf(size, 'split', segmentSize, 'E');
        assert.equal(segments.length, segmentCount(size, 'split', segmentSize));
        let at = 0;
        for (const { offset, length } of segments) {
          assert.equal(offset, at);
          assert.ok(length <= segmentSize);
          at += length;
        }
        assert.equal(at, size);
        const names = segments.map(({ name }) => name);
        assert.deepEqual([...names].sort(), names);
      }),
    );
  });

  test('locate finds every byte of a range once, in order', () => {
    fc.assert(
      fc.property(image, fc.nat(), fc.nat(), ({ size, segmentSize }, a, b) => {
        const start = size === 0 ? 0 : a % size;
        const range = { start, end: start + (b % (3 * segmentSize + 1)) };
        const parts = locate(segmentsOf(size, 'split', segmentSize, 'E'), range);
        const ranges = parts.map(({ segment, offset, length }) => {
          assert.ok(length > 0 && offset + length <= segment.length);
          return { start: segment.offset + offset, end: segment.offset + offset + length };
        });
        const inside = Math.max(0, Math.min(range.end, size) - range.start);
        assert.equal(total(ranges), inside);
        assert.equal(
          ranges.reduce((sum, part) => sum + part.end - part.start, 0),
          inside,
        );
        assert.ok(ranges.every((part, index) => part.start === (ranges[index - 1]?.end ?? range.start)));
      }),
    );
  });
});
