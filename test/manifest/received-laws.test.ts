import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { encodeManifest } from '../../src/manifest/encode.ts';
import { parseManifest } from '../../src/manifest/parse.ts';
import { hasMismatch } from '../../src/manifest/outcome.ts';
import type { ReceivedSection, SectionStream } from '../../src/manifest/received-schema.ts';
import { confirmedBytes } from '../../src/manifest/received-account.ts';
import { receivedLines, wayWords } from '../../src/manifest/report-received.ts';
import type { Manifest } from '../../src/manifest/schema.ts';
import type { ToldEnd } from '../../src/model/listen.ts';
import { sampleManifest } from '../support/sample-manifest.ts';
import { remoteManifest } from '../support/sample-remote.ts';
import { sentManifest } from '../support/sent.ts';
import { withSessions } from '../support/told.ts';

function faultsOf(manifest: Manifest): string[] {
  const parsed = parseManifest(encodeManifest(manifest));
  return parsed.ok ? [] : parsed.faults;
}

describe('laws of a disk that another machine sent', () => {
  const local = sampleManifest();
  const M = withSessions(sentManifest(whole(local)));
  const R = M.source.received!;
  const [stream] = R.streams as [SectionStream];
  const ended = stream.ended!;
  const section = (change: Partial<ReceivedSection>): Manifest => ({
    ...M,
    source: { ...M.source, received: { ...R, ...change } },
  });
  const streams = (...all: SectionStream[]): Manifest => section({ streams: all });
  const asEnded = (change: Partial<typeof ended>, hash: SectionStream['hash'] = stream.hash): Manifest =>
    streams({ ...stream, hash, ended: { ...ended, ...change } });

  const HALF = { received: 5_120, end: 'ended-early' as const, told: null, sha256: null };
  /** Sessions that went on from these places; all but the last stopped. */
  const sittings = (...from: number[]): Manifest['sessions'] =>
    from.map((at, index) => {
      const [last, to = M.source.size] = [index === from.length - 1, from[index + 1]];
      const end = last ? {} : { how: 'stopped' as const, code: 'interrupted', message: 'stopped' };
      return { ...M.sessions[0]!, ...end, from: at, to };
    });

  const setting = (change: Partial<Manifest['acquisition']['settings']>): Manifest => ({
    ...M,
    acquisition: { ...M.acquisition, settings: { ...M.acquisition.settings, ...change } },
  });

  /** A stream that ended early with these words, and another one that gave the rest. */
  const early = (told: ToldEnd, hash: SectionStream['hash'] = 'not-confirmed'): Manifest => ({
    ...section({
      listened: [...R.listened, { ...R.listened[0]!, offset: 5_120 }],
      streams: [
        { ...stream, hash, ended: { received: 5_120, end: 'ended-early', told, sha256: 'a'.repeat(64) } },
        {
          ...{ ...stream, offset: 5_120 },
          ended: { ...ended, received: M.source.size - 5_120, told: { ...ended.told!, bytes: M.source.size - 5_120 } },
        },
      ],
    }),
    sessions: sittings(0, 5_120),
  });

  test('a sender that was ended there, and had hashed more than came, is no difference', () => {
    const manifest = early({ exit: 141, sha256: 'c'.repeat(64), bytes: 5_632 });
    assert.deepEqual(faultsOf(manifest), []);
    assert.equal(hasMismatch(manifest), false);
    const lines = receivedLines(manifest.source.received, M.source.size).join('\n');
    assert.match(lines, /NOT CONFIRMED: the target told the hash of 5,632 bytes, and 5,120 arrived/);
  });

  test('an early end with another hash of as many bytes is a mismatch, and the report says so', () => {
    const manifest = early({ exit: 1, sha256: 'c'.repeat(64), bytes: 5_120 });
    assert.equal(hasMismatch(manifest), true);
    assert.match(
      receivedLines(manifest.source.received, M.source.size).join('\n'),
      /MISMATCH: what arrived on a stream/,
    );
  });

  test('by TLS the report says what the commands check, and that nobody here saw it; nothing where nobody came', () => {
    const fingerprint = 'b'.repeat(64);
    const tls = { protocol: 'TLSv1.3', cipher: 'x' };
    const sent: ReceivedSection = {
      ...{ ...R, plaintext_reason: null, encrypted: true, certificate_check: 'not-known' },
      listened: R.listened.map((each) => ({ ...each, fingerprint })),
      streams: [{ ...stream, tls }],
    };
    assert.match(wayWords(sent), /TLS.*the token of the command/);
    assert.match(wayWords(sent), new RegExp(`fingerprint \\(${fingerprint}\\).*not known here whether`));
    assert.doesNotMatch(wayWords(sent), /sender held|checked our certificate/);
    assert.match(wayWords({ ...sent, streams: [] }), /was to be TLS; nobody was let in$/);
    assert.match(wayWords(R), /NOT encrypted, and NOT authenticated: a lab of our own/);
  });

  test('the sample keeps them', () => {
    assert.deepEqual(faultsOf(M), []);
  });

  const table: Record<string, [Manifest, RegExp]> = {
    'held in another way': [
      { ...M, source: { ...M.source, held_by: 'nothing' } },
      /held_by is nothing, though the source was sent/,
    ],
    'a stream of a disk of this station': [
      { ...local, source: { ...local.source, held_by: 'stream' } },
      /held_by is stream, though the source was not sent/,
    ],
    'another reader': [
      { ...M, acquisition: { ...M.acquisition, reader: { ...M.acquisition.reader, name: 'dd' } } },
      /reader\.name is dd, though the source was sent/,
    ],
    'a session that read it here': [
      { ...M, sessions: M.sessions.map((each) => ({ ...each, reader: { ...each.reader, name: 'dd' as const } })) },
      /took the source in another way/,
    ],
    'nobody gave leave': [{ ...M, case: { ...M.case, authority: null } }, /by whose leave/],
    'a blocker': [
      { ...M, guard: { ...M.guard, verdict: 'known-blocker' } },
      /guard\.verdict is known-blocker for a disk/,
    ],
    'another size': [section({ expect_size: 512 }), /expect_size is not source\.size/],
    'looked at afterwards': [
      { ...M, source: { ...M.source, identity_after: M.source.identity_before } },
      /was never looked at/,
    ],
    'called encrypted': [section({ encrypted: true }), /encrypted contradicts/],
    'a check of a certificate that was none': [
      section({ certificate_check: 'not-known' }),
      /certificate_check contradicts/,
    ],
    'the reason of another': [section({ plaintext_reason: 'x' }), /not the reason of the override/],
    'a second reading': [setting({ verify_source: true }), /what a stream can not give/],
    'further reads': [setting({ retries: 1 }), /what a stream can not give/],
    'passes over it': [setting({ recovery: 'deferred' }), /what a stream can not give/],
    'a sector that could not be read': [{ ...M, read_map: { ...M.read_map, unreadable: 512 } }, /tells of no sector/],
    'a sector that failed': [{ ...M, read_map: { ...M.read_map, failed: 512 } }, /tells of no sector/],
    'read over SSH, too': [
      { ...M, source: { ...M.source, remote: remoteManifest().source.remote } },
      /received and source\.remote are both set/,
    ],
    'a file': [{ ...M, source: { ...M.source, kind: 'file' } }, /though the source is no device/],
    'held here in one session of two': [
      { ...M, sessions: [...M.sessions, ...withSessions(local).sessions] },
      /took the source in another way/,
    ],
    'held here, though it was sent': [
      {
        ...M,
        sessions: M.sessions.map((each) => ({ ...each, attachments: local.sessions[0]!.attachments })),
      },
      /took the source in another way/,
    ],
    'one fingerprint of two': [
      section({ listened: [...R.listened, { ...R.listened[0]!, fingerprint: 'b'.repeat(64) }] }),
      /a fingerprint goes with TLS/,
    ],
    'a fingerprint of nothing': [
      section({ listened: R.listened.map((each) => ({ ...each, fingerprint: 'b'.repeat(64) })) }),
      /a fingerprint goes with TLS/,
    ],
    'more refused than counted': [section({ refused: { ...R.refused, count: 0 } }), /counts 0, and tells of 1/],
    'encrypted on a plain way': [
      streams({ ...stream, tls: { protocol: 'TLSv1.3', cipher: 'x' } }),
      /tls goes with an encrypted way/,
    ],
    'from behind the end': [streams({ ...stream, offset: M.source.size }), /its offset is not inside/],
    'never asked for': [section({ listened: [] }), /no command was shown for its offset/],
    'from elsewhere': [streams({ ...stream, address: '198.51.100.1' }), /its address was not to be let in/],
    'let in by what is no network': [
      section({ listened: R.listened.map((each) => ({ ...each, allowed: ['box'] })) }),
      /its address was not to be let in/,
    ],
    'called confirmed, and not compared': [
      streams({ ...stream, ended: { ...ended, told: null } }),
      /hash is confirmed; from its end it is not-confirmed/,
    ],
    'told without a promise': [
      streams({ ...stream, tells: false, hash: 'not-promised' }),
      /a hash was told, though none was promised/,
    ],
    'complete, and short': [asEnded({ received: 512 }), /512 bytes came of 10000, and its end is complete/],
    'too much, and not more': [asEnded({ end: 'too-much' }), /10000 bytes came of 10000, and its end is too-much/],
    'complete, and other hashes': [
      asEnded({ sha256: 'c'.repeat(64) }, 'differs'),
      /its end is complete, though what was told differs/,
    ],
    'differs, and the same': [asEnded({ end: 'hash-differs' }, 'differs'), /though what was told does not differ/],
    'complete, and dd failed': [
      asEnded({ told: { exit: 1, sha256: ended.sha256, bytes: null } }),
      /its end is complete, though the target told 1 of dd/,
    ],
    'complete after a hash that differs': [
      asEnded({ end: 'hash-differs', sha256: 'c'.repeat(64) }, 'differs'),
      /one ended as hash-differs, though the outcome is complete/,
    ],
    'complete, and another count': [
      asEnded({ told: { ...ended.told!, bytes: M.source.size + 512 } }),
      /its end is complete, though what was told differs/,
    ],
    'called ended early, and other hashes of as many bytes': [
      early({ exit: 1, sha256: 'c'.repeat(64), bytes: 5_120 }),
      /its end is ended-early, though what was told differs/,
    ],
    'complete after an early end with another hash of as many bytes': [
      early({ exit: 1, sha256: 'c'.repeat(64), bytes: 5_120 }),
      /one ended as hash-differs, though the outcome is complete/,
    ],
    'complete after an early end with another hash of nobody knows how many': [
      early({ exit: 1, sha256: 'c'.repeat(64), bytes: null }),
      /one ended as hash-differs, though the outcome is complete/,
    ],
    'complete after an early end of which less was sent than came': [
      early({ exit: 1, sha256: 'c'.repeat(64), bytes: 5_119 }),
      /one ended as hash-differs, though the outcome is complete/,
    ],
    'an early end called confirmed, of which more was hashed than came': [
      early({ exit: 141, sha256: 'c'.repeat(64), bytes: 5_632 }, 'confirmed'),
      /hash is confirmed; from its end it is not-confirmed/,
    ],
    'complete after too much': [
      streams({ ...stream, ended: { ...ended, end: 'too-much', received: M.source.size + 1 } }, stream),
      /one ended as too-much, though the outcome is complete/,
    ],
    'complete after dd had failed': [
      streams(
        {
          ...stream,
          ended: { ...ended, end: 'sender-failed', told: { exit: 1, sha256: null, bytes: null } },
          hash: 'not-confirmed',
        },
        stream,
      ),
      /one ended as sender-failed, though the outcome is complete/,
    ],
    'complete, and no stream came to the end': [
      asEnded({ end: 'ended-early', received: 9_000 }),
      /none came to the end of the disk/,
    ],
    'more read than came': [asEnded({ end: 'ended-early', received: 9_000 }), /do not reach as far as/],
    'half without a hash, and all of it once more in the same place': [
      {
        ...streams({ ...stream, tells: false, hash: 'not-promised', ended: HALF }, stream),
        sessions: sittings(0, 5_120),
      },
      /a session takes one, from where it goes on, and these are others/,
    ],
    'two streams in one session': [
      streams({ ...stream, tells: false, hash: 'not-promised', ended: HALF }, stream),
      /a session takes one, from where it goes on, and these are others/,
    ],
    'streams in another order than the sessions': [
      {
        ...streams({ ...stream, offset: 5_120 }, stream),
        sessions: sittings(0, 5_120),
      },
      /a session takes one, from where it goes on, and these are others/,
    ],
    'a gap between streams': [
      section({
        listened: [{ ...R.listened[0]!, offset: 512 }],
        streams: [{ ...stream, offset: 512, ended: { ...ended, received: M.source.size - 512 } }],
      }),
      /do not reach as far as/,
    ],
  };
  for (const [name, [manifest, fault]] of Object.entries(table))
    test(name, () => {
      const faults = faultsOf(manifest);
      assert.ok(
        faults.some((each) => fault.test(each)),
        `${String(fault)}\n${faults.join('\n')}`,
      );
    });

  test('what counts as confirmed is what came on confirmed streams and was not overwritten by later ones', () => {
    const part = (offset: number, received: number, hash: SectionStream['hash']): SectionStream => ({
      ...stream,
      offset,
      hash,
      ended: { ...ended, received },
    });
    assert.equal(confirmedBytes([part(0, 10_000, 'confirmed')], 10_000), 10_000);
    assert.equal(confirmedBytes([part(0, 5_000, 'confirmed'), part(4_096, 5_904, 'not-confirmed')], 10_000), 4_096);
    assert.equal(confirmedBytes([part(0, 5_000, 'not-confirmed'), part(4_096, 5_904, 'confirmed')], 10_000), 5_904);
    assert.equal(confirmedBytes([part(0, 5_000, 'confirmed'), part(512, 9_488, 'confirmed')], 10_000), 10_000);
    assert.equal(confirmedBytes([{ ...stream, ended: null }], 10_000), 0);
  });
});

/** A stream tells of no sector that could not be read. */
function whole(manifest: Manifest): Manifest {
  const { read_map, pieces, source } = manifest;
  return {
    ...manifest,
    outcome: 'complete',
    pieces: { ...pieces, with_unreadable: [] },
    read_map: { ...read_map, good: source.size, unreadable: 0, ranges: [] },
  };
}
