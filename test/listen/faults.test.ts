import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test, { describe, type TestContext } from 'node:test';
import { deferred } from '../../src/model/deferred.ts';
import { assertCode } from '../read/read-all.ts';
import { until } from '../support/children.ts';
import { diskBytes } from '../support/loop.ts';
import { assertPart, caller, diskFile, isEnded, runLine, send, sending, waiting, type Waiting } from './support.ts';

const SIZE = 512 * 1024;
const SECTOR = 512;

async function tell(t: TestContext, there: Waiting, words: string) {
  const socket = await caller(t, there.invitation);
  socket.end(`exhibit ${there.invitation.token} end ${words}\n`);
  return socket;
}

function hash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

describe('a stream that does not end as it should', () => {
  test('one that ends early is an error; what came is kept in whole sectors, and goes on from there', async (t) => {
    const content = diskBytes(SIZE);
    const there = await waiting(t, SIZE);
    (await sending(t, there, content.subarray(0, 100_000))).end();
    const read = await there.done;
    assertCode(read.error, 'source', 'listen.ended-early');
    assert.match((read.error as Error).message, /byte 100,000 of 524,288/);
    const kept = Math.floor(100_000 / SECTOR) * SECTOR;
    assertPart(read, content, kept);
    assert.equal(there.received[0]!.end, 'ended-early');
    assert.equal(there.received[0]!.received, 100_000);

    const disk = diskFile(t, content);
    const again = await waiting(t, SIZE, { range: { start: kept, end: SIZE }, disk });
    const ran = await runLine(again.variants.find(({ name }) => name.startsWith('OpenBSD'))!.line);
    const rest = await again.done;
    assert.equal(rest.error, null, ran.stderr);
    assert.ok(Buffer.concat([read.bytes, rest.bytes]).equals(content));
  });

  test('one byte short of the end is early as well', async (t) => {
    const content = diskBytes(SIZE);
    const there = await waiting(t, SIZE);
    (await sending(t, there, content.subarray(0, SIZE - 1))).end();
    const read = await there.done;
    assertCode(read.error, 'source', 'listen.ended-early');
    assertPart(read, content, SIZE - SECTOR);
  });

  test('one that says nothing but its line has given nothing', async (t) => {
    const there = await waiting(t, SIZE);
    (await sending(t, there, new Uint8Array())).end();
    const read = await there.done;
    assertCode(read.error, 'source', 'listen.ended-early');
    assert.equal(read.bytes.length, 0);
  });

  test('one that breaks is told as broken', async (t) => {
    const content = diskBytes(SIZE);
    const there = await waiting(t, SIZE);
    const socket = await sending(t, there, content.subarray(0, 8192));
    await until(() => there.log.goodRanges.length > 0, 'something came');
    socket.resetAndDestroy();
    const read = await there.done;
    assertCode(read.error, 'source', 'listen.reset');
    assertPart(read, content, 8192);
  });

  test('one that gives more is cut, and its last sector is not taken', async (t) => {
    const content = diskBytes(SIZE);
    for (const more of [1, 512, 100_000]) {
      const there = await waiting(t, SIZE);
      const socket = await sending(t, there, Buffer.concat([content, Buffer.alloc(more)]));
      const read = await there.done;
      assertCode(read.error, 'source', 'listen.too-much');
      assert.ok(read.bytes.length <= SIZE - SECTOR);
      assertPart(read, content, read.bytes.length);
      assert.ok(there.received[0]!.received > SIZE);
      assert.ok(await isEnded(socket));
    }
  });

  test('more that comes late, after all that was promised, is more all the same', async (t) => {
    const content = diskBytes(SIZE);
    const there = await waiting(t, SIZE);
    const socket = await sending(t, there, content);
    await until(() => there.log.goodRanges.at(-1)?.end === SIZE - SECTOR, 'all but the last sector was taken');
    socket.write('x');
    const read = await there.done;
    assertCode(read.error, 'source', 'listen.too-much');
    assertPart(read, content, SIZE - SECTOR);
  });

  test('a disk that is larger than was said shows through the printed command', async (t) => {
    const content = diskBytes(SIZE);
    const there = await waiting(t, SIZE - 4096, { disk: diskFile(t, content) });
    await runLine(there.variants.find(({ name }) => name.startsWith('OpenBSD'))!.line);
    assertCode((await there.done).error, 'source', 'listen.too-much');
  });

  test('one that stalls is cut when its time is over, and not before', async (t) => {
    const content = diskBytes(SIZE);
    const there = await waiting(t, SIZE, { limits: { stallMs: 700 } });
    const socket = await sending(t, there, content.subarray(0, 4096));
    // A slow one is none that stalls.
    for (let at = 4096; at < 4096 * 4; at += 4096) {
      await new Promise((resolve) => setTimeout(resolve, 400));
      socket.write(content.subarray(at, at + 4096));
    }
    const read = await there.done;
    assertCode(read.error, 'source', 'listen.stalled');
    assertPart(read, content, 4096 * 4);
    assert.ok(await isEnded(socket));
  });

  test('a sender that leaves its connection open is ended by us, and the record says so', async (t) => {
    const content = diskBytes(SIZE);
    const there = await waiting(t, SIZE, { limits: { endMs: 300 } });
    const socket = await sending(t, there, content);
    const read = await there.done;
    assert.equal(read.error, null);
    assert.ok(read.bytes.equals(content));
    assert.equal(there.received[0]!.end, 'left-open');
    assert.ok(await isEnded(socket));
  });
});

