import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { connect as connectTls } from 'node:tls';
import test, { describe, type TestContext } from 'node:test';
import { parseAllowed } from '../../src/remote/listen-address.ts';
import { notListening } from '../../src/remote/listen-faults.ts';
import { assertCode, type ReadAll } from '../read/read-all.ts';
import { until } from '../support/children.ts';
import { diskBytes } from '../support/loop.ts';
import { caller, diskFile, firstLine, isEnded, runLine, waiting, type Waiting, type Ways } from './listen-support.ts';

const SIZE = 512 * 1024;
const SECTOR = 512;

/** A sender of the test's own: says the line, sends so much, and then does something. */
async function sending(t: TestContext, there: Waiting, bytes: Uint8Array, way: 'alone' | 'told' = 'alone') {
  const socket = await caller(t, there.invitation);
  socket.write(firstLine(there.invitation, way));
  socket.write(bytes);
  return socket;
}

async function tell(t: TestContext, there: Waiting, words: string) {
  const socket = await caller(t, there.invitation);
  socket.end(`exhibit ${there.invitation.token} end ${words}\n`);
  return socket;
}

/** What the reader gave is the disk's beginning, in whole sectors, and never all of it. */
function assertPart(read: ReadAll, content: Uint8Array, length: number): void {
  assert.equal(read.bytes.length, length);
  assert.ok(read.bytes.equals(content.subarray(0, length)));
  assert.ok(length < content.length, 'what did not end well is never whole');
  const told = read.log.goodRanges.at(-1);
  assert.equal(told?.end ?? 0, length);
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
    assert.match(String((read.error as Error).message), /byte 100,000 of 524,288/);
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
    await tell(t, there, `0 ${hash(content.subarray(1))}`);
    const read = await there.done;
    assertCode(read.error, 'source', 'listen.hash-differs');
    assertPart(read, content, SIZE - SECTOR);
    assert.equal(there.received[0]!.sha256, hash(content));
    assert.deepEqual(there.received[0]!.told, { exit: 0, sha256: hash(content.subarray(1)) });
  });

  test('dd that failed there is an error, however many bytes came', async (t) => {
    const content = diskBytes(SIZE);
    const there = await waiting(t, SIZE);
    (await sending(t, there, content, 'told')).end();
    await tell(t, there, `1 ${hash(content)}`);
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
    assert.equal(there.received[0]!.told, 'announced');
  });

  test('an early end is known from what dd told, though the connection stays open (s_client)', async (t) => {
    const content = diskBytes(SIZE);
    const there = await waiting(t, SIZE, { limits: { stallMs: 20_000 } });
    await sending(t, there, content.subarray(0, 8192), 'told');
    const since = performance.now();
    await tell(t, there, '1 -');
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
    wrong.end(`exhibit ${'0'.repeat(16)} end 0 -\n`);
    assert.ok(await isEnded(wrong));
    await isEnded(await tell(t, there, `0 ${hash(content)}`));
    await isEnded(await tell(t, there, `0 ${hash(content)}`));
    socket.end(content.subarray(SIZE - 1));
    const read = await there.done;
    assert.equal(read.error, null);
    assert.deepEqual(
      there.refused.map(({ refusal }) => refusal),
      ['second-connection', 'second-connection'],
    );
    assert.deepEqual(there.received[0]!.told, { exit: 0, sha256: hash(content) });
  });
});

