import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { contradictions } from '../../src/manifest/consistency-journal.ts';
import { checkChain } from '../../src/manifest/journal-chain.ts';
import type { Manifest } from '../../src/manifest/schema.ts';
import { journalOf, toldBy, withSessions, type Told } from '../support/told.ts';
import {
  incompleteManifest,
  mismatchManifest,
  sampleManifest,
  stoppedMismatchManifest,
  unreadableManifest,
} from '../support/sample-manifest.ts';

const S = sampleManifest();
const U = unreadableManifest();
const M = mismatchManifest();
/** Stopped while it was read. */
const I: Manifest = withFinding(incompleteManifest());
/** Stopped after everything was read, and did not read back. */
const W: Manifest = withFinding(stoppedMismatchManifest());
const differing = [{ start: 0, end: 4096 }];
const match = S.read_back;
const notDone: Manifest['read_back'] = { state: 'not-done', why: 'x' };
const read: Manifest['source_check'] = {
  state: 'match',
  cache: { avoided: 'yes', how: 'O_DIRECT', file_system: 'block device' },
  differing: [],
  unreadable: [],
};

function withFinding(manifest: Manifest): Manifest {
  const finding = { level: 'warning' as const, code: 'interrupted', message: 'stopped by the operator' };
  return { ...manifest, acquisition: { ...manifest.acquisition, findings: [finding] } };
}

/** What the laws say of a manifest beside what a journal tells. */
function faultsOf(manifest: Manifest, told: readonly Told[]): string[] {
  return contradictions(manifest, checkChain(journalOf(told).bytes).records);
}

/** The same records, but for one type: its data, or null to leave it out. */
function but(told: readonly Told[], type: string, data: Record<string, unknown> | null): Told[] {
  return told.flatMap((each) =>
    each.type !== type ? [each] : data === null ? [] : [{ type, data: { ...each.data, ...data } }],
  );
}

describe('a manifest that is the account of its journal', () => {
  for (const [name, manifest] of Object.entries({ S, U, M, I, W })) {
    test(`${name}: ${manifest.outcome}, read-back ${manifest.read_back.state}`, () => {
      assert.deepEqual(faultsOf(manifest, toldBy(manifest)), []);
    });
  }

  test('nothing is known of a run that ended without a word', () => {
    const silent: Manifest = { ...I, read_map: { ...I.read_map, good: 0, not_tried: 10_000 } };
    const clock = { ...silent.station.clock, disturbances: [] };
    const told = [toldBy(I)[0]!, toldBy(I).at(-1)!];
    assert.deepEqual(faultsOf(withSessions({ ...silent, station: { ...silent.station, clock } }, told), told), []);
  });

  test('of a reading that failed: the image may hold more than is known to have been read', () => {
    const failed = { type: 'reading-failed', data: failedData(5000) };
    const told = [toldBy(I)[0]!, failed, ...toldBy(I).slice(2)];
    const manifest = withSessions({ ...I, read_map: { ...I.read_map, good: 5000, not_tried: 5000 } }, told);
    assert.deepEqual(faultsOf(manifest, told), []);
    assert.match(faultsOf(I, told).join(), /proves 5000 bytes to have been read; the manifest says 6000 were/);
    const long = but(told, 'reading-failed', { position: 7000 });
    assert.match(faultsOf(I, long).join(), /7000 bytes were written; the image of the manifest has 6000/);
  });

  test('a closing that was cut off begins anew: the last one counts', () => {
    const told = toldBy(I);
    const before = { type: 'sealed-incomplete', data: { reason: 'another', size: 6000 } };
    assert.deepEqual(faultsOf(I, [...told.slice(0, -1), before, told.at(-1)!]), []);
    assert.match(faultsOf(I, [...told, before]).join(), /with the reason that the manifest gives/);
  });

  test('what was seen before the source was read again is not what it was after', () => {
    const node = { kind: 'block', size: 10_000, node: '8:16', diskseq: '7', chain: null, mtimeMs: null };
    const identity = { ...node, model: null, serial: 'S123', wwn: null };
    const none = { verdict: null, counters: null, asked: [], findings: [] };
    const after = { type: 'source-after', data: { identity, ...none } };
    const seen: Manifest = { ...S, source: { ...S.source, identity_after: identity } };
    const told = toldBy(S);
    const with_ = (...more: Told[]): Told[] => [...told.slice(0, -1), ...more, told.at(-1)!];
    const again = { type: 'second-read', data: {} };
    for (const [manifest, records] of [
      [seen, with_(after)],
      [seen, with_(again, after)],
      [S, with_(after, again)],
    ] as const)
      assert.deepEqual(faultsOf(withSessions(manifest, records), records), []);
    assert.match(faultsOf(seen, with_(after, again)).join(), /identity_after is not what was seen/);
    assert.match(faultsOf(S, with_(after)).join(), /identity_after is not what was seen/);
  });
});

