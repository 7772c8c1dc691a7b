import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import type { AcquireResult } from '../../src/acquire/job.ts';
import { acquireSummary } from '../../src/cli/screen/acquire-summary.ts';

type Closed = Extract<AcquireResult, { ended: 'closed' }>;

const CLOSED: Closed = {
  ended: 'closed',
  outcome: 'complete',
  folder: '/e/C-1/HDD-01',
  manifestName: 'HDD-01.manifest.json',
  seal: { evidenceId: 'HDD-01', sha256: 'a'.repeat(64), fingerprint: 'SHA256:abc' },
  digests: [],
  unreadableBytes: 0,
  unreadableRanges: 0,
  readBack: 'match',
  sourceCheck: 'match',
};
const EQUAL = 'source and image hashes match';

describe('the last words of acquire', () => {
  test('both readings from the medium: said without reserve', () => {
    const text = acquireSummary({ ...CLOSED, readBackCache: 'yes', sourceCheckCache: 'yes' });
    assert.match(text, /equals the data read\. A second reading of the source gave the same: source and image/);
  });

  test('where it is unknown, that is said of each', () => {
    const text = acquireSummary({ ...CLOSED, readBackCache: 'unknown', sourceCheckCache: 'unknown' });
    assert.equal(text.match(/whether from the medium or from memory is unknown/g)?.length, 2);
    assert.ok(text.includes(EQUAL));
  });

  test('from memory: said, and nothing is claimed of the source', () => {
    const text = acquireSummary({ ...CLOSED, readBackCache: 'no', sourceCheckCache: 'no' });
    assert.equal(text.match(/from memory, possibly not from the medium/g)?.length, 2);
    assert.ok(!text.includes(EQUAL));
    const gaps = acquireSummary({ ...CLOSED, unreadableBytes: 512, sourceCheckCache: 'no' });
    assert.match(gaps, /the same where the source could be read \(from memory/);
  });
});
