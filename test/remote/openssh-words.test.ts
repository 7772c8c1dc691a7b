import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import ssh2 from 'ssh2';
import { ExhibitError } from '../../src/model/errors.ts';
import { parseSshAddress } from '../../src/remote/address.ts';
import { connectRemote, type ConnectOrder } from '../../src/remote/connect.ts';
import { isUnreachable } from '../../src/remote/open-machine.ts';
import { heardOf, whyOpenSshFailed } from '../../src/remote/openssh-words.ts';
import { lacks } from '../support/loop.ts';
import { testPorts } from '../support/ports.ts';
import { lacksSshd, startSshd, type Sshd } from '../support/sshd.ts';
import { atEnd } from '../support/temp.ts';
import { orderFor } from './connected.ts';

const { Server } = ssh2;
const KEY = `SHA256:${'A'.repeat(43)}`;
const OTHER = `SHA256:${'+/B'.repeat(14)}/`;
/** In what order OpenSSH 9.2 says it, among much else. */
const LOG = [
  'debug1: Remote protocol version 2.0, remote software version OpenSSH_9.2p1 Debian-2',
  'debug1: kex: server->client cipher: aes128-gcm@openssh.com MAC: <implicit> compression: none',
  `debug1: Server host key: ssh-ed25519 ${KEY}`,
  'debug1: Found key in /root/.ssh/known_hosts:2',
  'Authenticated to box ([192.0.2.1]:22) using "publickey".',
];
const logOf = (lines: readonly string[]): string => lines.map((line) => `${line}\r\n`).join('');

interface Wire {
  readonly _protocol: {
    readonly _packetRW: {
      readonly write: { allocStart: number; alloc(bytes: number): Buffer; finalize(packet: Buffer): Buffer };
    };
    readonly _cipher: { encrypt(packet: Buffer): void };
  };
}

/** SSH_MSG_DEBUG (RFC 4253, 11.3), which ssh2's server has no method for. */
function sendDebug(client: unknown, message: string): void {
  const { _packetRW, _cipher } = (client as Wire)._protocol;
  const text = Buffer.from(message);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  const payload = Buffer.concat([Buffer.from([4, 0]), length, text, Buffer.alloc(4)]);
  const at = _packetRW.write.allocStart;
  const packet = _packetRW.write.alloc(payload.length);
  payload.copy(packet, at);
  _cipher.encrypt(_packetRW.write.finalize(packet));
}

/** A server that lets everybody in, and has these lines written into the log of whoever asks. */
async function talkative(t: TestContext, sshd: Sshd, lines: readonly string[]): Promise<ConnectOrder> {
  const server = new Server({ hostKeys: [readFileSync(join(sshd.folder, 'host_key'))] }, (client) => {
    client.on('error', () => undefined);
    client.on('authentication', (login) => {
      sendDebug(client, `x\n${lines.join('\n')}\ny`);
      login.accept();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => void server.close());
  const { port } = server.address() as AddressInfo;
  return orderFor(sshd, 'openssh', { address: parseSshAddress(`ssh://root@127.0.0.1:${port}`) });
}

describe('what the log of ssh tells', () => {
  test('each thing once', () => {
    assert.deepEqual(heardOf(logOf(LOG)), {
      hostKey: { type: 'ssh-ed25519', fingerprint: KEY },
      knownFrom: '/root/.ssh/known_hosts line 2',
      serverVersion: 'OpenSSH_9.2p1 Debian-2',
      cipher: 'aes128-gcm@openssh.com',
      authentication: 'publickey',
    });
  });

  test('told twice it is not told: a server can write such a line, wherever it stands', () => {
    const forged = [
      `debug1: Server host key: ssh-ed25519 ${OTHER}`,
      'debug1: Found key in /dev/null:1',
      'debug1: Remote protocol version 2.0, remote software version Safe_1',
      'debug1: kex: server->client cipher: none MAC: none',
      'Authenticated to box ([192.0.2.1]:22) using "hostbased".',
    ];
    const nothing = { hostKey: null, knownFrom: null, serverVersion: null, cipher: null, authentication: null };
    assert.deepEqual(heardOf(logOf([...forged, ...LOG])), nothing);
    assert.deepEqual(heardOf(logOf([...LOG, `x\n${forged.join('\n')}\ny`])), nothing);
  });

  test('a certificate is a key that was shown: a line about a plain one beside it is not believed', () => {
    const shown = `debug1: Server host certificate: ssh-ed25519-cert-v01@openssh.com ${KEY}, serial 0 ID "box" CA ssh-ed25519 ${OTHER} valid forever`;
    const hostKey = { type: 'ssh-ed25519-cert-v01@openssh.com', fingerprint: KEY };
    assert.deepEqual(heardOf(logOf([shown])).hostKey, hostKey);
    assert.equal(heardOf(logOf([`debug1: Server host key: ssh-ed25519 ${OTHER}`, shown])).hostKey, null);
  });

  test('an option that this ssh does not have is no matter of waiting', () => {
    const place = parseSshAddress('ssh://root@box');
    const error = whyOpenSshFailed(
      place,
      '',
      'command-line: line 0: Bad configuration option: knownhostscommand\r\n',
      null,
    );
    assert.deepEqual([error.fault, error.code, isUnreachable(error)], ['unexpected', 'remote.no-openssh', false]);
    assert.match(`${error.message} ${error.hint ?? ''}`, /knownhostscommand.*8\.5.*--transport ssh2/);
  });

  test('a server that writes such lines gets none of them on record, and with another key no connection', async (t) => {
    if (lacksSshd(t) || lacks(t, 'ssh')) return;
    const sshd = await startSshd(t);
    const talker = await talkative(t, sshd, ['Authenticated to box ([192.0.2.1]:22) using "hostbased".', LOG[1] ?? '']);
    const shell = await connectRemote(testPorts(), talker);
    await shell.close();
    const { facts } = shell;
    assert.deepEqual([facts.authentication, facts.cipher], [null, null]);
    assert.equal(facts.hostKey.fingerprint, sshd.fingerprint);
    const liar = await talkative(t, sshd, [`debug1: Server host key: ssh-ed25519 ${OTHER}`]);
    await assert.rejects(connectRemote(testPorts(), liar), (error: unknown) => {
      assert.ok(error instanceof ExhibitError, String(error));
      assert.deepEqual([error.fault, error.code], ['remote', 'remote.host-key-unclear'], error.message);
      assert.doesNotMatch(`${error.message} ${error.hint ?? ''}`, /\+\/B/);
      return true;
    });
  });
});
