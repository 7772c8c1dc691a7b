import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import fc from 'fast-check';
import { beyond, bottleneck, ownLimit } from '../../bench/own-limit.ts';
import { stageFigures } from '../../bench/stages.ts';
import { missedBy, targetsOf, type Target } from '../../bench/targets.ts';
import type { Measured } from '../../bench/results.ts';
import { growthRows } from '../../bench/growth.ts';
import { contestOf, run } from './measured.ts';

const MIB = 1024 ** 2;

function target(all: Measured, part: string): Target {
  const found = targetsOf(all).filter(({ name }) => name.includes(part));
  assert.equal(found.length, 1, part);
  return found[0]!;
}

describe('the limit of its own stages', () => {
  const lanes = [
    { name: 'md5', mebibytes_per_second: 600 },
    { name: 'sha256', mebibytes_per_second: 1500 },
  ];

  test('the slowest lane where the cores have time left, else the cores', () => {
    assert.deepEqual(ownLimit(2, lanes, [{ name: 'all', cpu_seconds_per_gibibyte: 2 }]), {
      mebibytes_per_second: 600,
      set_by: 'md5, on one thread',
    });
    assert.deepEqual(ownLimit(2, lanes, [{ name: 'all', cpu_seconds_per_gibibyte: 4 }]), {
      mebibytes_per_second: 512,
      set_by: 'the processor: 2 cores',
    });
    assert.equal(ownLimit(2, [], []), null);
  });

  test('it is never above any lane, and never needs more of the cores than there is', () => {
    const positive = fc.double({ min: 0.01, max: 1e4, noNaN: true });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 64 }),
        fc.array(positive, { minLength: 1 }),
        fc.array(positive, { minLength: 1 }),
        (cores, rates, cpu) => {
          const limit = ownLimit(
            cores,
            rates.map((mebibytes_per_second) => ({ name: '', mebibytes_per_second })),
            cpu.map((cpu_seconds_per_gibibyte) => ({ name: '', cpu_seconds_per_gibibyte })),
          )!.mebibytes_per_second;
          const sum = cpu.reduce((total, each) => total + each, 0);
          assert.ok(limit <= Math.min(...rates) + 0.051);
          assert.ok((limit - 0.051) * (sum / 1024) <= cores);
        },
      ),
    );
  });

  test('what holds it up: the slowest stage alone, or the processor that all share', () => {
    const alone = [
      { name: 'read', seconds: 1 },
      { name: 'md5', seconds: 3 },
    ];
    assert.equal(bottleneck(alone, { cpu: 4 }, 2), 'md5: 3 s alone');
    assert.match(bottleneck(alone, { cpu: 8 }, 2), /^the processor: 8 s of work on 2 cores are 4 s$/);
  });

  test("a stage's own cost is never less than nothing", () => {
    assert.deepEqual([beyond(3, 1), beyond(1, 1.2)], [2, 0]);
  });

  test('of what was measured: reading, writing and three lanes are added up', () => {
    const one = (seconds: number, cpu: number) => [{ seconds, cpu }];
    const figures = stageFigures(
      new Map([
        ['read direct', one(0.5, 0.5)],
        ['read direct, write', one(1, 1)],
        ['read direct, md5', one(2, 2.5)],
        ['read direct, sha256', one(1, 1.5)],
        ['read direct, pieces', one(1, 1.5)],
        ['all, direct', one(3, 5.5)],
        ['md5 native, memory', one(1.9, 1.9)],
        ['sha256 native, memory', one(0.9, 0.9)],
      ]),
      2,
      { mebibytes: 1024, rounds: 1 },
    );
    // 0.5 + 0.5 + 2 + 1 + 1 = 5 s a GiB, of two cores.
    assert.deepEqual(figures.own_limit, { mebibytes_per_second: 409.6, set_by: 'the processor: 2 cores' });
    assert.match(figures.bottleneck, /^the processor: 5.5 s/);
  });
});

