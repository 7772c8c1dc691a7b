import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { childrenOf, until } from '../support/children.ts';
import { journalOf, MAIN, manifestOf, newDesk, Running, type Desk, type Ended } from '../support/exhibit.ts';
import { startLink } from '../support/link.ts';
import { diskBytes, lacks, sh } from '../support/loop.ts';
import { realm, usersOf } from '../support/realm.ts';
import { hostKeyOf, lacksSshd, startSshd, type Sshd } from '../support/sshd.ts';
import { atEnd, tempFolder } from '../support/temp.ts';
import { judge, transcript, type Expected } from '../cli/transcript.ts';
import { loopDisk, MIB } from './ranges-support.ts';

const skipped = (t: TestContext): boolean => lacksSshd(t) || lacks(t, 'losetup', 'unshare', 'ssh');

/** ssh looks for its configuration in the home that the user database names, whatever the environment says. */
function atHome(t: TestContext, config: string, known: readonly string[]) {
  const home = tempFolder(t);
  mkdirSync(join(home, '.ssh'), { mode: 0o700 });
  writeFileSync(join(home, '.ssh/config'), config, { mode: 0o600 });
  const vouch = (lines: readonly string[]): void => {
    writeFileSync(join(home, '.ssh/known_hosts'), lines.map((line) => `${line}\n`).join(''));
  };
  vouch(known);
  const start = (argv: readonly string[]): Running => {
    const [program = '', ...words] = [...realm({ '/root': home }), process.execPath, MAIN, ...argv];
    const running = new Running(program, words, { env: { TMPDIR: tempFolder(t) } });
    atEnd(t, () => void running.child.kill('SIGKILL'));
    return running;
  };
  const run = async (argv: readonly string[], expected: Expected): Promise<Ended> => {
    const ended = await start(argv).ended;
    judge(argv, ended, expected);
    return ended;
  };
  return { start, run, vouch };
}

function entry(name: string, { port, identity }: Pick<Sshd, 'port' | 'identity'>, ...more: string[]): string {
  const lines = [`HostName 127.0.0.1`, `Port ${port}`, 'User root', `IdentityFile ${identity}`, ...more];
  return [`Host ${name}`, ...lines].join('\n  ');
}

const sameImage = (desk: Desk, bytes: Buffer): void => {
  assert.ok(readFileSync(join(desk.evidence(), 'HDD-01.dd')).equals(bytes), 'image and disk are the same');
};

const LEAVE = ['--transport', 'openssh', '--authority', 'warrant'];

