import assert from 'node:assert/strict';
import test from 'node:test';
import { known, unknown } from '../../src/model/device.ts';
import { expectation, type ExpectationFacts } from '../../src/model/expectation.ts';
import { describePlan } from '../../src/plan/describe.ts';
import { expectedLines, type Expected } from '../../src/plan/describe-expected.ts';
import { planAcquisition } from '../../src/plan/plan.ts';
import { factsWith } from './facts.ts';

const MIB = 1024 * 1024;
const RATES: ExpectationFacts = {
  toRead: 1_000_204_886_016,
  size: 1_000_204_886_016,
  link: known(500_000_000),
  writing: known(120 * MIB),
  hashing: known(300 * MIB),
  hashingAgain: known(300 * MIB),
  readBack: true,
  verifySource: false,
};
const measuredAt = '2026-03-01T09:15:00.000Z';
const KNOWN: Expected = {
  link: known({ bytesPerSecond: 500_000_000, words: 'USB, 5000 Mbit/s at 2-1\u001b[2J' }),
  writing: known({ bytesPerSecond: 120 * MIB, measuredAt }),
  hashing: known({ bytesPerSecond: 300 * MIB, measuredAt, how: 'native' }),
  expectation: expectation(RATES),
  folder: '/evidence of\u001b[2J',
};

const text = (expected: Expected): string =>
  expectedLines(expected)
    .map(([label, words]) => `${label.padEnd(14)} ${words}\n`)
    .join('');

test('as it is printed, when all is known', () => {
  assert.equal(
    text(KNOWN),
    `source link    476.8 MiB/s at most (USB, 5000 Mbit/s at 2-1\\u{1b}[2J); the disk itself may give less
destination    writes 120.0 MiB/s, measured 2026-03-01T09:15:00.000Z
hashing        300.0 MiB/s, measured 2026-03-01T09:15:00.000Z; native
reading        about 02:13 h or more for 931.5 GiB, by the destination (120.0 MiB/s), the bottleneck
read-back      about 00:53 h or more for 931.5 GiB, by hashing (300.0 MiB/s); not known: how fast the destination is read
altogether     about 03:06 h or more
`,
  );
});

test('when nothing is, and what to do about it', () => {
  const facts = { ...RATES, link: unknown<number>('x'), writing: unknown<number>('x'), hashing: unknown<number>('x') };
  const nothing: Expected = {
    ...KNOWN,
    link: unknown('it vanished\u001b[2J'),
    writing: unknown('not measured'),
    hashing: unknown('not measured'),
    expectation: expectation({ ...facts, hashingAgain: unknown('x'), verifySource: true }),
  };
  assert.equal(
    text(nothing),
    `source link    unknown: it vanished\\u{1b}[2J
destination    not measured: exhibit doctor --speed $'/evidence of\\x1b[2J'
hashing        not measured: exhibit doctor --speed $'/evidence of\\x1b[2J'
reading        not known: nothing is of the source's link, the destination, hashing
read-back      not known: nothing is of hashing, how fast the destination is read
source again   not known: nothing is of the source's link, hashing
`,
  );
});

test('what is known of some is told, and what is not is named', () => {
  const link = unknown<number>('it vanished');
  const some = expectation({ ...RATES, link, verifySource: true, hashingAgain: unknown('x') });
  const told = text({ ...KNOWN, link: unknown('it vanished'), expectation: some });
  assert.match(told, /^reading +about 02:13 h or more for .*MiB\/s\); not known: the source's link$/m);
  assert.match(told, /^source again +about 00:53 h or more for .*; not known: the source's link$/m);
  assert.match(told, /^altogether +about 03:06 h or more, and what is not known$/m);
});

test('a section of the plan, before the case; no section where nobody asked', () => {
  const result = planAcquisition(factsWith());
  assert.ok(result.ok);
  assert.match(describePlan(result.plan, KNOWN), /\n\nExpected\n {2}source link [^]*?\n\nCase\n/);
  assert.doesNotMatch(describePlan(result.plan), /Expected/);
  // The plan that runs, and goes into the manifest, knows nothing of it.
  assert.ok(!('expected' in result.plan));
});
