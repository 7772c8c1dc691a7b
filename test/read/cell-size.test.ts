import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import fc from 'fast-check';
import { cellSize, grownSize } from '../../src/read/cell-size.ts';

const MIB = 1024 ** 2;

describe('how a failing read is taken apart', () => {
  for (const [what, length, sector, failingMs, sectorMs, size] of [
    ['failing is dear: straight to the sector', MIB, 512, 500, 0.15, 512],
    ['failing costs nothing: in steps', MIB, 512, 5, 0.15, 65_536],
    ['small reads are dear too: one step, which halves what is left', MIB, 512, 500, 5, 16_384],
    ['the same in larger sectors', MIB, 4096, 500, 5, 65_536],
    ['of less', 65_536, 512, 5, 0.15, 4096],
    ['sectors of 4096 bytes', 65_536, 4096, 0, 0.15, 16_384],
    ['what is left of a block is no power of two', 20_000, 512, 0, 0.15, 4096],
    ['two sectors', 1024, 512, 0, 0.15, 512],
  ] as const) {
    test(what, () => {
      assert.equal(cellSize(length, sector, { failingMs, sectorMs }, 2), size);
    });
  }

  test('no step is left: sector by sector, whatever it costs', () => {
    assert.equal(cellSize(MIB, 512, { failingMs: 0, sectorMs: 5 }, 0), 512);
  });

  test('no more steps than are allowed, and never worse than sector by sector', () => {
    const costs = fc.record({
      failingMs: fc.double({ min: 0, max: 5000, noNaN: true }),
      sectorMs: fc.double({ min: 0.01, max: 20, noNaN: true }),
    });
    const sectors = fc.integer({ min: 1, max: 8192 });
    fc.assert(
      fc.property(costs, sectors, fc.constantFrom(512, 4096), fc.nat(3), (cost, count, sector, steps) => {
        let [length, failing, reads] = [count * sector, 0, 0];
        while (length > sector) {
          const size = cellSize(length, sector, cost, steps - failing);
          assert.ok(size < length && size % sector === 0);
          reads += Math.ceil(length / size);
          length = size;
          if (size > sector) failing += 1;
        }
        assert.ok(failing <= steps);
        const spent = reads * cost.sectorMs + failing * cost.failingMs;
        assert.ok(spent <= count * cost.sectorMs * 1.000_001, `${spent} for ${count} sectors`);
      }),
    );
  });

  test('behind the culprit reads grow with what came', () => {
    const sizes = [0, 512, 1024, 1536, 2048, 100_000, MIB].map((since) => grownSize(since, 512, 65_536));
    assert.deepEqual(sizes, [512, 512, 1024, 1024, 2048, 65_536, 65_536]);
  });
});
