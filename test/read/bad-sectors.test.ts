import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import type { Range } from '../../src/model/range.ts';
import { badDisk } from '../support/bad-disk.ts';
import { diskBytes } from '../support/loop.ts';
import { assertExact, hold, Log, MIB, readAll, READERS, sectors } from './read-all.ts';

const SIZE = 4 * MIB;
const SECTORS = SIZE / 512;
const every = (step: number, from: number, to: number): Range[] =>
  Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => sectors(from + index * step));

const cases: readonly (readonly [string, readonly Range[]])[] = [
  ['one', [sectors(1001)]],
  ['the first', [sectors(0)]],
  ['the last', [sectors(SECTORS - 1)]],
  ['runs that cross 4 KiB and 64 KiB', [sectors(6, 5), sectors(126, 4), sectors(1000, 40)]],
  ['both sides of the edge between two blocks', [sectors(2047, 2)]],
  ['the last of one block and nothing else, the first of a later one', [sectors(2047), sectors(4096)]],
  ['every 100th of a block', every(100, 2048, 4096)],
  ['a whole MiB', [{ start: MIB, end: 2 * MIB }]],
  ['first, last and the middle at once', [sectors(0, 3), sectors(4000, 2), sectors(SECTORS - 8, 8)]],
];

for (const [name, reader] of READERS) {
  describe(`reader ${name}: bad sectors`, { timeout: 120_000 }, () => {
    for (const [what, bad] of cases) {
      test(`${what}: exactly these are filled and logged, all others are right`, async (t) => {
        const content = diskBytes(SIZE);
        const disk = await badDisk(t, { content, bad });
        if (disk === null) return;
        const result = await readAll(reader, await hold(t, disk.node));
        assertExact(result, content, bad);
        for (const range of result.log.bad) {
          // The large read and the sector itself, between them two steps at most.
          assert.equal(range.errno, 'EIO');
          assert.ok(range.attempts >= 2 && range.attempts <= 4, `${range.attempts} failing reads`);
        }
        assert.deepEqual(result.log.again, []);
      });
    }

    test('sectors of 4096 bytes: the sector is the smallest loss', async (t) => {
      const content = diskBytes(SIZE);
      const bad = [sectors(0, 1, 4096), sectors(255, 2, 4096), sectors(1023, 1, 4096)];
      const disk = await badDisk(t, { content, sector: 4096, bad });
      if (disk === null) return;
      const result = await readAll(reader, await hold(t, disk.node, 4096));
      assertExact(result, content, bad);
      for (const range of result.log.bad) assert.ok(range.errno === 'EIO' && range.attempts <= 4);
    });

    test('blocks larger and smaller than the slots of the ring', async (t) => {
      const content = diskBytes(SIZE - 512);
      const bad = [sectors(129), sectors(1500, 3), sectors(SECTORS - 2)];
      const disk = await badDisk(t, { content, bad });
      if (disk === null) return;
      const source = await hold(t, disk.node);
      for (const [blockBytes, slotBytes] of [
        [4096, 65_536],
        [65_536, 4096 * 3],
        [2 * MIB, MIB],
      ] as const) {
        assertExact(await readAll(reader, source, { blockBytes, slotBytes }), content, bad);
      }
    });

    test('a bad sector in every block: forty restarts leave nothing behind that piles up', async (t) => {
      const content = diskBytes(SIZE);
      const bad = Array.from({ length: 40 }, (_, index) => sectors(index * 160 + 3));
      const disk = await badDisk(t, { content, bad });
      if (disk === null) return;
      const warnings: Error[] = [];
      const note = (warning: Error): void => void warnings.push(warning);
      process.on('warning', note);
      const result = await readAll(reader, await hold(t, disk.node), { blockBytes: 40_960, slotBytes: 40_960 });
      process.off('warning', note);
      assertExact(result, content, bad);
      assert.equal(result.log.runs.length >= 40, true);
      assert.deepEqual(warnings, []);
    });

    test('a place that was bad at first and then gave its bytes is noted, not lost', async (t) => {
      const content = diskBytes(MIB);
      const range = sectors(700, 3);
      const disk = await badDisk(t, { content, behaviour: { flaky: [{ range, times: 2 }] } });
      if (disk === null) return;
      const result = await readAll(reader, await hold(t, disk.node), { blockBytes: 256 * 1024 });
      assertExact(result, content, []);
      assert.equal(disk.reads().filter(({ failed }) => failed).length, 2);
      const block = { start: 256 * 1024, end: 512 * 1024 };
      assert.deepEqual(result.log.again, [block], 'the block in which a read had to be repeated');
    });

    test('the cable is pulled: gone, and nothing is called bad for it', async (t) => {
      const content = diskBytes(16 * MIB);
      const bad = [sectors(100)];
      const disk = await badDisk(t, { content, bad });
      if (disk === null) return;
      const source = await hold(t, disk.node);
      const gone = new Error('gone');
      const log = new Log();
      let pulled = false;
      log.onGood = () => {
        // The bad sector is behind us: whatever fails from here on fails because the disk is away.
        if (pulled || log.bad.length === 0) return;
        pulled = true;
        void disk.unplug();
      };
      const checkPresent = (): Promise<void> => (pulled ? Promise.reject(gone) : Promise.resolve());
      const result = await readAll(reader, source, { checkPresent, log });
      assert.equal(result.error, gone);
      const known = result.bytes.length;
      assert.ok(known > sectors(100).end && known < content.length, `${known} bytes came before the cable was pulled`);
      assertExact({ ...result, error: null }, content.subarray(0, known), bad);
    });
  });
}
