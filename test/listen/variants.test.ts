import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { diskBytes } from '../support/loop.ts';
import { tempFolder } from '../support/temp.ts';
import { assertCode } from '../read/read-all.ts';
import { busybox, gnu, MACHINES } from './machines.ts';
import { diskFile, firstLine, onlyPrograms, runLine, waiting, type Ways } from './support.ts';

const SIZE = 3 * 1024 * 1024 + 1536;
/** Not a multiple of the large block: dd has to come there in small ones. */
const CUT = 1024 * 1024 + 7 * 512;

interface Sent extends Ways {
  readonly name: string;
  readonly tells: boolean;
  readonly machine?: Readonly<Record<string, string>>;
}

/** Runs the printed command; null, and the test skipped aloud, where the station has no such program. */
async function send(t: TestContext, bytes: Buffer, { name, tells, machine = MACHINES[name]!, ...ways }: Sent) {
  const missing = Object.values(machine).find((program) => !existsSync(program));
  if (missing !== undefined) {
    t.skip(`needs ${missing}`);
    return null;
  }
  // A name that a shell would take apart.
  const disk = diskFile(t, bytes, `it's a "$(disk)" !1`);
  const there = await waiting(t, bytes.length, { tls: name.startsWith('OpenSSL'), disk, ...ways });
  const variant = there.variants.find((each) => each.name === name && each.tells === tells)!;
  const ran = await runLine(variant.line, onlyPrograms(t, machine), machine['sh'] === undefined ? 'sh' : '/bin/sh');
  return { ...there, ran, read: await there.done };
}

