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
  failedReads: { count: 0, ms: 0 },
  unstablePlaces: 0,
  sessions: 1,
  pauses: 0,
  remote: null,
  received: null,
  map: '+',
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

  test('a smooth run says nothing of costs and sessions; another says all of it', () => {
    assert.doesNotMatch(acquireSummary(CLOSED), /failed|UNSTABLE|sessions|away/);
    const text = acquireSummary({
      ...CLOSED,
      failedReads: { count: 12, ms: 6140 },
      unstablePlaces: 1,
      sessions: 3,
      pauses: 2,
    });
    assert.match(text, /^ {2}12 failed reads, 6\.1 s of the drive's own retries\.$/m);
    assert.match(
      text,
      /^ {2}UNSTABLE: 1 place answered differently when read again; the image has the first answer\.$/m,
    );
    assert.match(text, /^ {2}3 sessions: it was cut off and resumed; the source was away 2 times\.$/m);
  });

  test('of a disk of another machine: what it is worth, on whose word; of one here nothing of that', () => {
    assert.doesNotMatch(acquireSummary(CLOSED), /The source was|On its way|hashed there/);
    const remote = acquireSummary({ ...CLOSED, remote: { state: 'live', proof: 'none' } });
    assert.match(remote, /^ {2}The source was live\.\n {2}What was sent, hashed there: none\.$/m);
    const received = acquireSummary({ ...CLOSED, received: { state: 'live', way: 'NOT encrypted', proof: 'none' } });
    assert.match(
      received,
      /^ {2}The source was live\.\n {2}On its way: NOT encrypted\.\n {2}What was sent, .*: none\.$/m,
    );
    // Nobody here read it.
    assert.match(received, /^ACQUIRED\. As many bytes came as the disk has by --expect-size\.$/m);
    assert.match(received, /equals what arrived/);
    assert.doesNotMatch(received, /was read\.|data read/);
  });

  test('stopped: where, at what cost, and the command that goes on, ready to be typed', () => {
    const stopped: AcquireResult = {
      ended: 'stopped',
      folder: '/e/C-1/it em',
      position: 512,
      size: 4096,
      good: 512,
      unreadableBytes: 0,
      failedReads: { count: 1, ms: 900 },
      map: '+???',
    };
    const text = acquireSummary(stopped);
    assert.match(text, /^STOPPED at 512 bytes of 4,096 bytes/);
    assert.match(text, /^ {2}1 failed read, 0\.9 s of the drive's own retries\.$/m);
    assert.match(text, /^ {2}exhibit resume '\/e\/C-1\/it em'$/m);
    const outOfOrder = acquireSummary({ ...stopped, position: 0, good: 2048 });
    assert.match(
      outOfOrder,
      /^STOPPED\. 2,048 bytes \(2\.0 KiB\) of 4,096 bytes \(4\.0 KiB\) were read, out of order\./,
    );
  });
});
