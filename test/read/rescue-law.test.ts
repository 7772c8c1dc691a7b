import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import fc from 'fast-check';
import { bug } from '../../src/model/errors.ts';
import { cells, intersect, lengthOf, normalise, subtract, type Range } from '../../src/model/range.ts';
import { ReadMap, type MapEntry, type ReadStatus } from '../../src/model/read-map.ts';
import type { HeldSource } from '../../src/read/held-source.ts';
import type { RangeReader } from '../../src/read/probe.ts';
import { rescueWith } from '../../src/read/rescue/rescue.ts';
import { diskBytes } from '../support/loop.ts';
import { assertRescued, Rescued, rescueOrder } from './rescue-support.ts';

const SECTOR = 512;
const BLOCK = 8 * SECTOR;
const STATUSES: readonly ReadStatus[] = ['not-tried', 'failed-large', 'failed-small', 'unreadable', 'good'];
const content = diskBytes(1200 * SECTOR);

interface MadeUp {
  readonly sectors: number;
  readonly bad: readonly Range[];
  readonly before: readonly MapEntry[];
  readonly retries: number;
}

const ranges = (sectors: number): fc.Arbitrary<Range[]> =>
  fc.array(
    fc.tuple(fc.nat(sectors - 1), fc.integer({ min: 1, max: 60 })).map(([first, count]) => ({
      start: first * SECTOR,
      end: Math.min(sectors, first + count) * SECTOR,
    })),
    { maxLength: 8 },
  );

/** Disks whose last sector answers; maps in any state, whose unreadable places may have become readable since. */
const disks: fc.Arbitrary<MadeUp> = fc.integer({ min: 2, max: 1200 }).chain((sectors) =>
  fc.record({
    sectors: fc.constant(sectors),
    bad: ranges(sectors - 1).map(normalise),
    before: ranges(sectors).chain((list) =>
      fc.tuple(...list.map((range) => fc.constantFrom(...STATUSES).map((status) => ({ ...range, status })))),
    ),
    retries: fc.nat(3),
  }),
);

/** A disk in memory: cut as the child cuts, and every read watched. */
function reader(disk: MadeUp, watch: (range: Range) => void): RangeReader {
  return {
    read: async (range, unit) => {
      if (range.start < 0 || range.end > disk.sectors * SECTOR || lengthOf(range) <= 0) throw bug('a read outside');
      if (range.start % SECTOR !== 0 || range.end % SECTOR !== 0) throw bug('a read of part of a sector');
      let good = range.start;
      for (const cell of cells(range, unit === undefined || unit >= lengthOf(range) ? Number.MAX_SAFE_INTEGER : unit)) {
        watch(cell);
        if (disk.bad.some((each) => intersect(each, cell) !== undefined)) break;
        good = cell.end;
      }
      const bytes = content.subarray(range.start, good);
      return { bytes, failure: good === range.end ? null : { errno: 'EIO', ms: 5 }, goodMs: 0 };
    },
  };
}

function source(disk: MadeUp): HeldSource {
  return { kind: 'block', path: '/dev/made-up', size: disk.sectors * SECTOR, logicalSector: SECTOR } as HeldSource;
}

/** What is bad, and of what was called unreadable before, what no retry pass had the chance to save. */
function expectedBad(disk: MadeUp, before: ReadMap): Range[] {
  const whole = { start: 0, end: before.size };
  const given = disk.retries > 0 ? [] : before.ranges('unreadable');
  return normalise([...subtract(whole, [...subtract(whole, disk.bad), ...before.ranges('good')]), ...given]);
}

describe('rescue: laws', () => {
  test('from any map it ends, reads every good sector once, and calls bad what is bad', async () => {
    await fc.assert(
      fc.asyncProperty(disks, async (disk) => {
        const before = new ReadMap(disk.sectors * SECTOR, disk.before);
        const log = new Rescued(new ReadMap(before.size, before.entries));
        const order = rescueOrder(source(disk), log, { blockBytes: BLOCK, retries: disk.retries });
        let reads = 0;
        const life = (cell: Range): boolean => lengthOf(cell) === SECTOR;
        await rescueWith(
          order,
          reader(disk, (cell) => {
            reads += 1;
            if (life(cell)) return;
            // What is decided is left alone, but for a single sector that tells whether the disk lives.
            const decided = [...before.ranges('good'), ...before.ranges('unreadable')];
            assert.ok(decided.every((each) => intersect(each, cell) === undefined));
          }),
        );
        assertRescued(log, content.subarray(0, before.size), expectedBad(disk, before), before);
        assert.ok(reads <= (disk.sectors + 10) * (6 + disk.retries) * 2, `${reads} reads`);
      }),
      { numRuns: 300 },
    );
  });

  test('good bytes of easy areas come before any small read of bad ones', async () => {
    await fc.assert(
      fc.asyncProperty(disks, async (disk) => {
        const log = new Rescued(new ReadMap(disk.sectors * SECTOR));
        const order = rescueOrder(source(disk), log, { blockBytes: BLOCK, retries: 1 });
        const blocks = [...cells({ start: 0, end: log.map.size }, BLOCK)];
        const easy = blocks.filter((block) => disk.bad.every((each) => intersect(each, block) === undefined));
        log.onPass = ({ name }) => {
          if (name !== 'edges') return;
          assert.deepEqual(normalise(log.map.ranges('good')), normalise(easy));
        };
        await rescueWith(
          order,
          reader(disk, () => undefined),
        );
      }),
      { numRuns: 100 },
    );
  });

  test('stopped anywhere and gone on with from its map: the same in the end', async () => {
    await fc.assert(
      fc.asyncProperty(disks, fc.nat(200), async (disk, after) => {
        const log = new Rescued(new ReadMap(disk.sectors * SECTOR));
        const stop = new AbortController();
        let reads = 0;
        const stopping = reader(disk, () => {
          reads += 1;
          if (reads > after) stop.abort();
        });
        const order = rescueOrder(source(disk), log, { blockBytes: BLOCK });
        await rescueWith({ ...order, stop: stop.signal }, stopping);
        await rescueWith(
          order,
          reader(disk, () => undefined),
        );
        assertRescued(log, content.subarray(0, log.map.size), disk.bad);
      }),
      { numRuns: 150 },
    );
  });
});