describe('what a manifest says of the write protection after the last reading', () => {
  const identity = {
    kind: 'block',
    size: 10_000,
    node: '8:16',
    diskseq: '7',
    mtimeMs: null,
    model: null,
    serial: null,
    wwn: null,
    chain: null,
  } as const;
  const verdict = {
    name: 'known-blocker',
    meaning: 'so',
    evidence: [{ fact: 'hardware', what: 'its bridge', seen: 'x', source: 'y' }],
  } as const;
  const counters = [{ device: '/dev/sdx', writes: 3, written_sectors: 24, discards: 0, discarded_sectors: 0 }];
  const asked = [{ argv: ['sg_modes', '/dev/sdx'], exit: 0, signal: null, milliseconds: 3, failure: null }];
  const told = toldBy(S).toSpliced(2, 0, {
    type: 'source-after',
    data: { identity, verdict, counters, asked, findings: [] },
  });
  const seen: Manifest = withSessions(
    {
      ...S,
      source: { ...S.source, identity_after: identity },
      guard: { ...S.guard, evidence_after: [...verdict.evidence], counters_after: counters },
      probes: { ...S.probes, runs_after: asked },
    },
    told,
  );

  test('is what the journal saw', () => {
    assert.deepEqual(faultsOf(seen, told), []);
    const better: Manifest = { ...seen, guard: { ...seen.guard, verdict: 'known-blocker' } };
    assert.match(
      faultsOf(better, told).join(),
      /weakest verdict .* is kernel-flag-only; the manifest says known-blocker/,
    );
    const silent: Manifest = { ...seen, guard: { ...seen.guard, evidence_after: [] } };
    assert.match(faultsOf(silent, told).join(), /evidence_after is not what was seen/);
    const none: Manifest = { ...seen, guard: { ...seen.guard, counters_after: [{ ...counters[0]!, writes: 0 }] } };
    assert.match(faultsOf(none, told).join(), /counters_after is not what was counted/);
    assert.match(faultsOf({ ...seen, probes: S.probes }, told).join(), /runs_after is not what was asked/);
  });

  test('is contradicted when the run stopped because the protection was lost', () => {
    for (const code of ['guard.flag-flipped', 'guard.write-counted', 'guard.capacity-changed']) {
      const message = 'seen while it was read';
      const lost = but(toldBy(I), 'stopped', { code, message });
      const finding = { level: 'warning', code, message } as const;
      const findings = [...I.acquisition.findings, finding];
      const claims = withSessions({ ...I, acquisition: { ...I.acquisition, findings } }, lost);
      assert.match(faultsOf(claims, lost).join(), /its write protection was lost while it was read/);
      assert.deepEqual(faultsOf({ ...claims, guard: { ...I.guard, verdict: 'contradicted' } }, lost), []);
    }
  });
});

