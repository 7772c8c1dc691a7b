import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import fc from 'fast-check';
import { compareAfter, judge, VERDICT_RULES, verdictAfter } from '../../src/guard/verdict.ts';
import { type Fact, known, unknown } from '../../src/model/device.ts';
import type { SourceFacts } from '../../src/model/plan.ts';
import { blockSource, fileSource, partition } from '../plan/facts.ts';

const YES = known(true);
const NO = known(false);
const DARK = unknown<boolean>('permission denied');

function disk(readOnly: Fact<boolean>, ...partitions: Fact<boolean>[]): SourceFacts {
  return blockSource({ readOnly, partitions: partitions.map((flag, index) => partition(index + 1, flag)) });
}

describe('verdict', () => {
  test('a plain file has none', () => {
    const verdict = judge(fileSource());
    assert.equal(verdict.name, 'not-applicable');
    assert.deepEqual(
      verdict.evidence.map(({ seen }) => seen),
      ['plain file, opened read-only'],
    );
  });

  const rows: [string, SourceFacts, string][] = [
    ['disk read-only', disk(YES), 'kernel-flag-only'],
    ['disk and partitions read-only', disk(YES, YES, YES), 'kernel-flag-only'],
    ['disk writable', disk(NO), 'none-observed'],
    ['disk not known', disk(DARK), 'none-observed'],
    ['a partition writable', disk(YES, YES, NO), 'none-observed'],
    ['a partition not known', disk(YES, DARK), 'none-observed'],
  ];
  for (const [what, source, name] of rows)
    test(`${what}: ${name}`, () => {
      assert.equal(judge(source).name, name);
    });

  test('each flag is evidence, with the place it was read', () => {
    assert.deepEqual(judge(disk(YES, NO, DARK)).evidence, [
      { what: "kernel's read-only flag of /dev/sdx", seen: 'read-only', source: '/sys/class/block/sdx/ro' },
      { what: "kernel's read-only flag of /dev/sdx1", seen: 'writable', source: '/sys/class/block/sdx1/ro' },
      {
        what: "kernel's read-only flag of /dev/sdx2",
        seen: 'unknown: permission denied',
        source: '/sys/class/block/sdx2/ro',
      },
    ]);
  });

  test('a loop names its file, a partition the disk that was not judged', () => {
    const loop = judge(
      blockSource({ name: 'loop3', kind: 'loop', disks: ['loop3'], backingFile: '/tmp/a.img', readOnly: YES }),
    );
    assert.deepEqual(loop.evidence[1], {
      what: 'backed by a file',
      seen: '/tmp/a.img',
      source: '/sys/class/block/loop3/loop/backing_file',
    });
    const part = judge(blockSource({ name: 'sdx1', kind: 'partition', disks: ['sdx'], readOnly: YES }));
    assert.match(part.evidence[1]?.seen ?? '', /^sdx: their own flags are not part/);
  });

  test('never more than the kernel’s flag, and that only when every flag is known to be set', () => {
    const flag = fc.constantFrom(YES, NO, DARK);
    fc.assert(
      fc.property(flag, fc.array(flag, { maxLength: 4 }), (own, parts) => {
        const all = [own, ...parts].every((one) => one.known && one.value);
        assert.equal(judge(disk(own, ...parts)).name, all ? 'kernel-flag-only' : 'none-observed');
      }),
    );
  });

  test('a contradiction beats every other claim; a new rule is one entry of the list', () => {
    const rule = () => ({
      name: 'contradicted' as const,
      evidence: [{ what: 'vendor', seen: 'read/write', source: 'query' }],
    });
    for (const rules of [
      [...VERDICT_RULES, rule],
      [rule, ...VERDICT_RULES],
    ]) {
      const verdict = judge(disk(YES), rules);
      assert.equal(verdict.name, 'contradicted');
      assert.equal(verdict.evidence.length, 2);
    }
  });
});

describe('verdict afterwards', () => {
  const before = judge(disk(YES, YES));

  test('nothing changed', () => {
    assert.deepEqual(compareAfter(before, judge(disk(YES, YES))), []);
    assert.equal(verdictAfter(before, judge(disk(YES, YES))).name, 'kernel-flag-only');
  });

  test('a flag that flipped', () => {
    const after = judge(disk(YES, NO));
    assert.deepEqual(compareAfter(before, after), [
      {
        level: 'refusal',
        code: 'guard.protection-lost',
        fault: 'source',
        message: "kernel's read-only flag of /dev/sdx1: was read-only, is now writable.",
      },
    ]);
    assert.equal(verdictAfter(before, after).name, 'contradicted');
  });

  test('a flag that can’t be seen any more, or was set meanwhile, is a warning', () => {
    for (const [was, now] of [
      [before, judge(disk(YES, DARK))],
      [before, judge(disk(YES))],
      [before, judge(disk(YES, YES, NO))],
      [judge(disk(NO)), judge(disk(YES))],
    ] as const) {
      assert.deepEqual(
        compareAfter(was, now).map(({ level }) => level),
        ['warning'],
      );
      assert.equal(verdictAfter(was, now).name, now.name);
    }
  });
});