describe('targets', () => {
  test('what was not measured is neither reached nor missed', () => {
    for (const { measured, reached } of targetsOf({})) assert.deepEqual([measured, reached], [null, null]);
  });

  test('times a peer of the same run, judged before it is rounded', () => {
    const random = contestOf({ 'exhibit direct native': 1.0001, dc3dd: 2, ewfacquire: 1.6 });
    const all = { acquire: { random } };
    assert.deepEqual(target(all, 'direct native, times dc3dd').reached, false);
    assert.deepEqual(target(all, 'direct native, times ewfacquire').reached, true);
    assert.equal(target(all, 'direct native, times dcfldd').reached, null);
    const name = 'acquire: exhibit direct native, times dc3dd';
    assert.deepEqual(missedBy(all), [{ name, ours: 'exhibit direct native', took: 1, would_reach: 1 }]);
  });

  test('only random data counts', () => {
    const zeros = contestOf({ 'exhibit direct native': 1, dc3dd: 20 });
    assert.equal(target({ acquire: { zeros } }, 'direct native, times dc3dd').measured, null);
  });

  test('verify against hashdeep', () => {
    const all = { verify: contestOf({ 'exhibit verify': 1, 'hashdeep -a': 3.5 }) };
    assert.equal(target(all, 'verify').reached, true);
  });

  test('of its own limit, of hash-wasm alone, of dd', () => {
    const stages = {
      ...{ mebibytes: 1024, rounds: 1, bottleneck: '' },
      own_limit: { mebibytes_per_second: 1000, set_by: '' },
      rows: [
        ['sha256 wasm, memory', 200],
        ['read direct, write', 699],
        ['dd bs=1M', 1000],
      ].map(([name, mebibytes_per_second]) => ({
        ...{ name: String(name), mebibytes_per_second: Number(mebibytes_per_second) },
        ...{ cpu_seconds_per_gibibyte: 1, seconds: [], cpu_seconds: [] },
      })),
    };
    const random = contestOf({ 'exhibit direct native': 1024 / 900, 'exhibit direct wasm': 1024 / 160 });
    const all = { acquire: { random }, stages };
    assert.deepEqual(
      ['own limit', 'hash-wasm', 'dd bs=1M'].map((part) => [target(all, part).measured, target(all, part).reached]),
      [
        [0.9, true],
        [0.8, false],
        [0.699, false],
      ],
    );
    // 200 MiB/s of which 0.85 are wanted.
    assert.deepEqual(missedBy(all), [
      {
        ...{ name: "acquire: exhibit direct wasm, of hash-wasm's SHA-256 alone", ours: 'exhibit direct wasm' },
        ...{ took: 6.4, would_reach: 6.02 },
      },
    ]);
  });

  test('memory is the most at a size, and growth the dearest further GiB by the cheapest', () => {
    const growth = {
      left_out: [],
      rows: growthRows([
        { gibibytes: 1, by: 'exhibit', image: 'in memory', runs: [run(2, 1, 200 * MIB)] },
        // Three GiB more in four seconds, then two in four.
        { gibibytes: 4, by: 'exhibit', image: 'in memory', runs: [run(6, 1, 240 * MIB)] },
        { gibibytes: 6, by: 'exhibit', image: 'in memory', runs: [run(10, 1, 240 * MIB)] },
        { gibibytes: 1, by: 'exhibit', image: 'discarded', runs: [run(1, 1, 250 * MIB + 1)] },
        { gibibytes: 4, by: 'exhibit', image: 'discarded', runs: [run(9, 1, 240 * MIB)] },
      ]),
    };
    assert.deepEqual([target({ growth }, 'at 1 GiB').measured, target({ growth }, 'at 1 GiB').reached], [251, false]);
    assert.equal(target({ growth }, 'at 4 GiB').reached, true);
    assert.equal(target({ growth }, 'at 16 GiB').reached, null);
    assert.deepEqual(
      [target({ growth }, 'image in memory').measured, target({ growth }, 'image in memory').reached],
      [1.5, false],
    );
    // Two sizes have one difference.
    assert.equal(target({ growth }, 'image discarded').reached, null);
    // Four GiB in less than one took: that is no measurement, and nothing is reached by it.
    const seconds = [5, 4, 20];
    const runs = [1, 4, 16].map((gibibytes, at) => ({
      ...{ gibibytes, by: 'exhibit' as const, image: 'in memory' as const },
      runs: [run(seconds[at] ?? 0, 1, MIB)],
    }));
    const odd = { left_out: [], rows: growthRows(runs) };
    assert.equal(target({ growth: odd }, 'image in memory').reached, null);
  });
});
