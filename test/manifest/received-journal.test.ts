import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { contradictions } from '../../src/manifest/consistency-journal.ts';
import { checkChain } from '../../src/manifest/journal-chain.ts';
import type { Manifest } from '../../src/manifest/schema.ts';
import { resumedAt } from '../support/resumed.ts';
import { incompleteManifest, sampleManifest } from '../support/sample-manifest.ts';
import { sentManifest, tellSent } from '../support/sent.ts';
import { journalOf, toldBy, withSessions, type Told } from '../support/told.ts';

const S = sampleManifest();
const begun = sentManifest(S);
const sent = tellSent(begun, toldBy(begun));
const M = withSessions(begun, sent);
const ofSent = (...types: string[]): Told[] => sent.filter(({ type }) => types.includes(type));

function faultsOf(manifest: Manifest, told: readonly Told[]): string[] {
  return contradictions(manifest, checkChain(journalOf(told).bytes).records);
}

/** What stands behind the first record of this type. */
function behind(told: readonly Told[], type: string, ...more: Told[]): Told[] {
  const at = told.findIndex((each) => each.type === type) + 1;
  return [...told.slice(0, at), ...more, ...told.slice(at)];
}

function but(told: readonly Told[], type: string, change: object): Told[] {
  return told.map((each) => (each.type === type ? { type, data: { ...each.data, ...change } } : each));
}

/** A session that found everything read, of a source that came in the way of the other manifest. */
const later = (manifest: Manifest): Told => resumedAt(manifest, S.source.size, 'R. Roe');

describe('a journal of a disk that was sent', () => {
  test('that is told as it was', () => {
    assert.deepEqual(faultsOf(M, sent), []);
  });

  test('an end after which nobody goes on, and it was closed as incomplete', () => {
    const finding = { level: 'warning' as const, code: 'interrupted', message: 'stopped by the operator' };
    const sample = incompleteManifest();
    const manifest = sentManifest({ ...sample, acquisition: { ...sample.acquisition, findings: [finding] } });
    const streams = manifest.source.received!.streams.map((each) => ({
      ...each,
      ended: { ...each.ended!, end: 'too-much' as const },
      // Of what is too much not all is hashed here.
      hash: 'not-confirmed' as const,
    }));
    const spoilt = { ...manifest, source: { ...manifest.source, received: { ...manifest.source.received!, streams } } };
    const told = tellSent(spoilt, toldBy(spoilt));
    assert.deepEqual(faultsOf(withSessions(spoilt, told), told), []);
  });

  const [stream, end] = ofSent('stream-admitted', 'stream-ended') as [Told, Told];
  const table: Record<string, [Manifest, readonly Told[], RegExp]> = {
    'a stream, and the source is on this station': [
      S,
      behind(toldBy(S), 'begin', stream, end),
      /tells of streams, and its source was not sent/,
    ],
    'a command that was shown, and the source is on this station': [
      S,
      behind(toldBy(S), 'begin', ...ofSent('listening')),
      /tells of streams, and its source was not sent/,
    ],
    'somebody was refused, and the source is on this station': [
      S,
      behind(toldBy(S), 'begin', ...ofSent('stream-refused')),
      /tells of streams, and its source was not sent/,
    ],
    'sent first, and read here later': [M, [...sent, later(S)], /a session of it takes a source that was not sent/],
    'read here first, and sent later': [S, [...toldBy(S), later(M)], /a session of it takes a source that was sent/],
    'two streams at once': [M, behind(sent, 'stream-admitted', stream), /is let in while another lives/],
    'an end twice': [M, behind(sent, 'stream-ended', end), /a stream ends that was not let in/],
    'an end before its stream': [M, behind(sent, 'begin', end), /a stream ends that was not let in/],
    'another stream than the manifest says': [
      M,
      but(sent, 'stream-admitted', { address: '192.0.2.8' }),
      /source\.received is not what it tells/,
    ],
    'more refused than the manifest says': [
      M,
      but(sent, 'stream-refused', { count: 2 }),
      /source\.received is not what it tells/,
    ],
    'a source that the manifest does not call sent': [
      { ...M, source: { ...M.source, received: null } },
      sent,
      /source\.received is not what it tells/,
    ],
    'an end after which nobody goes on': [
      M,
      but(sent, 'stream-ended', { end: 'too-much' }),
      /a stream that ended as too-much; the manifest says complete/,
    ],
    'nothing that it began with': [M, but(sent, 'begin', { head: null }), /does not say what was begun/],
    'a stream that is none': [
      M,
      but(sent, 'stream-admitted', { offset: -1 }),
      /not what a record of type stream-admitted/,
    ],
  };
  for (const [name, [manifest, told, fault]] of Object.entries(table))
    test(`forged: ${name}`, () => {
      const faults = faultsOf(manifest, told);
      assert.ok(
        faults.some((line) => fault.test(line)),
        JSON.stringify(faults),
      );
    });
});