describe('what the live machine tells of what it sent', () => {
  test('a hash that differs is an error, and the last sector is not taken', async (t) => {
    const content = diskBytes(SIZE);
    const there = await waiting(t, SIZE);
    (await sending(t, there, content, 'told')).end();
    await tell(t, there, `0 ${hash(content.subarray(1))} ${SIZE}`);
    const read = await there.done;
    assertCode(read.error, 'damage', 'listen.hash-differs');
    assertPart(read, content, SIZE - SECTOR);
    assert.equal(there.received[0]!.sha256, hash(content));
    assert.deepEqual(there.received[0]!.told, { exit: 0, sha256: hash(content.subarray(1)), bytes: SIZE });
  });

  test('dd that failed there is an error, however many bytes came', async (t) => {
    const content = diskBytes(SIZE);
    const there = await waiting(t, SIZE);
    (await sending(t, there, content, 'told')).end();
    await tell(t, there, `1 ${hash(content)} ${SIZE}`);
    const read = await there.done;
    assertCode(read.error, 'source', 'listen.sender-failed');
    assertPart(read, content, SIZE - SECTOR);
  });

  test('an end that was announced and did not come is recorded as such', async (t) => {
    const content = diskBytes(SIZE);
    const there = await waiting(t, SIZE, { limits: { tellMs: 300 } });
    (await sending(t, there, content, 'told')).end();
    const read = await there.done;
    assert.equal(read.error, null);
    assert.ok(read.bytes.equals(content));
    assert.deepEqual([there.received[0]!.tells, there.received[0]!.told], [true, null]);
  });

  test('an early end is known from what dd told, though the connection stays open (s_client)', async (t) => {
    const content = diskBytes(SIZE);
    const there = await waiting(t, SIZE, { limits: { stallMs: 20_000 } });
    await sending(t, there, content.subarray(0, 8192), 'told');
    const since = performance.now();
    await tell(t, there, '1 - -');
    const read = await there.done;
    assert.ok(performance.now() - since < 8000);
    assertCode(read.error, 'source', 'listen.ended-early');
    assert.match((read.error as Error).message, /exit status there: 1/);
    assertPart(read, content, 8192);
  });

  test('the printed command tells of a disk that can not be read', async (t) => {
    const there = await waiting(t, SIZE, { disk: '/nonexistent' });
    await runLine(there.variants.find(({ name, tells }) => name.startsWith('OpenBSD') && tells)!.line);
    const read = await there.done;
    assertCode(read.error, 'source', 'listen.ended-early');
    assert.match((read.error as Error).message, /exit status there: 1/);
    assert.equal(read.bytes.length, 0);
  });

  test('an end with another token is none, nor is one that comes twice', async (t) => {
    const content = diskBytes(SIZE);
    const there = await waiting(t, SIZE);
    const socket = await sending(t, there, content.subarray(0, SIZE - 1), 'told');
    await until(() => there.log.goodRanges.length > 0, 'the stream lives');
    const wrong = await caller(t, there.invitation);
    wrong.end(`exhibit ${'0'.repeat(16)} end 0 - -\n`);
    assert.ok(await isEnded(wrong));
    await isEnded(await tell(t, there, `0 ${hash(content)} ${SIZE}`));
    await isEnded(await tell(t, there, `0 ${hash(content)} ${SIZE}`));
    socket.end(content.subarray(SIZE - 1));
    const read = await there.done;
    assert.equal(read.error, null);
    assert.deepEqual(
      there.refused.map(({ refusal }) => refusal),
      ['second-connection', 'second-connection'],
    );
    assert.deepEqual(there.received[0]!.told, { exit: 0, sha256: hash(content), bytes: SIZE });
  });

  test('an end from another address than the stream is none, though it knows the token', async (t) => {
    const content = diskBytes(SIZE);
    const there = await waiting(t, SIZE, { host: '0.0.0.0' });
    const to = { ...there.invitation, host: '127.0.0.1' };
    const socket = await send(t, to, content.subarray(0, SIZE - 1), 'told');
    await until(() => there.log.goodRanges.length > 0, 'the stream lives');
    const other = await caller(t, to, '127.0.0.2');
    other.end(`exhibit ${to.token} end 1 - -\n`);
    assert.ok(await isEnded(other));
    socket.end(content.subarray(SIZE - 1));
    assert.ok(await isEnded(await tell(t, { ...there, invitation: to }, `0 ${hash(content)} ${SIZE}`)));
    assert.equal((await there.done).error, null);
    assert.deepEqual(
      there.refused.map(({ address, refusal }) => [address, refusal]),
      [['127.0.0.2', 'end-from-elsewhere']],
    );
    assert.deepEqual(there.received[0]!.told, { exit: 0, sha256: hash(content), bytes: SIZE });
  });

  test('how it ended is on record before its last sector is taken, and nothing comes of it when it can not be', async (t) => {
    const content = diskBytes(SIZE);
    const written = deferred<undefined>();
    const there = await waiting(t, SIZE, { onEnd: () => written.promise });
    (await sending(t, there, content)).end();
    await until(() => there.received.length > 0, 'its end is to be put on record');
    assert.equal(there.received[0]!.end, 'complete');
    assert.equal(there.log.goodRanges.at(-1)?.end, SIZE - SECTOR);
    written.reject(new Error('no room'));
    const read = await there.done;
    assert.match((read.error as Error).message, /no room/);
    assertPart(read, content, SIZE - SECTOR);
    assert.equal(there.received.length, 1);
  });
});
