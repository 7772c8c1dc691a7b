import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test, { describe } from 'node:test';
import fc from 'fast-check';
import { exitOf, REQUIRED, type Check, type CheckStatus } from '../../src/verify/report.ts';
import { samplePieces } from '../../src/verify/sample.ts';

const ALL_GOOD: Check[] = REQUIRED.map((name) => ({ name, status: 'ok', message: '' }));

describe('exitOf', () => {
  test('0 only when every required check is there and went well', () => {
    assert.equal(exitOf(ALL_GOOD), 0);
    assert.equal(exitOf([]), 4);
    for (const name of REQUIRED) assert.equal(exitOf(ALL_GOOD.filter((check) => check.name !== name)), 4, name);
  });

  test('damage before what is not valid, that before what is not established', () => {
    const statuses = fc.array(
      fc.constantFrom<CheckStatus>('ok', 'damaged', 'invalid', 'unestablished', 'not-checked'),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(statuses, (list) => {
        const checks = [...ALL_GOOD, ...list.map((status): Check => ({ name: 'files', status, message: '' }))];
        const due = list.includes('damaged')
          ? 13
          : list.includes('invalid')
            ? 14
            : list.some((status) => status !== 'ok')
              ? 4
              : 0;
        assert.equal(exitOf(checks), due);
      }),
    );
  });
});

describe('samplePieces', () => {
  test('is what sha256sum and sort choose', () => {
    const script = `for i in $(seq 0 39); do echo "$(printf 'exhibit-sample:the seed:%d' $i | sha256sum | cut -c1-12) $i"; done | sort | head -n 7 | cut -d' ' -f2 | sort -n`;
    const chosen = execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trim().split('\n').map(Number);
    assert.deepEqual(samplePieces(40, 7, 'the seed'), chosen);
  });

  test('so many different pieces in order; a larger sample holds the smaller', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 320 }),
        fc.string(),
        (total, count, seed) => {
          const chosen = samplePieces(total, count, seed);
          assert.equal(chosen.length, Math.min(total, count));
          assert.deepEqual(
            chosen,
            [...new Set(chosen)].sort((a, b) => a - b),
          );
          assert.ok(chosen.every((index) => index >= 0 && index < total));
          const more = new Set(samplePieces(total, count + 1, seed));
          assert.ok(chosen.every((index) => more.has(index)));
        },
      ),
    );
  });

  test('another seed, another choice', () => {
    assert.notDeepEqual(samplePieces(1000, 10, 'a'), samplePieces(1000, 10, 'b'));
  });
});
