import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { contradictions } from '../../src/manifest/consistency-journal.ts';
import { encodeManifest } from '../../src/manifest/encode.ts';
import { checkChain, type JournalRecord } from '../../src/manifest/journal-chain.ts';
import { accountOf } from '../../src/manifest/journal-records.ts';
import { parseManifest } from '../../src/manifest/parse.ts';
import type { Manifest, Session } from '../../src/manifest/schema.ts';
import { sessionDurations, sessionsOf } from '../../src/manifest/sessions.ts';
import { weakest } from '../../src/model/verdict.ts';
import { pulledOut, resumed, resumedAt, UNSTABLE } from '../support/resumed.ts';
import { sampleManifest } from '../support/sample-manifest.ts';
import { journalOf, toldBy, withSessions, type Told } from '../support/told.ts';

const R = resumed(sampleManifest());

function recordsOf(told: readonly Told[]): readonly JournalRecord[] {
  return checkChain(journalOf(told).bytes).records;
}

function but(told: readonly Told[], type: string, data: object | null): Told[] {
  return told.flatMap((each) =>
    each.type !== type ? [each] : data === null ? [] : [{ type, data: { ...each.data, ...data } }],
  );
}

describe('the sessions of an acquisition', () => {
  const sessions = sessionsOf(recordsOf(R.told));

  test('are one for each time that somebody sat at it', () => {
    assert.deepEqual(
      sessions.map(({ started, ended, how, code, examiner, station, from, to }) => [
        ...[started, ended, how, code, examiner, station.hostname],
        ...[from, to],
      ]),
      [
        [
          '2026-03-01T09:15:00.000Z',
          '2026-03-01T09:15:06.000Z',
          'stopped',
          'interrupted',
          "J. O'Neil",
          'bench1',
          0,
          6000,
        ],
        ['2026-03-02T10:00:00.000Z', '2026-03-01T09:15:12.000Z', 'finished', null, 'R. Roe', 'bench2', 6000, 10_000],
      ],
    );
    assert.deepEqual(sessionDurations(recordsOf(R.told)), [6000, 5000]);
  });

  test('tell each attachment, and what kept the source away', () => {
    const [first] = sessions;
    assert.deepEqual(
      first?.attachments.map(({ at, path, reread }) => [at, path, reread]),
      [
        ['2026-03-01T09:15:00.000Z', '/dev/sdx', null],
        ['2026-03-01T09:15:04.000Z', '/dev/sdz', { start: 0, end: 4096, differing: [UNSTABLE] }],
      ],
    );
    assert.deepEqual(first.pauses, [
      {
        at: '2026-03-01T09:15:03.000Z',
        position: 4500,
        code: 'source.vanished',
        message: 'it is gone',
        ended: '2026-03-01T09:15:04.000Z',
        waited_ms: 2500,
        outcome: 'reconnected',
      },
    ]);
  });

  test('a pause that nothing ended, and one that was given up', () => {
    const [begin] = toldBy(sampleManifest());
    const [paused] = pulledOut(sampleManifest(), 0);
    const pauses = (...more: Told[]): unknown[] =>
      (sessionsOf(recordsOf([begin!, paused!, ...more]))[0]?.pauses ?? []).map(({ outcome, ended, waited_ms }) => [
        ...[outcome, ended],
        waited_ms,
      ]);
    assert.deepEqual(pauses(), [['session-ended', null, null]]);
    const gaveUp = { type: 'gave-up-waiting', data: { waited_ms: 600_000, message: 'it did not come back' } };
    assert.deepEqual(pauses(gaveUp), [['gave-up', '2026-03-01T09:15:02.000Z', 600_000]]);
  });

  test('a killed one ended without a word; what sealing added is no act of it', () => {
    const silent = R.told.slice(0, 3);
    const sealed = { type: 'sealed-incomplete', data: { reason: 'x', size: 0 } };
    const dropped = { type: 'tail-dropped', data: { offset: 1, bytes: 1, sha256: '' } };
    for (const told of [silent, [...silent, dropped, sealed]]) {
      const [session] = sessionsOf(recordsOf(told));
      assert.deepEqual([session?.how, session?.ended], ['without-a-word', '2026-03-01T09:15:02.000Z']);
    }
    // It said that it closes; whoever seals it as incomplete says that it did not come to that.
    const closing = [...R.told, sealed];
    assert.equal(sessionsOf(recordsOf(closing)).at(-1)?.how, 'without-a-word');
  });

  test('the verdict is the weakest that was seen in them', () => {
    const verdictOf = (told: readonly Told[]): string | undefined => sessionsOf(recordsOf(told))[0]?.verdict;
    const weak = { name: 'none-observed', meaning: 'x', evidence: [] };
    assert.equal(verdictOf(R.told), 'kernel-flag-only');
    assert.equal(verdictOf(but(R.told, 'reconnected', { verdict: weak })), 'none-observed');
    assert.equal(verdictOf(but(R.told, 'stopped', { code: 'guard.write-counted' })), 'contradicted');
  });

  test('weakest: a contradiction, then the least claim; not-applicable only where all are', () => {
    assert.equal(weakest(['known-blocker', 'contradicted', 'none-observed']), 'contradicted');
    assert.equal(weakest(['known-blocker', 'kernel-flag-only']), 'kernel-flag-only');
    assert.equal(weakest(['not-applicable', 'known-blocker']), 'known-blocker');
    assert.equal(weakest(['not-applicable', 'not-applicable']), 'not-applicable');
  });
});

