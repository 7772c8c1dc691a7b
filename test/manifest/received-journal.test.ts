import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { inconsistencies } from '../../src/manifest/consistency.ts';
import { contradictions } from '../../src/manifest/consistency-journal.ts';
import { checkChain } from '../../src/manifest/journal-chain.ts';
import { confirmedBytes, receivedEnd, receivedTold } from '../../src/manifest/received-account.ts';
import type { Manifest } from '../../src/manifest/schema.ts';
import { resumed, resumedAt } from '../support/resumed.ts';
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

/** The same, but for the one of this type that comes so often after the first. */
function butOne(told: readonly Told[], type: string, which: number, change: object): Told[] {
  let nth = -1;
  return told.map((each) => {
    if (each.type === type) nth += 1;
    return each.type === type && nth === which ? { type, data: { ...each.data, ...change } } : each;
  });
}

/** Half came in one session, whose hash nobody told, and the rest in the next one, in a stream of its own. */
const [twice, T] = twoSittings();

function twoSittings(): [readonly Told[], Manifest] {
  const [shown, stream, end] = ofSent('listening', 'stream-admitted', 'stream-ended') as [Told, Told, Told];
  const cut = { received: 6500, end: 'ended-early', told: null, sha256: null };
  const rest = begun.source.size - 6000;
  const whole = { received: rest, told: { exit: 0, sha256: 'a'.repeat(64), bytes: rest } };
  // A stream that broke off is not waited for.
  const sittings = resumed(begun).told.filter(({ type }) => type !== 'paused' && type !== 'reconnected');
  const first = butOne(tellSent(begun, sittings), 'stream-ended', 0, cut);
  const told = behind(
    butOne(first, 'stream-admitted', 0, { tells: false }),
    'resumed',
    { ...shown, data: { ...shown.data, offset: 6000 } },
    { ...stream, data: { ...stream.data, offset: 6000 } },
    { ...end, data: { ...end.data, ...whole } },
  );
  return [told, madeOf(resumed(begun).manifest, told)];
}

function forgedTwice(told: readonly Told[], fault: RegExp): [Manifest, readonly Told[], RegExp] {
  return [madeOf(T, told), told, fault];
}

function moved(told: readonly Told[], type: string, to: string): Told[] {
  const [one] = told.filter((each) => each.type === type);
  const rest = told.filter((each) => each !== one);
  return one === undefined ? rest : behind(rest, to, one);
}

const TWO = ['192.0.2.0/24', '198.51.100.0/24'];

/** The second session is begun for these. */
function heldOpenFor(allowed: readonly string[]): Told[] {
  return twice.map((each) => {
    if (each.type !== 'resumed') return each;
    const { head } = each.data as { head: { source: { received: object } } };
    const source = { ...head.source, received: { ...head.source.received, allowed } };
    return { type: 'resumed', data: { ...each.data, head: { ...head, source } } };
  });
}

/** The manifest that whoever forged the journal would make of it. */
function madeOf(manifest: Manifest, told: readonly Told[]): Manifest {
  const received = receivedEnd(manifest.source.received, receivedTold(checkChain(journalOf(told).bytes).records));
  return withSessions({ ...manifest, source: { ...manifest.source, received } }, told);
}

/** A session that found everything read, of a source that came in the way of the other manifest. */
const later = (manifest: Manifest): Told => resumedAt(manifest, S.source.size, 'R. Roe');

describe('a journal of a disk that was sent', () => {
  test('that is told as it was', () => {
    assert.deepEqual(faultsOf(M, sent), []);
  });

  test('that came in two sessions', () => {
    assert.deepEqual(faultsOf(T, twice), []);
    assert.deepEqual(inconsistencies(T), []);
    assert.equal(confirmedBytes(T.source.received!.streams, T.source.size), 4000);
  });

  test('and others might connect in the second', () => {
    const told = butOne(heldOpenFor(['2001:db8::/32']), 'listening', 1, { allowed: ['2001:db8::/32'] });
    const from6 = butOne(told, 'stream-admitted', 1, { address: '2001:db8::7' });
    assert.deepEqual(faultsOf(madeOf(T, from6), from6), []);
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
    'half without a hash, and all of it once more in the next session': forgedTwice(
      butOne(twice, 'stream-admitted', 1, { offset: 0 }),
      /a stream begins at 0, and its session goes on from 6000/,
    ),
    'a first stream from the middle': forgedTwice(
      butOne(twice, 'stream-admitted', 0, { offset: 512 }),
      /a stream begins at 512, and its session goes on from 0/,
    ),
    'half without a hash, and all of it once more in the same session': [
      M,
      behind(sent, 'stream-ended', stream, end),
      /a second stream is let in, and a session takes one/,
    ],
    'no command in its session': forgedTwice(
      twice.filter(({ type }, at) => type !== 'listening' || at < 3),
      /a stream is let in for which its session had shown no command/,
    ),
    'a command that was shown when it was there': [
      M,
      moved(sent, 'listening', 'stream-admitted'),
      /a stream is let in for which its session had shown no command/,
    ],
    'a command from elsewhere': forgedTwice(
      butOne(twice, 'listening', 1, { offset: 0 }),
      /a stream is let in for which its session had shown no command/,
    ),
    'a stranger, whom a later session let in': forgedTwice(
      butOne(butOne(twice, 'stream-admitted', 0, { address: '198.51.100.1' }), 'listening', 1, { allowed: [] }),
      /record 3: a stream is let in from an address that was not to be let in then/,
    ),
    'a stranger, whom an earlier command let in': [
      M,
      but(
        behind(butOne(sent, 'listening', 0, { allowed: [] }), 'listening', ...ofSent('listening')),
        'stream-admitted',
        { address: '198.51.100.1' },
      ),
      /a stream is let in from an address that was not to be let in then/,
    ],
    'others than it was begun for': [
      M,
      but(sent, 'listening', { allowed: [] }),
      /who may connect is not who the session was begun for/,
    ],
    'as many others as it was begun for': [
      M,
      but(sent, 'listening', { allowed: ['198.51.100.0/24'] }),
      /who may connect is not who the session was begun for/,
    ],
    'more than it was begun for': [
      M,
      but(sent, 'listening', { allowed: ['192.0.2.0/24', '198.51.100.0/24'] }),
      /who may connect is not who the session was begun for/,
    ],
    'one of two others than the second session was begun for': forgedTwice(
      butOne(heldOpenFor(TWO), 'listening', 1, { allowed: [TWO[0], '203.0.113.0/24'] }),
      /who may connect is not who the session was begun for/,
    ),
    'a command that is none': [
      M,
      but(sent, 'listening', { allowed: null }),
      /record 1 is not what a record of type listening holds/,
    ],
    'others than the second session was begun for': forgedTwice(
      butOne(twice, 'listening', 1, { allowed: [] }),
      /who may connect is not who the session was begun for/,
    ),
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
