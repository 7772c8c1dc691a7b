import test, { after, afterEach, describe, type TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { askAgent } from '../../src/manifest/agent.ts';
import { callerAgentSocket } from '../../src/manifest/keys-caller.ts';
import { findSigningKey } from '../../src/manifest/keys.ts';
import { openSigner } from '../../src/manifest/sign.ts';
import { askpass, commandsWith, makeKey, NOW, refuses, signPorts, workshop, type MadeKey } from './sign-support.ts';

const shop = workshop();
after(shop.remove);
afterEach(() => {
  assert.deepEqual(shop.left(), []);
});
const HOME = join(shop.folder, 'home');
const ask = { interactive: true, now: NOW };
const alone = { interactive: false, now: NOW };
let agents = 0;

/** A stock ssh-agent with these keys, ended with the test. */
async function stockAgent(t: TestContext, ...keys: MadeKey[]): Promise<string> {
  agents += 1;
  const socket = join(shop.folder, `stock${agents}`);
  const child = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
  t.after(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  for (let tries = 0; !existsSync(socket) && tries < 200; tries += 1) await wait(10);
  for (const key of keys) {
    execFileSync('ssh-add', ['-q', key.path], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: 'ignore' });
  }
  return socket;
}

describe("the caller's agent", () => {
  test('a public half signs by the agent that holds the other', async (t) => {
    const key = makeKey(shop.folder, 'agent-key', 'Ann Lee');
    const socket = await stockAgent(t, key);
    execFileSync('rm', [key.path]);
    const seen: string[][] = [];
    const commands = commandsWith(() => {
      seen.push(shop.left());
      return null;
    });
    const ports = signPorts({ HOME, SSH_AUTH_SOCK: socket }, { commands });
    const signer = await openSigner(ports, await findSigningKey(ports, `${key.path}.pub`), alone);
    assert.match(await signer.sign(Buffer.from('x'), 'exhibit-sums'), /^-----BEGIN SSH SIGNATURE-----\n/);
    await signer.close();
    assert.deepEqual(seen.flat(), [], 'a kill would have left this');
  });

  test('an agent that lost the key: nobody else signs, though the private half lies there', async (t) => {
    const key = makeKey(shop.folder, 'dropped-key', 'Ann Lee');
    const socket = await stockAgent(t, key);
    const ports = signPorts({ HOME, SSH_AUTH_SOCK: socket });
    const signer = await openSigner(ports, await findSigningKey(ports, `${key.path}.pub`), alone);
    execFileSync('ssh-add', ['-q', '-D'], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: 'ignore' });
    await refuses(
      signer.sign(Buffer.from('x'), 'exhibit-sums'),
      'signature',
      'keys.sign-failed',
      /No private key found for "key.pub"/,
    );
    await signer.close();
  });

  test('a locked key that the agent holds asks nobody', async (t) => {
    const key = makeKey(shop.folder, 'held-key', 'Ann Lee');
    const socket = await stockAgent(t, key);
    execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', 'sesame', '-f', key.path], { stdio: 'ignore' });
    const ports = signPorts({ HOME, SSH_AUTH_SOCK: socket });
    const choice = await findSigningKey(ports, key.path);
    assert.equal(choice.locked, true);
    const signer = await openSigner(ports, choice, alone);
    await signer.sign(Buffer.from('x'), 'exhibit-manifest');
    await signer.close();
  });

  test('no agent, an empty one, a dead socket: each is told, with what to do', async (t) => {
    const key = makeKey(shop.folder, 'absent-key', 'Ann Lee');
    const empty = await stockAgent(t);
    const cases: [Record<string, string>, RegExp][] = [
      [{}, /SSH_AUTH_SOCK is not set.*ssh-add/],
      [{ SSH_AUTH_SOCK: empty }, /does not hold it.*ssh-add/],
      [{ SSH_AUTH_SOCK: join(shop.folder, 'nothing') }, /did not answer.*ssh-add/],
    ];
    for (const [env, seen] of cases) {
      const ports = signPorts({ HOME, ...env });
      const opened = openSigner(ports, await findSigningKey(ports, `${key.path}.pub`), alone);
      await refuses(opened, 'signature', 'keys.not-in-agent', seen);
    }
  });

  test('an agent that never answers', async (t) => {
    const socket = await fakeAgent(t, () => null);
    const key = makeKey(shop.folder, 'mute-key', 'Ann Lee');
    const answer = await askAgent(signPorts({ HOME }), socket, key.publicKey, 300);
    assert.deepEqual(answer, { kind: 'unclear', words: 'ssh-add did not finish in time' });
  });

  test('an agent that lists the key and then hangs, or refuses, fails the trial', async (t) => {
    const key = makeKey(shop.folder, 'hang-key', 'Ann Lee');
    const blob = Buffer.from(key.publicKey.split(' ')[1] ?? '', 'base64');
    const list = Buffer.concat([Buffer.from([12, 0, 0, 0, 1]), lengthAnd(blob), lengthAnd(Buffer.from('Ann Lee'))]);
    const kinds: [Buffer | null, RegExp][] = [
      [null, /did not finish in time.*agent does not answer/],
      [Buffer.from([5]), /agent refused operation/],
    ];
    for (const [toSign, seen] of kinds) {
      const socket = await fakeAgent(t, (request) =>
        request === 11 ? list : request === 13 ? toSign : Buffer.from([5]),
      );
      const ports = signPorts({ HOME, SSH_AUTH_SOCK: socket });
      const opened = openSigner(ports, await findSigningKey(ports, `${key.path}.pub`), { ...alone, timeoutMs: 500 });
      await refuses(opened, 'signature', 'keys.trial-failed', seen);
    }
  });
});

