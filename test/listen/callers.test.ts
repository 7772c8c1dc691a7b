import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { connect as connectTls } from 'node:tls';
import test, { describe, type TestContext } from 'node:test';
import { parseAllowed } from '../../src/listen/address.ts';
import { notListening } from '../../src/listen/faults.ts';
import { assertCode } from '../read/read-all.ts';
import { until } from '../support/children.ts';
import { diskBytes } from '../support/loop.ts';
import { assertPart, caller, firstLine, isEnded, sending, waiting, type Waiting, type Ways } from './support.ts';

const SIZE = 512 * 1024;

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
      `exhibit ${token} end 0 - -\n`,
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

describe('who comes besides the right one', () => {
  for (const from of ['127.0.0.1', '127.0.0.2'])
    test(`a crowd from ${from} that waits and says nothing keeps the right one out no more than its end`, async (t) => {
      const content = diskBytes(SIZE);
      const there = await waiting(t, SIZE, { host: '0.0.0.0', lineMs: 20_000 });
      const to = { ...there.invitation, host: '127.0.0.1' };
      const crowd = (): Promise<unknown> => Promise.all(Array.from({ length: 20 }, () => caller(t, to, from)));
      await crowd();
      const socket = await sending(t, { ...there, invitation: to }, content, 'told');
      await until(() => there.admitted.length === 1, 'the right one is let in');
      await crowd();
      const sha256 = createHash('sha256').update(content).digest('hex');
      (await caller(t, to)).end(`exhibit ${to.token} end 0 ${sha256} ${SIZE}\n`);
      socket.end();
      const read = await there.done;
      assert.equal(read.error, null);
      assert.ok(read.bytes.equals(content));
      assert.deepEqual(there.received[0]!.told, { exit: 0, sha256, bytes: SIZE });
      assert.ok(there.refused.every(({ address, refusal }) => address === from && refusal === 'too-many'));
    });

  test('hundreds that begin no handshake keep nobody out by TLS, and the runtime has nothing to warn of', async (t) => {
    const warnings: Error[] = [];
    const warned = (warning: Error): void => void warnings.push(warning);
    process.on('warning', warned);
    t.after(() => process.off('warning', warned));
    const content = diskBytes(SIZE);
    const there = await waiting(t, SIZE, { tls: true, lineMs: 20_000 });
    await Promise.all(Array.from({ length: 200 }, () => caller(t, there.invitation)));
    const socket = connectTls({ host: '127.0.0.1', port: there.invitation.port, rejectUnauthorized: false });
    socket.on('error', () => undefined).write(firstLine(there.invitation));
    socket.end(content);
    const read = await there.done;
    assert.equal(read.error, null);
    assert.ok(read.bytes.equals(content));
    assert.deepEqual(warnings, []);
  });

  test('an end that nobody promised is none, from a connection that had waited before the stream came too', async (t) => {
    const content = diskBytes(SIZE);
    const there = await waiting(t, SIZE);
    const early = await caller(t, there.invitation);
    const socket = await sending(t, there, content.subarray(0, 4096));
    await until(() => there.admitted.length === 1, 'the stream is let in');
    early.write(`exhibit ${there.invitation.token} end 1 ${'a'.repeat(64)} 4096\n`);
    await until(() => there.refused.length === 1, 'it is refused');
    socket.end(content.subarray(4096));
    const read = await there.done;
    assert.equal(read.error, null);
    assert.deepEqual([there.received[0]!.tells, there.received[0]!.told], [false, null]);
    assert.equal(there.refused[0]!.refusal, 'second-connection');
  });

  test('one that tells the token and then nothing, for ever, is cut when its time is over', async (t) => {
    const there = await waiting(t, SIZE, { limits: { stallMs: 300 } });
    const socket = await sending(t, there, new Uint8Array());
    const read = await there.done;
    assertCode(read.error, 'source', 'listen.stalled');
    assert.equal(read.bytes.length, 0);
    assert.ok(await isEnded(socket));
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