describe('--transport openssh', () => {
  test('a name of ~/.ssh/config behind a jump host: keys are checked on both, and the disk is imaged', async (t) => {
    if (skipped(t)) return;
    const bytes = diskBytes(9 * MIB + 512);
    const node = loopDisk(t, bytes);
    const [box, jump, other] = [await startSshd(t), await startSshd(t), await startSshd(t)];
    const config = `${entry('box', box, 'ProxyJump jump', 'RemoteCommand date')}\n${entry('jump', jump)}\n`;
    const home = atHome(t, config, []);
    const desk = newDesk(t);
    const argv = desk.acquire(`ssh://box${node}`, ...LEAVE);
    const shown = ({ fingerprint }: Sshd) => new RegExp(fingerprint.replaceAll(/[+/]/g, '\\$&'));
    await home.run(argv, { exit: 15, says: [/jump host 127\.0\.0\.1:\d+ on the way to box/, shown(jump), /unknown/] });
    home.vouch([jump.knownLine]);
    await home.run(argv, {
      exit: 15,
      says: [/^.*box shows the host key/m, shown(box), /unknown/, /--host-key SHA256:/],
    });
    home.vouch([jump.knownLine, other.knownLine.replace(String(other.port), String(box.port))]);
    await home.run(argv, { exit: 15, says: [shown(box), /which is changed/] });
    assert.deepEqual(readdirSync(desk.to), []);
    assert.doesNotMatch(box.log(), /Accepted|Failed/);
    home.vouch([jump.knownLine, box.knownLine]);
    await home.run(argv, { exit: 0, says: [/\[remote\.live\]/], prints: [/Every byte was read/] });
    sameImage(desk, bytes);
    const { remote } = manifestOf(desk.evidence()).source;
    assert.deepEqual([remote?.transport, remote?.address.user, remote?.address.port], ['openssh', null, null]);
    assert.equal(remote?.connections[0]?.host_key.judged_by, 'ssh: /root/.ssh/known_hosts line 2');
    assert.equal(remote.connections[0].host_key.fingerprint, box.fingerprint);
    assert.equal(remote.proof.hashed_bytes, bytes.length);
    assert.match(jump.log(), /Accepted publickey/);
    await transcript(['verify', desk.evidence(), '--signers', desk.signers], { exit: 0, prints: [/VERIFIED/] });
  });

  for (const type of ['ed25519', 'rsa', 'ecdsa'] as const)
    test(`cut in the middle: noticed, connected anew with the same key (${type}), gone on with; then killed, and resumed`, async (t) => {
      if (skipped(t)) return;
      const bytes = diskBytes(64 * MIB);
      const node = loopDisk(t, bytes);
      // It has two keys, and only the other one is known.
      const second = type === 'ed25519' ? null : hostKeyOf(t, type);
      const sshd = await startSshd(t, second === null ? {} : { config: [`HostKey ${second.path}`] });
      const link = await startLink(t, sshd.port);
      const line = second === null ? sshd.knownLine : `[127.0.0.1]:${sshd.port} ${second.name} ${second.base64}`;
      const known = line.replace(String(sshd.port), String(link.port));
      const home = atHome(t, `${entry('box', { port: link.port, identity: sshd.identity })}\n`, [known]);
      const desk = newDesk(t);
      const job = home.start(desk.acquire(`ssh://box${node}`, ...LEAVE));
      await until(() => link.received > bytes.length / 4, 'a quarter has come', 60_000);
      link.cut();
      await until(() => journalOf(desk.evidence()).some(({ type }) => type === 'reconnected'), 'it is back', 30_000);
      await until(() => journalOf(desk.evidence()).some(({ type }) => type === 'checkpoint'), 'a checkpoint', 60_000);
      job.kill('SIGKILL');
      await job.ended;
      await until(() => childrenOf(job.child.pid ?? 0).length === 0, 'ssh died with us');
      const login = ['resume', desk.evidence(), '--key', desk.key];
      await home.run([...login, '--transport', 'ssh2'], { exit: 2, says: [/does not say who logs in on box/] });
      await home.run(login, { exit: 0, says: [/going on at byte/], prints: [/Every byte was read/] });
      sameImage(desk, bytes);
      const { sessions, source } = manifestOf(desk.evidence());
      const [pause] = sessions[0]?.pauses ?? [];
      assert.deepEqual([pause?.code, pause?.outcome], ['remote.link-lost', 'reconnected']);
      assert.equal(source.remote?.transport, 'openssh');
      assert.ok(
        source.remote.connections.every(({ host_key }) => host_key.fingerprint === (second ?? sshd).fingerprint),
      );
      // Nobody gave --host-key.
      const vouched = source.remote.connections.map(({ host_key }) => host_key.judged_by);
      assert.equal(vouched[0], 'ssh: /root/.ssh/known_hosts line 1');
      assert.deepEqual([...new Set(vouched.slice(1))], ['the key of the first connection']);
      await transcript(['verify', desk.evidence(), '--signers', desk.signers], { exit: 0, prints: [/VERIFIED/] });
    });

  test("under sudo it is the caller's ssh: that person's agent, keys, configuration and known hosts", async (t) => {
    if (skipped(t) || lacks(t, 'sudo', 'ssh-agent', 'setpriv', 'busybox')) return;
    const [name, uid] = ['exhibit-ada', 42_042];
    const users = usersOf(t, [{ name, uid }], `${name} ALL=(ALL:ALL) NOPASSWD: ALL`);
    const bytes = diskBytes(2 * MIB);
    const node = loopDisk(t, bytes);
    const sshd = await startSshd(t);
    const home = users.home(name);
    const ran = join(home, 'ran-as');
    const proxy = `ProxyCommand sh -c 'id -u >>${ran}; echo $HOME >>${ran}; exec busybox nc %h %p'`;
    const config = ['Host box', 'HostName 127.0.0.1', `Port ${sshd.port}`, 'User root', proxy].join('\n  ');
    for (const [file, text] of Object.entries({ config: `${config}\n`, known_hosts: `${sshd.knownLine}\n` })) {
      writeFileSync(join(home, '.ssh', file), text, { mode: 0o600 });
      chownSync(join(home, '.ssh', file), uid, uid);
    }
    const ada = [
      'setpriv',
      '--reuid',
      String(uid),
      '--regid',
      String(uid),
      '--clear-groups',
      '--pdeathsig',
      'KILL',
      '--',
    ];
    const socket = join(home, 'agent');
    const key = join(home, 'key');
    copyFileSync(sshd.identity, key);
    chmodSync(key, 0o600);
    chownSync(key, uid, uid);
    const [asAda = '', ...rest] = ada;
    const agent = spawn(asAda, [...rest, 'ssh-agent', '-D', '-a', socket], { stdio: 'ignore' });
    atEnd(t, () => void agent.kill());
    await until(() => existsSync(socket), 'the agent listens');
    sh(asAda, ...rest, 'env', `SSH_AUTH_SOCK=${socket}`, 'ssh-add', '-q', key);
    sh('rm', key);
    const desk = newDesk(t);
    const argv = desk.acquire(`ssh://box${node}`, ...LEAVE);
    // sudo takes the agent's socket away: it is looked for in the shell that called it.
    const shell = ['sh', '-c', '"$@"; exit $?', 'sh'];
    const session = [
      'env',
      `SSH_AUTH_SOCK=${socket}`,
      `HOME=${home}`,
      ...shell,
      'sudo',
      '-n',
      process.execPath,
      MAIN,
      ...argv,
    ];
    const [program = '', ...words] = [...realm(users.mounts), ...ada, ...session];
    judge(argv, await new Running(program, words).ended, { exit: 0, prints: [/Every byte was read/] });
    sameImage(desk, bytes);
    assert.equal(readFileSync(ran, 'utf8'), `${uid}\n${home}\n`);
    assert.match(sshd.log(), /Accepted publickey/);
    const left = sh('find', '/tmp', '-maxdepth', '1', '-name', 'exhibit-ssh-*', '-user', String(uid));
    assert.equal(left, '');
  });
});
