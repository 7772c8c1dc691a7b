import assert from 'node:assert/strict';
import test from 'node:test';
import { ReceivedAccount } from '../../src/acquire/received/account.ts';
import type { Journal, JournalData } from '../../src/manifest/journal.ts';
import type { Event } from '../../src/model/event.ts';

const REQUEST = {
  address: { host: '192.0.2.1', port: 9000, path: null },
  ...{ size: 512, allowed: [], plaintext: 'a lab', reachedBy: null },
};
const CALLER = { address: '192.0.2.7', port: 1, at: '2026-03-01T09:15:01.000Z', tls: null };

/** A journal whose disk is full for so many records. */
function fullFor(records: number): { journal: Journal; told: [string, JournalData | undefined][] } {
  const told: [string, JournalData | undefined][] = [];
  let left = records;
  const append = (type: string, data?: JournalData): Promise<void> => {
    left -= 1;
    if (left >= 0) return Promise.reject(new Error('full'));
    told.push([type, data]);
    return Promise.resolve();
  };
  return { journal: { append } as unknown as Journal, told };
}

test('an end that could not be put on record is, as soon as there is room, and once', async () => {
  const account = new ReceivedAccount(REQUEST);
  const { journal, told } = fullFor(1);
  const events: Event[] = [];
  account.begin(journal, (event) => void events.push(event));
  const ended = {
    received: 512,
    end: 'hash-differs',
    told: { exit: 0, sha256: 'a', bytes: 512 },
    sha256: 'b',
  } as const;
  await assert.rejects(account.received({ ...CALLER, offset: 0, tells: true, ...ended }), /full/);
  assert.deepEqual([told, events], [[], []]);
  await account.tell();
  await account.tell();
  assert.deepEqual(told, [['stream-ended', ended]]);
});

test('who was refused before there is a record is told of when there is one', async () => {
  const account = new ReceivedAccount(REQUEST);
  account.opened(() => 2);
  account.refused({ ...CALLER, refusal: 'wrong-token', said: 'GET /' });
  const { journal, told } = fullFor(0);
  account.begin(journal, () => undefined);
  await account.tell();
  await account.tell();
  assert.deepEqual(told, [
    ['stream-refused', { count: 2, connections: [{ ...CALLER, refusal: 'wrong-token', said: 'GET /' }] }],
  ]);
});

test('who was refused while the journal took nothing is told of as soon as it does, and once', async () => {
  const account = new ReceivedAccount(REQUEST);
  account.opened(() => 1);
  const { journal, told } = fullFor(1);
  account.begin(journal, () => undefined);
  // Tells at once, and nobody hears that it can't.
  account.refused({ ...CALLER, refusal: 'wrong-token', said: 'GET /' });
  await Promise.all([account.tell(), account.tell()]);
  assert.deepEqual(told, [
    ['stream-refused', { count: 1, connections: [{ ...CALLER, refusal: 'wrong-token', said: 'GET /' }] }],
  ]);
});
