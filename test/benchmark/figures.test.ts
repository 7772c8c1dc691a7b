import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import fc from 'fast-check';
import { rowsOf } from '../../bench/contest.ts';
import { flawsOf, worstOf } from '../../bench/bad-media.ts';
import { resumedFigures } from '../../bench/cut-off.ts';
import { inTurn } from '../../bench/rounds.ts';
import { rotated } from '../../bench/stats.ts';
import { growthRows } from '../../bench/growth.ts';
import { PARTS, parseOptions } from '../../bench/options.ts';
import { median, middleOne, ratio } from '../../bench/stats.ts';
import { parseRollup, together } from '../../bench/tree-memory.ts';
import { run } from './measured.ts';

const MIB = 1024 ** 2;

describe('figures of the benchmark', () => {
  test('a median has as many values on each side, in whatever order they came', () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 3, 2]), 2.5);
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, min: 0, max: 1e6 }), { minLength: 1 }), (values) => {
        const middle = median(values);
        const below = values.filter((value) => value < middle).length;
        const above = values.filter((value) => value > middle).length;
        assert.ok(below <= values.length / 2 && above <= values.length / 2);
      }),
    );
  });

  test('the one in the middle is one of them: of an even number the larger', () => {
    const seconds = (values: readonly number[]) => middleOne(values, (each) => each);
    assert.deepEqual([[5], [3, 1, 2], [4, 1, 3, 2], [9, 10]].map(seconds), [5, 2, 3, 10]);
    assert.throws(() => seconds([]), /nothing/);
  });

  test('a job that was killed: position and seconds are of one round, the one of the median', () => {
    const rounds = [
      { position: 600 * MIB, toNewData: 0.9 },
      { position: 500 * MIB, toNewData: 0.7 },
      { position: 700 * MIB, toNewData: 0.8 },
      { position: 100 * MIB, toNewData: 0.1 },
      { position: 400 * MIB, toNewData: 2 },
    ];
    const took = [3, 1, 2];
    const hashed: number[] = [];
    const hash = (bytes: number): number => took[hashed.push(bytes) - 1] ?? 0;
    assert.deepEqual(resumedFigures(rounds, hash), {
      ...{ resumed_at_mebibytes: 700, seconds_to_new_data: 0.8, seconds_to_hash_it: 1 },
    });
    assert.deepEqual(hashed, [700 * MIB, 700 * MIB, 700 * MIB]);
  });

  test('a ratio of what was not measured is none', () => {
    assert.equal(ratio(3, 2), 1.5);
    for (const [a, b] of [
      [undefined, 1],
      [1, null],
      [1, 0],
    ] as const)
      assert.equal(ratio(a, b), null);
  });

  test('everybody runs once a round, and each is first in one of as many rounds', () => {
    const names = ['a', 'b', 'c'];
    const rounds = names.map((_, at) => rotated(names, at));
    assert.deepEqual(
      rounds.map(([first]) => first),
      names,
    );
    for (const round of rounds) assert.deepEqual([...round].sort(), names);
    assert.deepEqual(rotated([], 4), []);
  });

  test('a row has medians, its slowest and fastest round, the memory of the run that is not timed, and is held against peers alone', () => {
    const runs = new Map([
      ['exhibit', { timed: [run(1, 2), run(2, 4), run(4, 3)], memory: run(9, 9, 120 * MIB + 1) }],
      ['dc3dd', { timed: [run(6), run(4), run(5)], memory: null }],
    ]);
    const [ours, theirs] = rowsOf(runs, 1024, ['dc3dd']);
    assert.deepEqual(ours, {
      name: 'exhibit',
      mebibytes_per_second: 512,
      slowest: 256,
      fastest: 1024,
      cpu_seconds_per_gibibyte: 3,
      peak_memory_mebibytes: 121,
      peak_resident_mebibytes: 121,
      times: { dc3dd: 2.5 },
      seconds: [1, 2, 4],
      cpu_seconds: [2, 4, 3],
    });
    assert.deepEqual(theirs?.times, {});
    assert.deepEqual([theirs.peak_memory_mebibytes, theirs.peak_resident_mebibytes], [null, null]);
  });

  test('growth: a GiB with the start of the program, and a further one without', () => {
    const rows = growthRows([
      { gibibytes: 1, by: 'exhibit', image: 'in memory', runs: [run(2)] },
      { gibibytes: 4, by: 'exhibit', image: 'in memory', runs: [run(5)] },
      { gibibytes: 1, by: 'exhibit', image: 'discarded', runs: [run(2)] },
    ]);
    assert.deepEqual(
      rows.map((row) => [row.seconds_per_gibibyte, row.seconds_per_further_gibibyte]),
      [
        [2, null],
        [1.25, 1],
        [2, null],
      ],
    );
  });
});

