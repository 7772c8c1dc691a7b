import assert from 'node:assert/strict';
import test, { after, before, describe } from 'node:test';
import type { Manifest } from '../../src/manifest/schema.ts';
import { SIZE, type FolderSpec, type Told } from '../support/evidence-folder.ts';
import { sentManifest, tellSent } from '../support/sent.ts';
import { makeBench, troubles, verify, type Bench } from './verify-support.ts';

const OTHER = 'c'.repeat(64);

describe('a folder of a disk that was sent, and the journal of its streams', () => {
  let bench: Bench;
  before(() => {
    bench = makeBench();
  });
  after(() => {
    bench.remove();
  });

  /** A sent disk; the journal tells something else of one kind of record. */
  const forged = (
    type: string,
    change: (data: Told['data']) => Told['data'] | null,
    at = SIZE,
  ): Partial<FolderSpec> => {
    let made: Manifest | null = null;
    return {
      ...(at === SIZE ? {} : { stoppedAt: at }),
      change: (manifest) => (made = sentManifest(manifest)),
      tell: (told) =>
        made === null
          ? told
          : tellSent(made, told).flatMap((each) => {
              if (each.type !== type) return [each];
              const data = change(each.data);
              return data === null ? [] : [{ ...each, data }];
            }),
    };
  };
  const judged = async (spec: Partial<FolderSpec>): Promise<{ exit: number; said: string }> => {
    const report = await verify(bench.make(spec), { signersFile: bench.signers });
    return { exit: report.exit, said: troubles(report) };
  };

  test('what both tell of is sound', async () => {
    assert.deepEqual(await judged(forged('none', () => null)), { exit: 0, said: '' });
  });

  const table: Record<string, [string, (data: Told['data']) => Told['data'] | null, RegExp]> = {
    'a hash that differs': [
      'stream-ended',
      (data) => ({ ...data, end: 'hash-differs', sha256: OTHER }),
      /it tells of a stream that ended as hash-differs; the manifest says complete/,
    ],
    'an early end with another hash of as many bytes': [
      'stream-ended',
      (data) => ({ ...data, end: 'ended-early', received: 512, told: { exit: 1, sha256: OTHER, bytes: 512 } }),
      /it tells of a stream that ended as hash-differs; the manifest says complete/,
    ],
    'too much': [
      'stream-ended',
      (data) => ({ ...data, end: 'too-much', received: SIZE + 1 }),
      /it tells of a stream that ended as too-much; the manifest says complete/,
    ],
    'a dd that failed': [
      'stream-ended',
      (data) => ({ ...data, end: 'sender-failed', told: { exit: 1, sha256: null, bytes: null } }),
      /it tells of a stream that ended as sender-failed; the manifest says complete/,
    ],
    'no end': ['stream-ended', () => null, /source\.received is not what it tells of the streams that came/],
    'another end': ['stream-ended', (data) => ({ ...data, end: 'left-open' }), /source\.received is not what it tells/],
    'another sender': ['stream-admitted', (data) => ({ ...data, address: '192.0.2.8' }), /source\.received is not/],
    'no stream': ['stream-admitted', () => null, /a stream ends that was not let in/],
    'an end that is none': [
      'stream-ended',
      (data) => ({ ...data, end: 'fine' }),
      /is not what a record of type stream-ended/,
    ],
    'another port': ['listening', (data) => ({ ...data, port: 1 }), /source\.received is not/],
    'fewer refused': ['stream-refused', () => null, /source\.received is not/],
  };
  for (const [name, [type, change, words]] of Object.entries(table))
    test(`the journal tells of ${name}, the manifest does not: 13`, async () => {
      const { exit, said } = await judged(forged(type, change));
      assert.equal(exit, 13, said);
      assert.match(said, words);
      assert.match(said, /^damaged journal/m);
    });

  test('the manifest began with another reason than the journal: 13', async () => {
    const spec = forged('begin', (data) => {
      const copy = structuredClone(data) as { head: { source: { received: { plaintext_reason: string } } } };
      copy.head.source.received.plaintext_reason = 'none';
      return copy;
    });
    const { exit, said } = await judged(spec);
    assert.equal(exit, 13, said);
    assert.match(said, /source\.received is not/);
  });
});