describe('who is not let in', () => {
  /** Whoever is refused, the right one still gets in afterwards. */
  async function thenTheRightOne(t: TestContext, there: Waiting, content: Buffer, refusals: string[]): Promise<void> {
    (await sending(t, there, content)).end();
    const read = await there.done;
    assert.equal(read.error, null);
    assert.ok(read.bytes.equals(content));
    assert.deepEqual(
      there.refused.map(({ refusal }) => refusal),
      refusals,
    );
  }

  test('a second connection while one lives, whatever it says', async (t) => {
    const content = diskBytes(SIZE);
    const there = await waiting(t, SIZE);
    const first = await sending(t, there, content.subarray(0, 4096));
    await until(() => there.log.goodRanges.length > 0, 'the first is let in');
    const second = await sending(t, there, Buffer.alloc(4096, 0xee));
    assert.ok(await isEnded(second));
    first.end(content.subarray(4096));
    const read = await there.done;
    assert.equal(read.error, null);
    assert.ok(read.bytes.equals(content));
    assert.deepEqual(
      there.refused.map(({ refusal }) => refusal),
      ['second-connection'],
    );
  });

  test('an address that is not on the list', async (t) => {
    const content = diskBytes(SIZE);
    const there = await waiting(t, SIZE, { allowed: parseAllowed(['127.0.0.1']), host: '0.0.0.0' });
    const to = { ...there.invitation, host: '127.0.0.1' };
    const other = await caller(t, to, '127.0.0.2');
    other.write(firstLine(to));
    assert.ok(await isEnded(other));
    assert.equal(there.refused[0]!.address, '127.0.0.2');
    await thenTheRightOne(t, { ...there, invitation: to }, content, ['not-allowed']);
  });

  test('an IPv4 address that comes to a port of IPv6 is on the list of IPv4', async (t) => {
    const content = diskBytes(SIZE);
    const there = await waiting(t, SIZE, { allowed: parseAllowed(['127.0.0.1']), host: '::' });
    const to = { ...there.invitation, host: '127.0.0.1' };
    const six = await caller(t, { ...to, host: '::1' });
    assert.ok(await isEnded(six));
    await thenTheRightOne(t, { ...there, invitation: to }, content, ['not-allowed']);
  });

  test('another token, another offset, no token at all, nothing, and too much before a line ends', async (t) => {
    const content = diskBytes(SIZE);
    const there = await waiting(t, SIZE, { lineMs: 400 });
    const { token } = there.invitation;
    const said = [
      `exhibit ${'f'.repeat(16)} 0 alone\n`,
      `exhibit ${token} 512 alone\n`,
      `exhibit ${token} end 0 -\n`,
      'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
      '',
      'x'.repeat(5000),
      '\u001b[2J\n',
    ];
    for (const words of said) {
      const socket = await caller(t, there.invitation);
      socket.write(words);
      assert.ok(await isEnded(socket));
      await until(() => there.refused.length > said.indexOf(words), 'it is recorded');
    }
    assert.match(there.refused.at(-1)!.said, /^\\u\{1b\}/);
    const [wrong, no] = ['wrong-token', 'no-token'];
    await thenTheRightOne(t, there, content, [wrong, wrong, wrong, no, no, no, no]);
  });

  test('the line may come in any pieces', async (t) => {
    const content = diskBytes(SIZE);
    const there = await waiting(t, SIZE);
    const socket = await caller(t, there.invitation);
    socket.setNoDelay(true);
    for (const letter of firstLine(there.invitation)) {
      socket.write(letter);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    socket.end(content);
    const read = await there.done;
    assert.equal(read.error, null);
    assert.ok(read.bytes.equals(content));
  });

  test('TLS on a plain port', async (t) => {
    const there = await waiting(t, SIZE);
    const socket = connectTls({ host: '127.0.0.1', port: there.invitation.port, rejectUnauthorized: false });
    socket.on('error', () => undefined);
    await until(() => there.refused.length > 0, 'it is refused');
    await thenTheRightOne(t, there, diskBytes(SIZE), ['tls-on-plain-port']);
  });

  test('plain on a TLS port, with the right token too; TLS without it', async (t) => {
    const there = await waiting(t, SIZE, { tls: true, lineMs: 500 });
    const plain = await sending(t, there, new Uint8Array(10));
    assert.ok(await isEnded(plain));
    const silent = await caller(t, there.invitation);
    assert.ok(await isEnded(silent));
    const socket = connectTls({ host: '127.0.0.1', port: there.invitation.port, rejectUnauthorized: false });
    socket.on('error', () => undefined);
    socket.write(`exhibit ${'0'.repeat(16)} 0 alone\n`);
    assert.ok(await isEnded(socket));
    await until(() => there.refused.length === 3, 'all are recorded');
    assert.deepEqual(
      there.refused.map(({ refusal, tls }) => [refusal, tls !== null]),
      [
        ['not-tls', false],
        ['tls-failed', false],
        ['wrong-token', true],
      ],
    );
    assert.deepEqual(there.received, []);
  });

  test('a crowd that says nothing does not grow, and leaves the door usable', async (t) => {
    const there = await waiting(t, SIZE, { lineMs: 600 });
    const crowd = await Promise.all(Array.from({ length: 20 }, () => caller(t, there.invitation)));
    for (const socket of crowd) await isEnded(socket);
    const count = (what: string): number => there.refused.filter(({ refusal }) => refusal === what).length;
    await until(() => there.refused.length === 20, 'all are recorded');
    assert.deepEqual([count('too-many'), count('no-token')], [12, 8]);
    await thenTheRightOne(
      t,
      there,
      diskBytes(SIZE),
      there.refused.map(({ refusal }) => refusal),
    );
  });
});

describe('being told to stop, and what can not be listened on', () => {
  const waits: readonly (readonly [string, boolean])[] = [
    ['while nobody has come', false],
    ['in the middle of a stream', true],
  ];
  for (const [when, sends] of waits)
    test(`stops ${when}, without an error, and keeps what came`, async (t) => {
      const content = diskBytes(SIZE);
      const stop = new AbortController();
      const there = await waiting(t, SIZE, { stop: stop.signal });
      const socket = sends ? await sending(t, there, content.subarray(0, 8192)) : null;
      if (sends) await until(() => there.log.goodRanges.length > 0, 'something came');
      stop.abort();
      const read = await there.done;
      assert.equal(read.error, null);
      assert.ok(read.stopTook! < 1000);
      assertPart(read, content, sends ? 8192 : 0);
      assert.deepEqual(
        there.received.map(({ end }) => end),
        sends ? ['stopped'] : [],
      );
      if (socket !== null) assert.ok(await isEnded(socket));
    });

  test('nobody comes: said when the time is over', async (t) => {
    const there = await waiting(t, SIZE, { limits: { waitMs: 200 } });
    assertCode((await there.done).error, 'source', 'listen.nobody-came');
  });

  const bad: readonly (readonly [string, Ways, string])[] = [
    ['an address that is not ours', { host: '192.0.2.77' }, 'listen.not-ours'],
    ['a link-local address without its interface', { host: 'fe80::1' }, 'listen.failed'],
  ];
  for (const [what, ways, code] of bad)
    test(`${what} is refused`, async (t) => {
      await assert.rejects(waiting(t, SIZE, ways), (error) => {
        assertCode(error, 'usage', code);
        return true;
      });
    });

  test('a port that somebody has is refused; closed, it is free again', async (t) => {
    const first = await waiting(t, SIZE);
    const { port } = first.invitation;
    await assert.rejects(waiting(t, SIZE, { port }), (error) => {
      assertCode(error, 'usage', 'listen.port-taken');
      return true;
    });
    const socket = await caller(t, first.invitation);
    await first.door.close();
    assert.ok(await isEnded(socket));
    const second = await waiting(t, SIZE, { port });
    assert.equal(second.invitation.port, port);
  });

  test('a port that takes root says so', () => {
    const cause = Object.assign(new Error('listen EACCES'), { code: 'EACCES' });
    assertCode(notListening({ host: '127.0.0.1', port: 80, path: null }, cause), 'usage', 'listen.no-leave');
  });
});