describe('the printed commands, run by a real shell', () => {
  for (const name of Object.keys(MACHINES)) {
    for (const tells of name === 'Python' ? [true] : [false, true]) {
      const way = tells ? `${name}, telling its end` : name;
      for (const start of [0, CUT])
        test(`${way}: the disk from byte ${start} on is what arrives`, async (t) => {
          const bytes = diskBytes(SIZE);
          const range = { start, end: SIZE };
          const sent = await send(t, bytes, { name, tells, range });
          if (sent === null) return;
          assert.equal(sent.read.error, null, sent.ran.stderr);
          const expected = bytes.subarray(start);
          assert.ok(sent.read.bytes.equals(expected));
          assert.deepEqual(sent.refused, []);
          const [stream] = sent.received;
          assert.ok(stream!.end === 'complete' || stream!.end === 'left-open', stream!.end);
          assert.deepEqual([stream!.offset, stream!.received], [start, expected.length]);
          assert.equal(stream!.tls !== null, name.startsWith('OpenSSL'));
          const sha256 = createHash('sha256').update(expected).digest('hex');
          if (tells)
            assert.deepEqual([stream!.told, stream!.sha256], [{ exit: 0, sha256, bytes: expected.length }, sha256]);
          else assert.deepEqual([stream!.tells, stream!.told], [false, null]);
        });
    }
  }

  test('over IPv6', async (t) => {
    for (const name of [
      'Python',
      'OpenBSD netcat',
      'BusyBox or any other nc',
      'bash alone',
      'OpenSSL, by the fingerprint',
    ]) {
      const bytes = diskBytes(64 * 1024);
      const sent = await send(t, bytes, { name, tells: true, host: '::1' });
      if (sent === null) return;
      assert.equal(sent.read.error, null, `${name}: ${sent.ran.stderr}`);
      assert.ok(sent.read.bytes.equals(bytes));
      assert.notEqual(sent.received[0]!.told, null, sent.ran.stderr);
    }
  });

  for (const lacking of [['sha256sum'], ['wc'], ['sha256sum', 'wc']])
    test(`a machine without ${lacking.join(' and ')} sends all the same, and tells the rest`, async (t) => {
      const machine = Object.fromEntries(Object.entries(busybox('nc')).filter(([name]) => !lacking.includes(name)));
      // BusyBox's own shell would find its own.
      const bytes = diskBytes(SIZE);
      const sent = await send(t, bytes, {
        name: 'BusyBox or any other nc',
        tells: true,
        machine: { ...machine, sh: '/usr/bin/dash' },
      });
      if (sent === null) return;
      assert.equal(sent.read.error, null, sent.ran.stderr);
      assert.ok(sent.read.bytes.equals(bytes));
      const sha256 = lacking.includes('sha256sum') ? null : createHash('sha256').update(bytes).digest('hex');
      assert.deepEqual(sent.received[0]!.told, { exit: 0, sha256, bytes: lacking.includes('wc') ? null : SIZE });
    });

  test('openssl hashes where it is', async (t) => {
    const machine = Object.fromEntries(Object.entries(busybox('nc')).filter(([name]) => name !== 'sha256sum'));
    const bytes = diskBytes(SIZE);
    const tools = { ...machine, sh: '/usr/bin/dash', openssl: '/usr/bin/openssl' };
    const sent = await send(t, bytes, { name: 'BusyBox or any other nc', tells: true, machine: tools });
    if (sent === null) return;
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    assert.deepEqual(sent.received[0]!.told, { exit: 0, sha256, bytes: SIZE }, sent.ran.stderr);
  });

  for (const [whose, tools] of Object.entries({ GNU: gnu({}), BusyBox: busybox() }))
    test(`an nc that is ended there (tools of ${whose}): more was hashed than came, by the count, and that is no difference`, async (t) => {
      const bytes = diskBytes(SIZE);
      const half = join(tempFolder(t), 'nc');
      writeFileSync(half, '#!/bin/sh\nhead -c 1000000 | /usr/bin/nc.openbsd "$@"\n', { mode: 0o755 });
      // BusyBox's own shell would find its own.
      const machine = { ...tools, sh: '/usr/bin/dash', nc: half, head: '/usr/bin/head' };
      const sent = await send(t, bytes, { name: 'OpenBSD netcat', tells: true, machine });
      if (sent === null) return;
      assertCode(sent.read.error, 'source', 'listen.ended-early');
      const [stream] = sent.received;
      const line = firstLine(sent.invitation, 'told');
      assert.equal(stream!.received, 1_000_000 - line.length);
      assert.ok((stream!.told?.bytes ?? 0) > stream!.received, JSON.stringify([stream!.told, sent.refused, sent.ran]));
      assert.ok(sent.read.bytes.equals(bytes.subarray(0, sent.read.bytes.length)));
    });

  test('bytes that s_client could take for its own commands (Q, R, k) get through', async (t) => {
    const bytes = Buffer.alloc(SIZE, 'Q\nR\nk\nK\n');
    const sent = await send(t, bytes, { name: 'OpenSSL, by the fingerprint', tells: false });
    if (sent === null) return;
    assert.equal(sent.read.error, null, sent.ran.stderr);
    assert.ok(sent.read.bytes.equals(bytes));
  });
});

describe('the certificate is looked at before a byte is sent', () => {
  for (const name of ['OpenSSL, by the fingerprint', 'OpenSSL, by the certificate itself'])
    for (const tells of [false, true])
      test(`${name}${tells ? ', telling' : ''}: another certificate gets nothing`, async (t) => {
        const bytes = diskBytes(256 * 1024);
        const disk = diskFile(t, bytes);
        const stop = new AbortController();
        const true_ = await waiting(t, bytes.length, { tls: true, disk });
        // Somebody in between, with a certificate of their own: what was printed for another server.
        const false_ = await waiting(t, bytes.length, { tls: true, disk, stop: stop.signal });
        const line = true_.variants.find((each) => each.name === name && each.tells === tells)!.line;
        const diverted = line
          .replaceAll(`:${true_.invitation.port} `, `:${false_.invitation.port} `)
          .replaceAll(true_.invitation.token, false_.invitation.token);
        assert.notEqual(diverted, line);
        const ran = await runLine(diverted);
        assert.match(ran.stderr, /verif/i);
        stop.abort();
        assert.equal((await false_.done).bytes.length, 0);
        assert.deepEqual(false_.received, []);
        assert.ok(false_.refused.length > 0);
        for (const { refusal } of false_.refused) assert.equal(refusal, 'tls-failed');
      });
});
