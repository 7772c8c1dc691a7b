import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import fc from 'fast-check';
import { VERDICT_RULES, type VerdictRule } from '../../src/guard/rules.ts';
import { compareAfter, judge as judgeFacts, verdictAfter } from '../../src/guard/verdict.ts';
import type { GuardFacts } from '../../src/model/guard-facts.ts';
import type { HardwareEntry } from '../../src/model/hardware.ts';
import { meets, REQUIRABLE, type Verdict, VERDICTS } from '../../src/model/verdict.ts';
import { type Fact, known, unknown } from '../../src/model/device.ts';
import type { SourceFacts } from '../../src/model/plan.ts';
import { blockSource, fileSource, guardFacts, partition } from '../plan/facts.ts';

const YES = known(true);
const NO = known(false);
const DARK = unknown<boolean>('permission denied');

function judge(source: SourceFacts, rules: readonly VerdictRule[] = VERDICT_RULES): Verdict {
  return judgeFacts(guardFacts(source), rules);
}

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
    assert.deepEqual(
      judge(disk(YES, NO, DARK))
        .evidence.filter(({ fact }) => fact === 'kernel-flag')
        .map(({ what, seen, source }) => ({ what, seen, source })),
      [
        { what: "kernel's read-only flag of /dev/sdx", seen: 'read-only', source: '/sys/class/block/sdx/ro' },
        { what: "kernel's read-only flag of /dev/sdx1", seen: 'writable', source: '/sys/class/block/sdx1/ro' },
        {
          what: "kernel's read-only flag of /dev/sdx2",
          seen: 'unknown: permission denied',
          source: '/sys/class/block/sdx2/ro',
        },
      ],
    );
  });

  test('a loop names its file, a partition the disk that was not judged', () => {
    const loop = judge(
      blockSource({
        name: 'loop3',
        kind: 'loop',
        physical: false,
        wholeDisk: 'loop3',
        disks: ['loop3'],
        backingFile: '/tmp/a.img',
        readOnly: YES,
      }),
    );
    assert.equal(loop.name, 'not-applicable');
    assert.deepEqual(loop.evidence.at(-1), {
      fact: 'surroundings',
      what: 'backed by a file',
      seen: '/tmp/a.img',
      source: '/sys/class/block/loop3/loop/backing_file',
    });
    const part = judge(blockSource({ name: 'sdx1', kind: 'partition', disks: ['sdx'], readOnly: YES }));
    assert.match(part.evidence.at(-1)?.seen ?? '', /^sdx: their own flags are not part/);
  });

  test('a partition can be written to through its whole disk: that one’s flag counts', () => {
    const inside = (readOnly: Fact<boolean>) =>
      judge(
        blockSource({
          name: 'sdx1',
          kind: 'partition',
          disks: ['sdx'],
          readOnly: YES,
          around: { path: '/dev/sdx', name: 'sdx', readOnly },
        }),
      );
    assert.deepEqual(
      [YES, NO, DARK].map((flag) => inside(flag).name),
      ['kernel-flag-only', 'none-observed', 'none-observed'],
    );
    assert.ok(!inside(YES).evidence.some(({ seen }) => seen.includes('not part of this verdict')));
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
      evidence: [{ fact: 'vendor-answer' as const, what: 'vendor', seen: 'read/write', source: 'query' }],
    });
    for (const rules of [
      [...VERDICT_RULES, rule],
      [rule, ...VERDICT_RULES],
    ]) {
      const verdict = judge(disk(YES), rules);
      assert.equal(verdict.name, 'contradicted');
      assert.ok(verdict.evidence.some(({ what }) => what === 'vendor'));
    }
  });
});

const ENTRY: HardwareEntry = {
  id: 'acme-wb1',
  make: 'Acme',
  model: 'WB1',
  role: 'write-blocker',
  blocks: 'always',
  match: [],
  quirks: [],
  evidence: [{ level: 'vendor-document', source: 'Acme WB1 manual', claims: ['identity', 'blocking'], note: null }],
  attestation: null,
  file: 'hardware/acme.yaml',
  sha256: 'a'.repeat(64),
};
const LAB: HardwareEntry = {
  ...ENTRY,
  evidence: [],
  attestation: { by: 'Ada', at: '2026-11-22T00:00:00Z', validated: null, serial: null },
};
const ORDINARY: HardwareEntry = { ...ENTRY, role: 'bridge', blocks: 'never' };
const DECLARES = known({ writeProtected: true, by: 'MODE SENSE(6)' });
const DENIES = known({ writeProtected: false, by: 'MODE SENSE(6)' });
const answer = (blocking: boolean) =>
  known({ vendor: 'tableau' as const, blocking, serial: '1', model: 'T35', firmware: '1', raw: '00' });

