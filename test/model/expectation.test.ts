import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import fc from 'fast-check';
import { known, unknown, type Fact } from '../../src/model/device.ts';
import { expectation, hoursAndMinutes, type ExpectationFacts } from '../../src/model/expectation.ts';

const MB = 1_000_000;
const NOT = unknown<number>('nobody looked');
const FACTS: ExpectationFacts = {
  toRead: 1000 * MB,
  size: 1000 * MB,
  link: known(500 * MB),
  writing: known(100 * MB),
  hashing: known(250 * MB),
  hashingAgain: known(250 * MB),
  readBack: false,
  verifySource: false,
};

describe('what a job will take at least', () => {
  const cases: [string, Partial<ExpectationFacts>, (string | number | null)[]][] = [
    ['the slowest is the bottleneck: the destination', {}, ['destination', 100 * MB, 10, 10]],
    ['hashing', { hashing: known(50 * MB) }, ['hashing', 50 * MB, 20, 20]],
    ["the source's link", { link: known(35 * MB) }, ['source link', 35 * MB, 29, 29]],
    ['of equals the first', { link: known(100 * MB) }, ['source link', 100 * MB, 10, 10]],
    ['what is not known limits nothing', { writing: NOT }, ['hashing', 250 * MB, 4, 4]],
    ['nothing is known', { link: NOT, writing: NOT, hashing: NOT }, [null, null, null, null]],
    ['the read-back is counted by hashing', { readBack: true }, ['destination', 100 * MB, 10, 14]],
    ['of which nothing is known', { readBack: true, hashingAgain: NOT }, ['destination', 100 * MB, 10, 10]],
    ['the second reading writes nothing', { verifySource: true }, ['destination', 100 * MB, 10, 14]],
    ['only the rest is read; all is read back', { toRead: 500 * MB, readBack: true }, ['destination', 100 * MB, 5, 9]],
    ['nothing is left to read', { toRead: 0 }, ['destination', 100 * MB, 0, 0]],
  ];
  for (const [name, change, [bottleneck, rate, reading, all]] of cases) {
    test(name, () => {
      const found = expectation({ ...FACTS, ...change });
      assert.deepEqual(
        [found.reading.bottleneck, found.reading.bytesPerSecond, found.reading.seconds, found.seconds],
        [bottleneck, rate, reading, all],
      );
    });
  }

  test('what is not known is named', () => {
    const { reading, readBack, secondReading } = expectation({ ...FACTS, link: NOT, writing: NOT, readBack: true });
    assert.deepEqual(
      [reading.open, readBack?.open, secondReading],
      [['source link', 'destination'], ['reading back'], null],
    );
  });

  const rate: fc.Arbitrary<Fact<number>> = fc.oneof(
    fc.constant(NOT),
    fc.integer({ min: 1, max: 10_000 * MB }).map((value) => known(value)),
  );
  const size = fc.integer({ min: 0, max: 20_000_000 * MB });
  const facts = fc.record({
    toRead: size,
    size,
    link: rate,
    writing: rate,
    hashing: rate,
    hashingAgain: rate,
    readBack: fc.boolean(),
    verifySource: fc.boolean(),
  });

  test('never faster than anything that is known, and never slower than all of it', () => {
    fc.assert(
      fc.property(facts, (given) => {
        const { reading } = expectation(given);
        const limits = [given.link, given.writing, given.hashing].flatMap((fact) => (fact.known ? [fact.value] : []));
        for (const limit of limits) assert.ok((reading.bytesPerSecond ?? Infinity) <= limit);
        assert.equal(reading.bytesPerSecond, limits.length === 0 ? null : Math.min(...limits));
        assert.equal(reading.open.length + limits.length, 3);
        if (reading.seconds !== null)
          for (const limit of limits) assert.ok(reading.seconds >= Math.floor(given.toRead / limit));
      }),
    );
  });

  test('more to read never takes less', () => {
    fc.assert(
      fc.property(facts, size, (given, more) => {
        const [less, longer] = [given, { ...given, toRead: given.toRead + more, size: given.size + more }].map(
          expectation,
        );
        assert.ok((less?.seconds ?? 0) <= (longer?.seconds ?? 0));
        assert.equal(less?.seconds === null, longer?.seconds === null);
      }),
    );
  });
});

test('hours and minutes, rounded up', () => {
  const cases: [number, string][] = [
    [0, 'about 0 s or more'],
    [59, 'about 59 s or more'],
    [60, 'about 00:01 h or more'],
    [61, 'about 00:02 h or more'],
    [8040, 'about 02:14 h or more'],
    [360_001, 'about 100:01 h or more'],
  ];
  for (const [seconds, words] of cases) assert.equal(hoursAndMinutes(seconds), words);
});
