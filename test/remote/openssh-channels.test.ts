import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import type { ConnectOrder } from '../../src/remote/connect.ts';
import { parseSshAddress } from '../../src/remote/address.ts';
import { until } from '../support/children.ts';
import { startLink } from '../support/link.ts';
import { lacks, sh } from '../support/loop.ts';
import { realm } from '../support/realm.ts';
import { freePort, lacksSshd, startSshd, type Sshd } from '../support/sshd.ts';
import { atEnd, tempFolder } from '../support/temp.ts';
import { connected } from './connected.ts';
import { code } from './ranges-support.ts';

const skipped = (t: TestContext): boolean => lacksSshd(t) || lacks(t, 'unshare', 'ssh', 'ssh-agent', 'mktemp', 'ps');

/** Whoever runs `ssh` there finds these files in the home that the user database names. */
function personWith(
  t: TestContext,
  { home, identity }: Sshd,
  files: Readonly<Record<string, string>>,
): ConnectOrder['person'] {
  const root = tempFolder(t);
  mkdirSync(join(root, '.ssh'), { mode: 0o700 });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, '.ssh', name), text, { mode: 0o600 });
  return { home, agentSocket: null, identity, caller: { as: realm({ '/root': root }), env: {} } };
}

/** The first connection reaches one server, every other one another, whose key is known for the same address. */
async function turnedAway(t: TestContext, config: readonly string[]) {
  const [meant, other] = [await startSshd(t, { config }), await startSshd(t)];
  writeFileSync(join(other.folder, 'authorized_keys'), readFileSync(`${meant.identity}.pub`));
  let connections = 0;
  const link = await startLink(t, () => (connections++ === 0 ? meant.port : other.port));
  const person = personWith(t, meant, {
    known_hosts: `${other.knownLine.replace(String(other.port), String(link.port))}\n`,
    config: 'Host *\n  ControlMaster auto\n  ControlPersist yes\n',
  });
  const address = parseSshAddress(`ssh://root@127.0.0.1:${link.port}`);
  const shell = await connected(t, meant, 'openssh', { address, person });
  return { meant, other, shell };
}

describe('a command by openssh goes over the one connection or not at all', () => {
  test('one channel more than the server gives is refused, and nobody else is asked', async (t) => {
    if (skipped(t)) return;
    const { other, shell } = await turnedAway(t, ['MaxSessions 2']);
    const open = () => shell.open(['cat']);
    const [first] = [await open(), await open()];
    await assert.rejects(open(), code('remote.no-channel'));
    assert.doesNotMatch(other.log(), /Connection from/);
    assert.deepEqual(shell.footprint, []);
    first.stdin.end();
    first.stdout.resume();
    first.stderr.resume();
    assert.deepEqual(await first.done, { exit: 0, signal: null });
    // There is room again.
    assert.equal((await shell.run(['echo', 'here'])).stdout.toString(), 'here\n');
  });

  test('where the socket of the connection is gone, too', async (t) => {
    if (skipped(t)) return;
    const { other, shell } = await turnedAway(t, []);
    assert.equal((await shell.run(['sh', '-c', 'exit 254'])).exit, 254);
    const own = sh('ps', '-ww', '-o', 'args=', '--ppid', String(process.pid));
    const [, socket = ''] = /ControlMaster=yes.* ControlPath=(\S+)/.exec(own) ?? [];
    rmSync(socket);
    await assert.rejects(shell.run(['true']), code('remote.no-channel'));
    assert.doesNotMatch(other.log(), /Connection from/);
  });
});

test('nothing of the station is forwarded, whatever its configuration of ssh asks for', async (t) => {
  if (skipped(t)) return;
  const config = ['AcceptEnv *', 'AllowAgentForwarding yes', 'X11Forwarding yes', 'PermitTunnel yes'];
  const sshd = await startSshd(t, { config });
  const ports = [await freePort(), await freePort(), await freePort()];
  const touched = join(tempFolder(t), 'touched');
  const asks = [
    'ForwardAgent yes',
    'ForwardX11 yes',
    'ForwardX11Trusted yes',
    'Tunnel yes',
    'PermitLocalCommand yes',
    `LocalCommand touch ${touched}`,
    'SendEnv EXHIBIT_*',
    'SetEnv EXHIBIT_SET=leaked',
    `LocalForward 127.0.0.1:${ports[0] ?? 0} 127.0.0.1:${sshd.port}`,
    `RemoteForward 127.0.0.1:${ports[1] ?? 0} 127.0.0.1:${sshd.port}`,
    `DynamicForward 127.0.0.1:${ports[2] ?? 0}`,
  ];
  const person = personWith(t, sshd, { config: `Host *\n  ${asks.join('\n  ')}\n` });
  const socket = join(tempFolder(t), 'agent');
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
  atEnd(t, () => void agent.kill());
  await until(() => existsSync(socket), 'the agent listens');
  const station = { EXHIBIT_SENT: 'leaked', DISPLAY: ':9' };
  const caller = { as: person.caller?.as ?? [], env: station };
  const shell = await connected(t, sshd, 'openssh', { person: { ...person, agentSocket: socket, caller } });
  const there = (await shell.run(['env'])).stdout.toString();
  assert.doesNotMatch(there, /EXHIBIT_|SSH_AUTH_SOCK|DISPLAY|SSH_TTY/);
  assert.match(there, /^SSH_CONNECTION=/m);
  for (const port of ports) await assert.rejects(once(connect(port, '127.0.0.1'), 'connect'), { code: 'ECONNREFUSED' });
  assert.equal(existsSync(touched), false);
  assert.doesNotMatch(sshd.log(), /tun|forward/i);
});