describe('verdict on hardware', () => {
  const source = disk(YES);
  const rows: [string, Partial<GuardFacts>, Verdict['name']][] = [
    ['a known blocker that declares nothing', { hardware: known(ENTRY) }, 'known-blocker'],
    ['a known blocker that says writable: many do', { hardware: known(ENTRY), declared: DENIES }, 'known-blocker'],
    ['a known blocker that declares', { hardware: known(ENTRY), declared: DECLARES }, 'known-blocker-declares-wp'],
    ['a known blocker that answers', { hardware: known(ENTRY), vendor: answer(true) }, 'vendor-reports-blocking'],
    ['a known blocker set to read/write', { hardware: known(ENTRY), vendor: answer(false) }, 'contradicted'],
    [
      'a blocker with a switch, nothing declared',
      { hardware: known({ ...ENTRY, blocks: 'switch' }) },
      'kernel-flag-only',
    ],
    ['an unknown bridge that answers like a blocker', { vendor: answer(true) }, 'kernel-flag-only'],
    ['an unknown bridge that declares', { declared: DECLARES }, 'device-declares-wp'],
    ['an ordinary bridge that declares', { hardware: known(ORDINARY), declared: DECLARES }, 'device-declares-wp'],
    ['an attested blocker', { attested: known(LAB) }, 'operator-attested'],
    ['an attested ordinary bridge', { hardware: known(ORDINARY), attested: known(LAB) }, 'contradicted'],
    [
      'data that can not be read',
      { hardware: unknown('broken YAML'), attested: unknown('broken') },
      'kernel-flag-only',
    ],
  ];
  for (const [what, changes, name] of rows)
    test(`${what}: ${name}`, () => {
      assert.equal(judgeFacts(guardFacts(source, changes)).name, name);
      assert.equal(judgeFacts(guardFacts(fileSource(), changes)).name, 'not-applicable', 'a file has none');
    });

  test('without an entry of its own that is a blocker, nothing makes a known blocker of a bridge', () => {
    const maybe = <T>(value: T): fc.Arbitrary<Fact<T>> => fc.constantFrom(known(value), unknown<T>('dark'));
    const facts = fc.record({
      hardware: fc.constantFrom(known(null), known(ORDINARY), unknown<null>('dark')),
      attested: fc.oneof(maybe<HardwareEntry | null>(LAB), maybe<HardwareEntry | null>(null)),
      declared: fc.oneof(fc.constant(DECLARES), fc.constant(DENIES), fc.constant(unknown('dark'))),
      vendor: fc.oneof(fc.constant(answer(true)), fc.constant(answer(false)), fc.constant(unknown('dark'))),
    });
    fc.assert(
      fc.property(facts, fc.constantFrom(YES, NO, DARK), (changes, flag) => {
        const { name } = judgeFacts(guardFacts(disk(flag), changes));
        assert.ok(name === 'contradicted' || !meets(name, 'known-blocker'), name);
      }),
    );
  });

  test('what is required, and what meets it', () => {
    for (const required of REQUIRABLE) {
      assert.equal(meets('contradicted', required), false);
      assert.equal(meets('not-applicable', required), true);
      assert.deepEqual(
        VERDICTS.filter((name) => name !== 'contradicted' && name !== 'not-applicable' && meets(name, required)),
        REQUIRABLE.slice(REQUIRABLE.indexOf(required)),
      );
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

  test('a blocker that answers read/write only after the reading is a contradiction, and no warning', () => {
    const silent = judgeFacts(guardFacts(disk(YES)));
    const raw = '00';
    const vendor = known({ vendor: 'tableau' as const, blocking: false, serial: '', model: '', firmware: '', raw });
    const after = judgeFacts({ ...guardFacts(disk(YES)), vendor });
    const refusals = compareAfter(silent, after).filter(({ level }) => level === 'refusal');
    assert.deepEqual(
      refusals.map(({ code, fault }) => [code, fault]),
      [['guard.contradicted', 'source']],
    );
    assert.match(refusals[0]?.message ?? '', /vendor's query: read\/write/);
    assert.equal(verdictAfter(silent, after).name, 'contradicted');
  });
});
