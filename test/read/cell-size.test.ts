import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { cellSize, grownSize } from '../../src/read/cell-size.ts';

const MIB = 1024 ** 2;

describe('how a failing read is taken apart', () => {
  for (const [what, length, sector, failingMs, sectorMs, size] of [
    ['failing is dear: straight to the sector', MIB, 512, 500, 0.15, 512],
    ['failing costs nothing: in steps', MIB, 512, 5, 0.15, 65_536],
    ['small reads are dear too', MIB, 512, 500, 5, 65_536],
    ['the second step', 65_536, 512, 5, 0.15, 4096],
    ['the last', 4096, 512, 0, 0.15, 512],
    ['sectors of 4096 bytes have no step between', 65_536, 4096, 0, 0.15, 4096],
    ['what is left of a block is less than a step', 20_000, 512, 0, 0.15, 4096],
  ] as const) {
    test(what, () => {
      assert.equal(cellSize(length, sector, { failingMs, sectorMs }), size);
    });
  }

  test('behind the culprit reads grow with what came', () => {
    const sizes = [0, 512, 1024, 1536, 2048, 100_000, MIB].map((since) => grownSize(since, 512, 65_536));
    assert.deepEqual(sizes, [512, 512, 1024, 1024, 2048, 65_536, 65_536]);
  });
});
