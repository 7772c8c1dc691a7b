import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { ANSWERS } from '../../src/blocker-test/answers.ts';
import { judge, type JudgedFacts } from '../../src/blocker-test/judge.ts';
import { blockAttempts, sgAttempts } from '../../src/blocker-test/plan-attempts.ts';
import type { AttemptRecord } from '../../src/blocker-test/report-schema.ts';

const SIZE = 16 * 1024 * 1024;
const TARGET = { path: '/dev/sdx', size: SIZE, sector: 512 };
const SHA = 'ab'.repeat(32);

/** As a good blocker leaves it: the kernel refuses in the block layer, the device by SG_IO, nothing changed. */
const ATTEMPTS: readonly AttemptRecord[] = [...blockAttempts(TARGET, 'r'), ...sgAttempts(TARGET, 'r')].map(
  ({ layer, kind, place, range }, index) => ({
    number: index + 1,
    layer,
    kind,
    place,
    offset: range.start,
    length: range.end - range.start,
    flag_read_only: true,
    call: 'sg_raw',
    answer: layer === 'sg-io' ? 'refused-by-device' : 'refused-by-kernel',
    errno: null,
    sense: null,
    exit: 7,
    said: '',
    changed: 'no',
    differs: [],
    why_unknown: null,
    written_bytes_found: false,
  }),
);

const BLOCKED: JudgedFacts = {
  attempts: [...ATTEMPTS],
  reads: { before: { sha256: SHA, bytes: SIZE }, after: { sha256: SHA, bytes: SIZE }, why: null },
  capacity: { marker: SIZE, before: SIZE, after: SIZE },
  stopped: null,
};

function changed(change: (record: AttemptRecord) => Partial<AttemptRecord>): JudgedFacts {
  return { ...BLOCKED, attempts: ATTEMPTS.map((record) => ({ ...record, ...change(record) })) };
}

test('blocked: nothing changed, all was looked at, both layers answered everywhere', () => {
  assert.equal(judge(BLOCKED).result, 'blocked');
  assert.match(judge(BLOCKED).limits.join(' '), /kernel refused every write through the block layer/);
  const swallowed = changed(() => ({ answer: 'accepted' }));
  assert.equal(judge(swallowed).result, 'blocked');
  assert.match(judge(swallowed).limits.join(' '), /not told that what it writes is lost/);
});

test('one change is enough for not blocked, whatever else is missing', () => {
  for (const number of ATTEMPTS.map((record) => record.number)) {
    const facts = changed((record) => (record.number === number ? { changed: 'yes' } : {}));
    assert.equal(judge(facts).result, 'not-blocked');
    assert.equal(
      judge({ ...facts, stopped: 'pulled out', reads: { before: null, after: null, why: 'x' } }).result,
      'not-blocked',
    );
  }
  const elsewhere = { ...BLOCKED.reads, after: { sha256: 'cd'.repeat(32), bytes: SIZE } };
  assert.equal(judge({ ...BLOCKED, reads: elsewhere }).result, 'not-blocked');
});

test('inconclusive, with what was missing', () => {
  const cases: readonly (readonly [JudgedFacts, RegExp])[] = [
    [{ ...BLOCKED, attempts: [] }, /none was tried/],
    [{ ...BLOCKED, stopped: 'stopped by SIGINT' }, /SIGINT/],
    [{ ...BLOCKED, reads: { ...BLOCKED.reads, after: null, why: 'EIO' } }, /not read before and after: EIO/],
    [{ ...BLOCKED, reads: { ...BLOCKED.reads, before: null } }, /not read before and after/],
    [{ ...BLOCKED, capacity: { ...BLOCKED.capacity, after: null } }, /capacity/],
    [{ ...BLOCKED, capacity: { ...BLOCKED.capacity, after: SIZE - 512 } }, /capacity/],
    [{ ...BLOCKED, capacity: { marker: SIZE + 512, before: SIZE, after: SIZE } }, /capacity/],
    [changed(({ number }) => (number === 3 ? { changed: 'unknown' } : {})), /1 attempts did could not be looked at/],
    [
      changed(({ layer }) => (layer === 'sg-io' ? { answer: 'not-carried-out', said: 'sg_raw is not installed' } : {})),
      /No write by SG_IO was answered at the start of the disk \(sg_raw is not installed\)/,
    ],
    // The host's own policy is no answer of a device.
    [changed(({ layer }) => (layer === 'sg-io' ? { answer: 'refused-by-kernel' } : {})), /No write by SG_IO/],
    // Not ready, a unit attention, a medium error: no answer to the question either.
    [changed(({ layer }) => (layer === 'sg-io' ? { answer: 'failed' } : {})), /No write by SG_IO/],
    [
      changed(({ layer, place }) => (layer === 'block-layer' && place === 'end' ? { answer: 'not-carried-out' } : {})),
      /No write through the block layer was answered at the end/,
    ],
    // A disk that knows no WRITE(16) says so to everybody.
    [changed(({ kind }) => (kind === 'write-10' ? { answer: 'failed' } : {})), /No write by SG_IO/],
    // Other kinds make up for no plain write.
    [
      changed(({ kind }) => (kind === 'write-10' || kind === 'write-16' ? { answer: 'not-carried-out' } : {})),
      /No write by SG_IO/,
    ],
  ];
  for (const [facts, why] of cases) {
    const { result, why: reasons } = judge(facts);
    assert.equal(result, 'inconclusive', String(why));
    assert.match(reasons.join('\n'), why);
  }
});

test('where WRITE(10) does not reach, WRITE(16) is what counts', () => {
  const facts = changed(({ kind, place }) =>
    kind === 'write-10' && place === 'end' ? { answer: 'not-carried-out', call: '' } : {},
  );
  assert.equal(judge(facts).result, 'blocked');
});

test('never blocked by less than is needed, over any mixture of answers', () => {
  const one = fc.record({
    answer: fc.constantFrom(...ANSWERS),
    changed: fc.constantFrom('no' as const, 'no' as const, 'no' as const, 'yes' as const, 'unknown' as const),
  });
  fc.assert(
    fc.property(fc.array(one, { minLength: 20, maxLength: 20 }), fc.integer({ min: 0, max: 20 }), (answers, kept) => {
      const attempts = ATTEMPTS.slice(0, kept).map((record, index) => ({ ...record, ...answers[index] }));
      if (judge({ ...BLOCKED, attempts }).result !== 'blocked') return;
      assert.ok(attempts.every((record) => record.changed === 'no'));
      for (const place of ['start', 'middle', 'end']) {
        const told = attempts.filter(
          (record) => record.place === place && /^write-(direct|buffered|10|16)$/.test(record.kind),
        );
        assert.ok(told.some(({ layer, answer }) => layer === 'sg-io' && /^(accepted|refused-by-device)$/.test(answer)));
        assert.ok(told.some(({ layer, answer }) => layer === 'block-layer' && /^(accepted|refused-by-)/.test(answer)));
      }
    }),
  );
});