describe('an image of a bad disk', () => {
  test('a sector that is not what it should be is wrong; one that is not there, or not whole, is missing', () => {
    const due = Buffer.alloc(4 * 512, 7);
    const other = Buffer.from(due);
    other.writeUInt8(8, 3 * 512);
    const both = Buffer.alloc(2 * 512, 7).fill(0, 0, 1);
    const images = [due, other, due.subarray(0, 3 * 512 + 1), due.subarray(0, 512), both, Buffer.alloc(6 * 512, 7)];
    assert.deepEqual(
      images.map((image) => flawsOf(image, due)).map(({ wrong, missing }) => [wrong, missing]),
      [
        [0, 0],
        [1, 0],
        [0, 1],
        [0, 3],
        [1, 2],
        // Too long: what is there and should not be.
        [2, 0],
      ],
    );
  });

  test('of all rounds the worst, of each by itself', () => {
    assert.deepEqual(worstOf({ wrong: 3, missing: 0 }, { wrong: 1, missing: 2 }), { wrong: 3, missing: 2 });
    assert.deepEqual(worstOf({ wrong: 0, missing: 5 }, { wrong: 4, missing: 1 }), { wrong: 4, missing: 5 });
  });
});

describe('who is measured, and when', () => {
  test('in turn: each round begins with another, and everybody has one run a round', async () => {
    const order: string[] = [];
    const entrants = ['a', 'b', 'c'].map((name) => ({ name, run: () => Promise.resolve(order.push(name)) }));
    const seconds = await inTurn('test', entrants, 4);
    assert.equal(order.join(''), 'abcbcacababc');
    assert.deepEqual(
      [...seconds],
      [
        ['a', [1, 6, 8, 10]],
        ['b', [2, 4, 9, 11]],
        ['c', [3, 5, 7, 12]],
      ],
    );
  });
});

describe('memory of a process tree', () => {
  // Debian 12, Linux 6.1: a shell.
  const ROLLUP = `55896ea9b000-7ffe5e93c000 ---p 00000000 00:00 0                          [rollup]
Rss:                1620 kB
Pss:                 300 kB
Shared_Clean:       1500 kB
Shared_Dirty:          0 kB
Private_Clean:         8 kB
Private_Dirty:       112 kB
Private_Hugetlb:       0 kB
`;

  test('what the kernel tells of one process', () => {
    assert.deepEqual(parseRollup(ROLLUP), { resident: 1620 * 1024, own: 120 * 1024 });
  });

  test('pages that processes of one program share count once, and each has its own', () => {
    const node = { program: '/usr/bin/node', resident: 100, own: 60 };
    const other = { program: '/usr/bin/node', resident: 80, own: 50 };
    const dd = { program: '/usr/bin/dd', resident: 3, own: 1 };
    assert.deepEqual(together([node, other, dd]), { once: 60 + 50 + 1 + 40 + 2, resident: 183 });
    assert.deepEqual(together([]), { once: 0, resident: 0 });
  });
});

describe('what npm run bench is asked for', () => {
  test('without options everything, five rounds of 2 GiB', () => {
    const all = parseOptions([]);
    assert.deepEqual([all.parts, all.rounds, all.mebibytes, all.quick], [PARTS, 5, 2048, false]);
  });

  test('documents are made of a full run alone', () => {
    for (const argv of [[], ['--rounds', '7', '--size', '4096']]) assert.ok(parseOptions(argv).full, argv.join(' '));
    for (const argv of [['--quick'], ['--rounds', '4'], ['--size', '1024'], ['--only', 'ssh']])
      assert.equal(parseOptions(argv).full, false, argv.join(' '));
  });

  test('--quick leaves out what takes long; --only takes one part; sizes and rounds are whole numbers', () => {
    const quick = parseOptions(['--quick']);
    assert.deepEqual([quick.rounds, quick.parts.includes('growth')], [1, false]);
    assert.deepEqual(parseOptions(['--only', 'growth']).parts, ['growth']);
    for (const wrong of [['--only', 'everything'], ['--rounds', '0'], ['--size', '2G'], ['--fast']])
      assert.throws(() => parseOptions(wrong));
  });
});