describe('a manifest that contradicts its journal', () => {
  const told = toldBy(S);
  const table: Record<string, [Manifest, readonly Told[], RegExp]> = {
    'a mismatch told as a match': [S, but(told, 'read-back', M.read_back), /read-back was mismatch; .*says match/],
    'a mismatch told as not done': [{ ...W, read_back: notDone }, toldBy(W), /was mismatch; .*says not-done/],
    'a mismatch told as a match, incomplete': [{ ...W, read_back: match }, toldBy(W), /was mismatch; .*says match/],
    'a mismatch told as waived': [{ ...W, read_back: { state: 'waived' } }, toldBy(W), /mismatch; .*says waived/],
    'a match told as not done': [
      { ...W, read_back: notDone },
      but(toldBy(W), 'read-back', { ...match }),
      /was match; .*says not-done/,
    ],
    'a match that nobody made': [S, but(told, 'read-back', null), /read-back was not made; .*says match/],
    'differences told smaller': [
      M,
      but(toldBy(M), 'read-back', { differing: [{ start: 0, end: 10_000 }] }),
      /was mismatch; .*says mismatch, or tells it differently/,
    ],
    'a cache that was not avoided': [
      S,
      but(told, 'read-back', { cache: { avoided: 'no', how: 'x', file_system: 'x' } }),
      /read-back was match; .*tells it differently/,
    ],
    'a second read that differed': [
      { ...S, source_check: read },
      but(told, 'source-check', {
        state: 'mismatch',
        cache: { avoided: 'yes', how: 'O_DIRECT', file_system: 'block device' },
        differing,
        unreadable: [],
      }),
      /second read of the source was mismatch; .*says match/,
    ],
    'a second read left out': [
      S,
      but(told, 'source-check', {
        state: 'mismatch',
        cache: { avoided: 'yes', how: 'O_DIRECT', file_system: 'block device' },
        differing,
        unreadable: [],
      }),
      /was mismatch; .*says not-done/,
    ],
    'a second read that nobody made': [
      { ...S, source_check: read },
      but(told, 'source-check', null),
      /was not made; .*says match/,
    ],
    'a run that stopped, called complete': [S, toldBy(I), /did not come to its end; the manifest says complete/],
    'a part called complete': [S, but(told, 'read', { complete: false, position: 6000 }), /not everything was read/],
    'complete, with no word of reading': [S, but(told, 'read', null), /not everything was read; .*says complete/],
    'complete, never closed': [S, but(told, 'closing', null), /did not come to its end/],
    'incomplete, which nobody said': [I, toldBy(I).slice(0, -1), /not tell of a closing as incomplete/],
    'another reason': [{ ...I, incomplete_reason: 'x' }, toldBy(I), /not tell of a closing as incomplete/],
    'why it stopped, left out': [
      { ...I, acquisition: { ...I.acquisition, findings: [] } },
      toldBy(I),
      /why the run stopped \(interrupted\)/,
    ],
    'a good hash of other bytes': [
      { ...S, digests: [{ ...S.digests[0]!, hex: 'ab'.repeat(16) }, S.digests[1]!] },
      told,
      /hashes of the data read are not those/,
    ],
    'a stopped image of other bytes': [
      { ...I, digests: [{ ...I.digests[0]!, hex: 'ab'.repeat(16) }, I.digests[1]!] },
      toldBy(I),
      /hashes of the data read are not those/,
    ],
    'a stopped image that grew': [{ ...I, image: { ...I.image, size: 6001 } }, toldBy(I), /6000 bytes were written/],
    'an unreadable place less': [{ ...S, outcome: 'complete' }, toldBy(U), /unreadable ranges .* are others/],
    'an unreadable place more': [U, told, /unreadable ranges .* are others/],
    'another errno': [
      { ...U, read_map: { ...U.read_map, ranges: [{ ...U.read_map.ranges[0]!, errno: 'ENODATA' }] } },
      toldBy(U),
      /unreadable ranges .* are others/,
    ],
    'bytes read beyond what was': [
      { ...I, read_map: { ...I.read_map, good: 6001, not_tried: 3999 } },
      toldBy(I),
      /proves 6000 bytes to have been read; .*6001 were/,
    ],
    'a clock that ran well': [
      { ...S, station: { ...S.station, clock: { ...S.station.clock, disturbances: [] } } },
      told,
      /other clock disturbances/,
    ],
  };
  for (const [name, [manifest, records, fault]] of Object.entries(table)) {
    test(name, () => {
      const faults = faultsOf(manifest, records);
      assert.ok(
        faults.some((line) => fault.test(line)),
        JSON.stringify(faults),
      );
    });
  }
});

describe('a journal that contradicts itself', () => {
  const told = toldBy(S);
  const table: Record<string, [readonly Told[], RegExp]> = {
    'a mismatch, then a match': [
      [...told.slice(0, 2), { type: 'read-back', data: { ...M.read_back } }, ...told.slice(2)],
      /2 records of type read-back; a session writes one/,
    ],
    'a read-back that is none': [but(told, 'read-back', { state: 'fine' }), /record 2 is not what .* read-back holds/],
    'reading that ended, and failed': [
      [...told.slice(0, 2), { type: 'reading-failed', data: failedData(1) }, ...told.slice(2)],
      /reading ended a second time/,
    ],
    'a check of a part': [but(told, 'read', { complete: false }), /record of type read-back, though not everything/],
    'a closing of a part': [but(told, 'read', { complete: false }), /record of type closing, though not everything/],
  };
  for (const [name, [records, fault]] of Object.entries(table)) {
    test(name, () => {
      assert.match(faultsOf(S, records).join('\n'), fault);
    });
  }
});

function failedData(position: number): Record<string, unknown> {
  const none = { unreadable: [], read_again: [], unstable: [], failed_reads: { count: 0, ms: 0 } };
  return { position, message: 'full', ...none, reader_runs: 1, runs: S.acquisition.reader.runs };
}
