import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { inconsistencies } from '../../src/manifest/consistency.ts';
import type { ReceivedSection, SectionStream } from '../../src/manifest/received-schema.ts';
import type { Manifest } from '../../src/manifest/schema.ts';
import { incompleteManifest, sampleManifest } from '../support/sample-manifest.ts';
import { sentManifest } from '../support/sent.ts';
import { withSessions } from '../support/told.ts';

const M = withSessions(sentManifest(sampleManifest()));
const CLOSED = withSessions(sentManifest(incompleteManifest()));
const R = M.source.received!;
const [stream] = R.streams as [SectionStream];
const ended = stream.ended!;
const SIZE = M.source.size;

function but(manifest: Manifest, change: Partial<ReceivedSection>): Manifest {
  return { ...manifest, source: { ...manifest.source, received: { ...R, ...change } } };
}

/** One stream, and how it ended. */
function end(manifest: Manifest, change: Partial<typeof ended> | null, hash: SectionStream['hash']): Manifest {
  return but(manifest, { streams: [{ ...stream, hash, ended: change === null ? null : { ...ended, ...change } }] });
}

describe('how the streams of a sent disk ended', () => {
  const FAILED = { end: 'sender-failed' as const, told: { exit: 1, sha256: null, bytes: null } };
  const session = M.sessions[0]!;
  const stopped = { ...session, how: 'stopped' as const, code: 'interrupted', message: 'stopped', to: 0 };
  const cut = { ...ended, received: 512, end: 'ended-early' as const, told: null };
  const kept: Record<string, Manifest> = {
    'too much, and closed': end(CLOSED, { end: 'too-much', received: SIZE + 1 }, 'not-confirmed'),
    'dd failed, and closed': end(CLOSED, FAILED, 'not-confirmed'),
    'killed, and closed': end(CLOSED, null, 'not-confirmed'),
    'nobody told of dd': end(M, { told: { ...ended.told!, exit: null } }, 'confirmed'),
    'shown twice, and for others then': but(M, {
      listened: [...R.listened, { ...R.listened[0]!, allowed: ['198.51.100.0/24'] }],
    }),
    'cut off before anything was kept, and once more from there': {
      ...but(M, { streams: [{ ...stream, ended: cut, hash: 'not-confirmed' }, stream] }),
      sessions: [stopped, session],
    },
  };
  for (const [name, manifest] of Object.entries(kept))
    test(`kept: ${name}`, () => {
      assert.deepEqual(inconsistencies(manifest), []);
    });

  const NONE = /none came to the end of the disk, though the outcome is complete/;
  const untold = { ...stream, tells: false, hash: 'not-promised' as const };
  const forged: Record<string, [Manifest, RegExp]> = {
    'sender-failed, and dd did not': [
      end(CLOSED, { ...FAILED, told: { ...FAILED.told, exit: 0 } }, 'not-confirmed'),
      /its end is sender-failed, though the target told 0 of dd/,
    ],
    'sender-failed, and nobody told': [
      end(CLOSED, { ...FAILED, told: null }, 'not-confirmed'),
      /its end is sender-failed, though the target told nothing of dd/,
    ],
    'sender-failed, and short': [
      end(CLOSED, { ...FAILED, received: 512 }, 'not-confirmed'),
      /512 bytes came of 10000, and its end is sender-failed/,
    ],
    'a command for another place': [
      but(M, { listened: [{ ...R.listened[0]!, offset: 512 }] }),
      /no command was shown for its offset/,
    ],
    'a hash without a promise': [
      but(M, { streams: [{ ...untold, ended: { ...ended, told: null } }] }),
      /a hash was told, though none was promised/,
    ],
    'words without a promise': [
      but(M, { streams: [{ ...untold, ended: { ...ended, sha256: null } }] }),
      /a hash was told, though none was promised/,
    ],
    'complete, and all came on a stream that broke off': [end(M, { end: 'ended-early' }, 'confirmed'), NONE],
    'complete, and nobody knows how it ended': [end(M, null, 'not-confirmed'), NONE],
    'complete, and the stream is a short one': [end(M, { received: 512 }, 'differs'), NONE],
  };
  for (const [name, [manifest, fault]] of Object.entries(forged))
    test(`forged: ${name}`, () => {
      const faults = inconsistencies(manifest);
      assert.ok(
        faults.some((line) => fault.test(line)),
        faults.join('\n'),
      );
    });
});