describe('a manifest of two sessions', () => {
  test('keeps its laws, and is the account of its journal', () => {
    const parsed = parseManifest(encodeManifest(R.manifest));
    assert.deepEqual(parsed.ok ? [] : parsed.faults, []);
    assert.deepEqual(contradictions(R.manifest, recordsOf(R.told)), []);
  });

  /** Everything was read and checked, and the program was killed: the next session checks again, and all is well. */
  function checkedTwice(check: string, first: object): Told[] {
    const at = R.told.findIndex(({ type }) => type === 'resumed');
    const read = R.told.find(({ type }) => type === 'read')!;
    return [
      ...R.told.slice(0, at - 1),
      R.told[at + 1]!,
      read,
      { type: check, data: { ...first } },
      resumedAt(R.manifest, 10_000, 'R. Roe'),
      ...R.told.slice(R.told.indexOf(read) + 1),
    ];
  }
  const { read_back } = sampleManifest();
  const differing = [{ start: 0, end: 4096 }];
  const unlike = { ...read_back, state: 'mismatch', differing };

  test('what an earlier session said of its end and its checks is history', () => {
    const told = checkedTwice('read-back', read_back);
    assert.deepEqual(contradictions(withSessions(R.manifest, told), recordsOf(told)), []);
    const other = but(told, 'resumed', { from: 6000 });
    assert.match(contradictions(withSessions(R.manifest, other), recordsOf(other)).join(), /not everything was read/);
  });

  test('but a mismatch that it found: nothing that came after makes it complete', () => {
    const back = checkedTwice('read-back', unlike);
    assert.match(
      contradictions(withSessions(R.manifest, back), recordsOf(back)).join(),
      /the read-back was mismatch; the manifest says match/,
    );
    const second = checkedTwice('source-check', { ...unlike, unreadable: [] });
    assert.match(
      contradictions(withSessions(R.manifest, second), recordsOf(second)).join(),
      /second read of the source was mismatch; the manifest says not-done/,
    );
    const { account } = accountOf(recordsOf(second));
    assert.deepEqual([account.readBack?.state, account.sourceCheck?.state], ['match', 'mismatch']);
  });

  const session = (change: Partial<Session>, index = 0): Manifest => ({
    ...R.manifest,
    sessions: R.manifest.sessions.map((each, at) => (at === index ? { ...each, ...change } : each)),
  });
  const [first] = R.manifest.sessions;
  const pause = first!.pauses[0]!;
  const attachment = first!.attachments[0]!;
  const map = (change: Partial<Manifest['read_map']>): Manifest => ({
    ...R.manifest,
    read_map: { ...R.manifest.read_map, ...change },
  });
  const sessionFault = /the sessions of the manifest are not those/;
  const table: Record<string, [Manifest, RegExp]> = {
    'started at another time': [session({ started: '2026-03-01T09:14:00.000Z' }), sessionFault],
    'ended at another time': [session({ ended: '2026-03-01T09:14:00.000Z' }), sessionFault],
    'a stop that was no stop': [session({ how: 'without-a-word', code: null, message: null }), sessionFault],
    'another code': [session({ code: 'x' }), sessionFault],
    'another message': [session({ message: 'x' }), sessionFault],
    'another program': [session({ tool_version: '9' }), sessionFault],
    'another examiner': [session({ examiner: 'x' }, 1), sessionFault],
    'another station': [session({ station: { ...first!.station, hostname: 'x' } }), sessionFault],
    'another confirmation': [session({ confirmation: 'x' }, 1), sessionFault],
    'an override left out': [session({ overrides: [] }, 1), sessionFault],
    'another reader': [session({ reader: { name: 'direct', version: 'x' } }), sessionFault],
    'another beginning': [session({ from: 1 }, 1), sessionFault],
    'another end': [session({ to: 1 }), sessionFault],
    'a pause left out': [session({ pauses: [] }), sessionFault],
    'a pause elsewhere': [session({ pauses: [{ ...pause, position: 0 }] }), sessionFault],
    'a shorter pause': [session({ pauses: [{ ...pause, waited_ms: 1 }] }), sessionFault],
    'an attachment left out': [session({ attachments: [attachment] }), sessionFault],
    'a re-read that found nothing': [
      session({ attachments: [attachment, { ...first!.attachments[1]!, reread: null }] }),
      sessionFault,
    ],
    'a better verdict': [session({ verdict: 'known-blocker' }), sessionFault],
    'a session left out': [{ ...R.manifest, sessions: R.manifest.sessions.slice(1) }, sessionFault],
    'failed reads that cost less': [map({ failed_reads: { count: 3, ms: 1 } }), /failed reads of the manifest are not/],
    'no failed reads': [map({ failed_reads: { count: 0, ms: 0 } }), /failed reads of the manifest are not/],
    'unstable sectors left out': [map({ unstable: [] }), /unstable sectors of the manifest are not/],
    'other answers': [
      map({ unstable: [{ ...R.manifest.read_map.unstable[0]!, again: 'c'.repeat(64) }] }),
      /unstable sectors of the manifest are not/,
    ],
    'adopted, and nobody did': [map({ adopted: [{ start: 0, end: 512 }] }), /was read by another program is not/],
    'failed, and nothing was': [map({ failed: 512 }), /0 bytes failed and were not given up; the manifest says 512/],
    'of another source': [
      { ...R.manifest, source: { ...R.manifest.source, size: 9999 } },
      /it began with a source of 10000 bytes; the manifest says 9999/,
    ],
    'less than was read': [map({ good: 9000 }), /it proves 10000 bytes to have been read; .*9000/],
  };
  for (const [name, [manifest, fault]] of Object.entries(table)) {
    test(`is not its journal's account: ${name}`, () => {
      assert.match(contradictions(manifest, recordsOf(R.told)).join('\n'), fault);
    });
  }
});

test('a look at the source counts until a later session reads on', () => {
  const identity = { kind: 'block', size: 10_000, node: '8:16', diskseq: null, mtimeMs: null };
  const data = { identity: { ...identity, model: null, serial: null, wwn: null, chain: null }, verdict: null };
  const look = { type: 'source-after', data: { ...data, counters: [], asked: [], findings: [] } };
  const read = R.told.find(({ type }) => type === 'read')!;
  const seen = (from: number): string | undefined =>
    accountOf(recordsOf([R.told[0]!, read, look, resumedAt(R.manifest, from, 'R. Roe')])).account.sourceAfter?.identity
      .node;
  assert.equal(seen(10_000), '8:16');
  assert.equal(seen(0), undefined);
  const [first] = sessionsOf(recordsOf([R.told[0]!, read, look]));
  assert.deepEqual(first?.attachments[0]?.counters_after, []);
  const [again] = sessionsOf(recordsOf([R.told[0]!, read, look, { type: 'second-read', data: {} }]));
  assert.equal(again?.attachments[0]?.counters_after, null);
});
