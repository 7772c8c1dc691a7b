import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import fc from 'fast-check';
import { formatPiece, formatPieces, parsePieces } from '../../src/image/pieces.ts';
import type { PieceDigest } from '../../src/model/digest.ts';

const HASH = 'cd'.repeat(32);
const row = (offset: number | string, length: number | string): string => `${HASH}  ${offset}+${length}\n`;

/** A list as an image of `total` bytes has it. */
const lists = fc
  .record({
    size: fc.integer({ min: 0, max: 24 }).map((bits) => 2 ** bits),
    total: fc.double({ min: 0, max: 20, noNaN: true }),
  })
  .map(({ size, total }): PieceDigest[] => {
    const bytes = Math.round(size * total);
    return Array.from({ length: Math.ceil(bytes / size) }, (_, index) => ({
      offset: index * size,
      length: Math.min(size, bytes - index * size),
      sha256: index.toString(16).padStart(64, '0'),
    }));
  });

describe('the pieces file', () => {
  test('has one line a piece', () => {
    assert.equal(formatPiece({ offset: 4096, length: 1808, sha256: HASH }), `${HASH}  4096+1808\n`);
  });

  test('comes back as it was', () => {
    fc.assert(
      fc.property(lists, (pieces) => {
        assert.deepEqual(parsePieces(formatPieces(pieces)), { ok: true, pieces });
      }),
    );
  });

  test('says of any one flipped bit that something is wrong, or gives another hash', () => {
    const text = row(0, 8) + row(8, 8) + row(16, 3);
    const good = parsePieces(text);
    for (let at = 0; at < text.length * 8; at += 1) {
      const bytes = Buffer.from(text);
      bytes[at >> 3] = (bytes[at >> 3] ?? 0) ^ (1 << (at % 8));
      assert.notDeepEqual(parsePieces(bytes.toString('latin1')), good, `bit ${at}`);
    }
  });

  for (const [what, text, fault] of [
    ['a cut last line', row(0, 8).slice(0, -1), /does not end/],
    ['a gap', row(0, 8) + row(9, 8), /line 2 starts at 9, not where the piece before ends \(8\)/],
    ['an overlap', row(0, 8) + row(7, 8), /line 2 starts at 7/],
    ['a late start', row(8, 8), /line 1 starts at 8/],
    ['a line gone', row(0, 8) + row(16, 8), /line 2 starts at 16/],
    ['a short piece in the middle', row(0, 8) + row(8, 4) + row(12, 8), /line 2 is 4 bytes long; the piece size is 8/],
    ['a long last piece', row(0, 8) + row(8, 9), /line 2 is 9 bytes long/],
    ['an empty piece', row(0, 0), /line 1 is not/],
    ['a leading zero', row(0, '08'), /line 1 is not/],
    ['a number too large', row(0, '9999999999999999'), /line 1 is not/],
    ['an upper-case hash', row(0, 8).toUpperCase(), /line 1 is not/],
    ['letters that do not show', `\u001b[2J${row(0, 8)}`, /line 1 is not .*\\u\{1b\}/],
    ['a carriage return', row(0, 8).replace('\n', '\r\n'), /line 1 is not/],
  ] as const) {
    test(`${what} is refused`, () => {
      const result = parsePieces(text);
      assert.equal(result.ok, false);
      assert.match(result.faults.join('\n'), fault);
    });
  }
});
