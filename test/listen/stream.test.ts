import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import type { StreamEnd, ToldEnd } from '../../src/model/listen.ts';
import type { LiveStream } from '../../src/listen/door.ts';
import { StreamReceiver, type StreamResult } from '../../src/listen/stream.ts';
import type { Arrival } from '../../src/system/arrival.ts';
import { systemClock } from '../../src/system/clock.ts';

const SECTOR = 512;
const LIMITS = { stallMs: 5000, endMs: 200, tellMs: 50 };

/** A connection that gives these parts, and then closes. */
function arrivalOf(parts: readonly Uint8Array[]): Arrival {
  const left = [...parts];
  return {
    tls: null,
    ready: () => null,
    next: () => Promise.resolve(left.shift() ?? { ended: 'closed', errno: null }),
    unread: () => undefined,
    close: () => undefined,
    cut: () => undefined,
  };
}

/** Receives these parts as a disk of `size` bytes. */
async function receive(parts: readonly Uint8Array[], size: number, end: Promise<ToldEnd>): Promise<StreamResult> {
  const caller = { address: '192.0.2.7', port: 1, at: '2026-03-01T09:15:01.000Z', tls: null };
  const stream: LiveStream = {
    ...{ caller, arrival: arrivalOf(parts), offset: 0, tells: true, end },
    release: () => undefined,
  };
  const receiver = new StreamReceiver({
    ...{ stream, range: { start: 0, end: size }, sector: SECTOR, clock: systemClock, limits: LIMITS },
    stop: new AbortController().signal,
    take: () => Promise.resolve(),
    ended: () => Promise.resolve(),
  });
  return receiver.run();
}

/** An end that is never told, and counts who waits for it: each is kept as long as the stream lives. */
function countedEnd(): { end: Promise<ToldEnd>; waiting: () => number } {
  let count = 0;
  const end = new Promise<ToldEnd>(() => undefined);
  const then = end.then.bind(end);
  end.then = ((...reactions: Parameters<typeof then>) => {
    count += 1;
    return then(...reactions);
  }) as typeof end.then;
  return { end, waiting: () => count };
}

test('a stream that is to tell its end costs no memory for each part of it', async () => {
  const { end, waiting } = countedEnd();
  const parts = Array.from({ length: 300 }, () => new Uint8Array(SECTOR));
  const result = await receive(parts, parts.length * SECTOR, end);
  assert.equal(result.end, 'complete');
  assert.equal(result.received, parts.length * SECTOR);
  assert.ok(waiting() < 10, `${waiting()} wait for the end of one stream`);
});

test('what was told of an early end is held against what arrived', async (t) => {
  const sent = new Uint8Array(SECTOR * 2).fill(7);
  const came = Uint8Array.from(sent);
  came[77] = 6;
  const hash = createHash('sha256').update(sent).digest('hex');
  const cases: readonly (readonly [string, Uint8Array, ToldEnd, StreamEnd])[] = [
    ['another hash of as many bytes', came, { exit: 1, sha256: hash, bytes: sent.length }, 'hash-differs'],
    ['another hash of nobody knows how many', came, { exit: 1, sha256: hash, bytes: null }, 'hash-differs'],
    ['fewer bytes than came', came, { exit: 1, sha256: null, bytes: SECTOR }, 'hash-differs'],
    ['more bytes than came', came, { exit: 141, sha256: hash, bytes: sent.length + 1 }, 'ended-early'],
    ['no hash', came, { exit: 1, sha256: null, bytes: sent.length }, 'ended-early'],
    ['the same', sent, { exit: 1, sha256: hash, bytes: sent.length }, 'ended-early'],
    ['the same of nobody knows how many', sent, { exit: 1, sha256: hash, bytes: null }, 'ended-early'],
  ];
  for (const [name, bytes, told, end] of cases)
    await t.test(name, async () => {
      assert.equal((await receive([bytes], SECTOR * 4, Promise.resolve(told))).end, end);
    });
});

test('what was told of a stream of which all came', async (t) => {
  const sent = new Uint8Array(SECTOR * 2).fill(7);
  const hash = createHash('sha256').update(sent).digest('hex');
  const cases: readonly (readonly [string, ToldEnd, StreamEnd])[] = [
    ['the same', { exit: 0, sha256: hash, bytes: sent.length }, 'complete'],
    ['another count', { exit: 0, sha256: null, bytes: sent.length + 1 }, 'hash-differs'],
    ['another hash and a dd that failed', { exit: 1, sha256: 'b'.repeat(64), bytes: sent.length }, 'hash-differs'],
    ['a dd that failed', { exit: 1, sha256: hash, bytes: sent.length }, 'sender-failed'],
  ];
  for (const [name, told, end] of cases)
    await t.test(name, async () => {
      assert.equal((await receive([sent], sent.length, Promise.resolve(told))).end, end);
    });
});