describe('an agent of our own', () => {
  test('a passphrase is asked once, for all signatures; nothing is left', async () => {
    const key = makeKey(shop.folder, 'locked-key', 'Ann Lee', { passphrase: 'sesame' });
    const count = join(shop.folder, 'count');
    writeFileSync(count, '');
    const program = join(shop.folder, 'counting-askpass');
    writeFileSync(program, `#!/bin/sh\necho asked >> '${count}'\necho sesame\n`);
    chmodSync(program, 0o700);
    const ports = signPorts({ HOME, SSH_ASKPASS: program, SSH_ASKPASS_REQUIRE: 'force' });
    const signer = await openSigner(ports, await findSigningKey(ports, key.path), ask);
    assert.equal(shop.agents().length, 1);
    await signer.sign(Buffer.from('manifest'), 'exhibit-manifest');
    await signer.sign(Buffer.from('sums'), 'exhibit-sums');
    assert.equal(execFileSync('cat', [count], { encoding: 'utf8' }), 'asked\n');
    await signer.close();
    await signer.close();
    assert.deepEqual(shop.left(), []);
    await assert.rejects(signer.sign(Buffer.from('late'), 'exhibit-sums'), { code: 'keys.sign-failed' });
  });

  test('a wrong passphrase ends it', async () => {
    const key = makeKey(shop.folder, 'guarded-\u001bkey', 'Ann Lee', { passphrase: 'sesame' });
    // An askpass that is cancelled: ssh-add would ask again for ever.
    const program = join(shop.folder, 'cancelled-askpass');
    writeFileSync(program, '#!/bin/sh\nexit 1\n');
    chmodSync(program, 0o700);
    const ports = signPorts({ HOME, SSH_ASKPASS: program, SSH_ASKPASS_REQUIRE: 'force' });
    const choice = await findSigningKey(ports, key.path);
    await refuses(
      openSigner(ports, choice, ask),
      'signature',
      'keys.passphrase',
      /guarded-\\u\{1b\}key was not unlocked/,
    );
  });

  test('without a terminal a locked key is refused before any question', async () => {
    const key = makeKey(shop.folder, 'shut-key', 'Ann Lee', { passphrase: 'sesame' });
    const ports = signPorts({ HOME, ...askpass(shop.folder, 'sesame') });
    const choice = await findSigningKey(ports, key.path);
    await refuses(openSigner(ports, choice, alone), 'signature', 'keys.locked', /ssh-add .*shut-key/);
  });

  test('dies with us, even by SIGKILL', async (t) => {
    if (signPorts({}).commands.which('setpriv') === null) {
      t.skip('needs setpriv');
      return;
    }
    const key = makeKey(shop.folder, 'orphan-key', 'Ann Lee', { passphrase: 'sesame' });
    const child = spawn(process.execPath, [join(import.meta.dirname, 'sign-child.js'), key.path], {
      env: { ...process.env, HOME, ...askpass(shop.folder, 'sesame') },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [ready] = (await once(child.stdout, 'data')) as [Buffer];
    assert.equal(ready.toString(), 'ready\n');
    assert.equal(shop.agents().length, 1);
    child.kill('SIGKILL');
    await once(child, 'exit');
    for (let tries = 0; shop.agents().length > 0 && tries < 100; tries += 1) await wait(50);
    assert.deepEqual(shop.agents(), []);
    // What SIGKILL can't clean: an empty-handed folder in the temporary folder.
    for (const folder of readdirSync(join(shop.folder, 'tmp')))
      execFileSync('rm', ['-r', join(shop.folder, 'tmp', folder)]);
  });
});

describe("under sudo: the caller's agent is found among our ancestors", () => {
  const UID = 4321;

  /** exhibit (100) ← sudo (90, root) ← sudo's monitor (80, root) ← shell (70, the caller) ← session (60, the caller) ← init. */
  function bench(name: string, environments: Record<number, string>): string {
    const root = join(shop.folder, name);
    const tree: [number, number, number][] = [
      [100, 90, 0],
      [90, 80, 0],
      [80, 70, 0],
      [70, 60, UID],
      [60, 1, UID],
    ];
    for (const [pid, parent, uid] of tree) {
      mkdirSync(join(root, 'proc', String(pid)), { recursive: true });
      const status = `Name:\tx\nState:\tS (sleeping)\nPid:\t${pid}\nPPid:\t${parent}\nUid:\t${uid}\t${uid}\t${uid}\t${uid}\n`;
      writeFileSync(join(root, 'proc', String(pid), 'status'), status);
      writeFileSync(join(root, 'proc', String(pid), 'environ'), environments[pid] ?? 'LANG=C\0');
    }
    return root;
  }
  const sudo = { HOME: '/root', SUDO_UID: String(UID), SUDO_USER: 'ann' };

  test('the nearest process of the caller that has one; signs by it', async (t) => {
    if (process.getuid?.() !== 0) {
      t.skip('needs root: the socket must belong to another user');
      return;
    }
    const key = makeKey(shop.folder, 'sudo-key', 'Ann Lee');
    const socket = await stockAgent(t, key);
    chownSync(socket, UID, UID);
    const root = bench('far', { 90: `SSH_AUTH_SOCK=/root/agent\0`, 60: `A=b\0SSH_AUTH_SOCK=${socket}\0C=d` });
    const ports = signPorts(sudo, { root }, { uid: 0, pid: 100 });
    assert.deepEqual(await callerAgentSocket(ports), { known: true, value: socket });
    const signer = await openSigner(ports, await findSigningKey(ports, `${key.path}.pub`), alone);
    await signer.close();
  });

  test("a socket that is not the caller's, or is none, does not count", async (t) => {
    const socket = await stockAgent(t);
    const file = join(shop.folder, 'no-socket');
    writeFileSync(file, '');
    if (process.getuid?.() === 0) chownSync(file, UID, UID);
    for (const [name, path] of Object.entries({ foreign: socket, file })) {
      const root = bench(name, { 70: `SSH_AUTH_SOCK=${path}\0` });
      const fact = await callerAgentSocket(signPorts(sudo, { root }, { uid: 0, pid: 100 }));
      assert.match(fact.known ? '' : fact.why, /is not a socket of that session's user/);
    }
  });

  test('nobody has one, or /proc does not tell: unknown, with the reason', async () => {
    for (const root of [bench('none', {}), join(shop.folder, 'no-such-root')]) {
      const fact = await callerAgentSocket(signPorts(sudo, { root }, { uid: 0, pid: 100 }));
      assert.match(fact.known ? '' : fact.why, /neither here nor in the session/);
    }
  });

  test('our own SSH_AUTH_SOCK wins; without sudo ancestors are not asked', async () => {
    const root = bench('own', { 70: 'SSH_AUTH_SOCK=/caller\0' });
    const own = await callerAgentSocket(signPorts({ ...sudo, SSH_AUTH_SOCK: '/kept' }, { root }, { uid: 0, pid: 100 }));
    assert.deepEqual(own, { known: true, value: '/kept' });
    const plain = await callerAgentSocket(signPorts({ HOME }, { root }, { uid: 0, pid: 100 }));
    assert.equal(plain.known, false);
  });
});

/** An agent that answers a request, known by its number, with a message, or never (null). */
async function fakeAgent(t: TestContext, answer: (request: number) => Buffer | null): Promise<string> {
  agents += 1;
  const path = join(shop.folder, `fake${agents}`);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    let waiting = Buffer.alloc(0);
    socket.on('data', (bytes: Buffer) => {
      waiting = Buffer.concat([waiting, bytes]);
      while (waiting.length >= 4 && waiting.length >= 4 + waiting.readUInt32BE()) {
        const message = answer(waiting[4] ?? 0);
        waiting = waiting.subarray(4 + waiting.readUInt32BE());
        if (message !== null) socket.write(lengthAnd(message));
      }
    });
  }).listen(path);
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return path;
}

function lengthAnd(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
