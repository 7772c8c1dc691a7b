import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import type { ConnectOrder } from '../../src/remote/connect.ts';
import { parseSshAddress } from '../../src/remote/address.ts';
import { startLink } from '../support/link.ts';
import { lacks, sh } from '../support/loop.ts';
import { realm } from '../support/realm.ts';
import { lacksSshd, startSshd, type Sshd } from '../support/sshd.ts';
import { tempFolder } from '../support/temp.ts';
import { connected } from './connected.ts';
import { code } from './ranges-support.ts';

const skipped = (t: TestContext): boolean => lacksSshd(t) || lacks(t, 'unshare', 'ssh', 'mktemp', 'ps');

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
