import test, { after, afterEach, describe } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { formatAllowedSigners, principalFault } from '../../src/manifest/allowed-signers.ts';
import { initKey } from '../../src/manifest/keys-init.ts';
import { defaultKeyPath, findSigningKey } from '../../src/manifest/keys.ts';
import { askpass, commandsWith, makeKey, refuses, signPorts, workshop } from './sign-support.ts';

const shop = workshop();
after(shop.remove);
afterEach(() => {
  assert.deepEqual(shop.left(), []);
});
let homes = 0;
function home(): string {
  homes += 1;
  const folder = join(shop.folder, `home${homes}`);
  mkdirSync(folder, { mode: 0o755 });
  return folder;
}

describe('keys init', () => {
  test('makes an Ed25519 key below the config folder, closed to others, named after the person', async () => {
    const ports = signPorts({ HOME: home() });
    const key = await initKey(ports, { name: 'Ann Lee', passphrase: 'none' });
    assert.equal(key.path, join(ports.host.env['HOME'] ?? '', '.config/exhibit/signing-key'));
    assert.equal(statSync(join(key.path, '..')).mode & 0o777, 0o700);
    assert.equal(statSync(key.path).mode & 0o777, 0o600);
    assert.deepEqual(
      [key.principal, key.keyType, key.locked, key.hardware, key.half],
      ['Ann Lee', 'ssh-ed25519', false, false, 'private'],
    );
    assert.equal(readFileSync(`${key.path}.pub`, 'utf8'), `${key.publicKey} Ann Lee\n`);
    assert.deepEqual(await findSigningKey(ports, null), key);
  });

  test('XDG_CONFIG_HOME is used when absolute, ignored when not', async () => {
    assert.equal(await defaultKeyPath(signPorts({ HOME: '/h', XDG_CONFIG_HOME: '/x' })), '/x/exhibit/signing-key');
    assert.equal(
      await defaultKeyPath(signPorts({ HOME: '/h', XDG_CONFIG_HOME: 'x' })),
      '/h/.config/exhibit/signing-key',
    );
  });

  test('never overwrites: neither half, nor a link that leads nowhere', async () => {
    for (const name of ['signing-key', 'signing-key.pub']) {
      const config = home();
      mkdirSync(join(config, 'exhibit'));
      symlinkSync('/nowhere/at/all', join(config, 'exhibit', name));
      const ports = signPorts({ HOME: config, XDG_CONFIG_HOME: config });
      await refuses(
        initKey(ports, { name: 'Ann Lee', passphrase: 'none' }),
        'destination',
        'keys.exists',
        /never overwritten/,
      );
    }
    const ports = signPorts({ HOME: home() });
    const first = await initKey(ports, { name: 'Ann Lee', passphrase: 'none' });
    await refuses(initKey(ports, { name: 'Bob', passphrase: 'none' }), 'destination', 'keys.exists', /keys show/);
    assert.deepEqual(await findSigningKey(ports, null), first);
  });

  test('lets ssh-keygen ask for a passphrase, and tells whether one was set', async () => {
    const locked = await initKey(signPorts({ HOME: home(), ...askpass(shop.folder, 'sesame open') }), {
      name: 'Анна Ли',
      passphrase: 'ask',
    });
    assert.equal(locked.locked, true);
    assert.equal(locked.principal, 'Анна Ли');
    const open = await initKey(signPorts({ HOME: home(), ...askpass(shop.folder, '') }), {
      name: 'Ann',
      passphrase: 'ask',
    });
    assert.equal(open.locked, false);
  });

  test('an existing folder that the person named keeps its mode', async () => {
    const folder = home();
    await initKey(signPorts({ HOME: '/nowhere' }), { name: 'Ann', path: join(folder, 'mine'), passphrase: 'none' });
    assert.equal(statSync(folder).mode & 0o777, 0o755);
  });

  test('a place that can not be written is told', async () => {
    const file = join(home(), 'file');
    writeFileSync(file, '');
    const ports = signPorts({ HOME: '/nowhere' });
    await refuses(
      initKey(ports, { name: 'Ann', path: join(file, 'key'), passphrase: 'none' }),
      'destination',
      'keys.not-made',
      /file/,
    );
  });

  test('under sudo the key is the caller’s: home, owner, mode', async (t) => {
    if (process.getuid?.() !== 0) {
      t.skip('needs root');
      return;
    }
    chmodSync(shop.folder, 0o755);
    // ssh-keygen wants its user to exist.
    const uid = Number(execFileSync('id', ['-u', 'nobody'], { encoding: 'utf8' }));
    const callerHome = home();
    chownSync(callerHome, uid, uid);
    const commands = commandsWith((argv) =>
      argv[0] === 'getent' ? { stdout: `ann:x:${uid}:${uid}:Ann:${callerHome}:/bin/sh\n` } : null,
    );
    const ports = signPorts(
      { HOME: '/root', SUDO_UID: String(uid), SUDO_USER: 'ann' },
      { commands, root: join(shop.folder, 'no-proc') },
      { uid: 0 },
    );
    const key = await initKey(ports, { name: 'Ann Lee', passphrase: 'none' });
    assert.equal(key.path, join(callerHome, '.config/exhibit/signing-key'));
    for (const path of [key.path, `${key.path}.pub`, join(key.path, '..')]) {
      assert.deepEqual([statSync(path).uid, statSync(path).gid], [uid, uid], path);
    }
    // Made as the caller, not by root: a folder that is root's stays out of reach.
    const rootFolder = home();
    chmodSync(rootFolder, 0o755);
    const reach = initKey(ports, { name: 'Ann Lee', path: join(rootFolder, 'key'), passphrase: 'none' });
    await refuses(reach, 'destination', 'keys.not-made', /denied/i);
  });
});

describe('names of signers', () => {
  test('any script, spaces, mail addresses', () => {
    for (const name of ['Ann Lee', 'Анна Ли', '李安', "Sean O'Neil", 'ann@lab.example', 'José (Lab 2)']) {
      assert.equal(principalFault(name), null, name);
    }
  });
  test('nothing that OpenSSH or a shell takes for something else', async () => {
    const names = [
      '',
      ' Ann',
      'Ann ',
      '*',
      'Ann*',
      'A?n',
      '!Ann',
      'Ann,Bob',
      'Ann "x"',
      'Ann\nBob',
      'Ann\\',
      '#Ann',
      'A$x',
      '-Ann',
      'A\u202eB',
      'x'.repeat(201),
    ];
    for (const name of names) {
      assert.notEqual(principalFault(name), null, JSON.stringify(name));
      await refuses(
        initKey(signPorts({ HOME: '/nowhere' }), { name, passphrase: 'none' }),
        'usage',
        'keys.name',
        /--name "Ann Lee"/,
      );
      assert.throws(() => formatAllowedSigners(name, 'ssh-ed25519 AAAA'), { code: 'keys.name' });
    }
  });
  test('the line of allowed_signers', () => {
    assert.equal(
      formatAllowedSigners('Ann Lee', 'ssh-ed25519 AAAA'),
      '"Ann Lee" namespaces="exhibit-manifest,exhibit-sums" ssh-ed25519 AAAA\n',
    );
  });
});

describe('the key that is to sign', () => {
  const ports = signPorts({ HOME: join(shop.folder, 'empty') });

  test('none: says what to type', async () => {
    await refuses(
      findSigningKey(ports, null),
      'usage',
      'keys.missing',
      /exhibit keys init --name "Your Name".*--unsigned/,
    );
    await refuses(findSigningKey(ports, '/no/such/key'), 'usage', 'keys.missing', /\/no\/such\/key/);
  });

  test('a locked key is known as locked without asking', async () => {
    const made = makeKey(shop.folder, 'locked', 'Ann Lee', { passphrase: 'sesame' });
    const key = await findSigningKey(ports, made.path);
    assert.deepEqual([key.locked, key.publicKey, key.principal], [true, made.publicKey, 'Ann Lee']);
    rmSync(`${made.path}.pub`);
    await refuses(findSigningKey(ports, made.path), 'usage', 'keys.pair', /ssh-keygen -y -f/);
  });

  test('an open key without its public half is asked for it', async () => {
    const made = makeKey(shop.folder, 'alone', 'Ann Lee');
    rmSync(`${made.path}.pub`);
    assert.equal((await findSigningKey(ports, made.path)).publicKey, made.publicKey);
  });

  test('two halves of different keys', async () => {
    const made = makeKey(shop.folder, 'one', 'Ann Lee');
    renameSync(`${makeKey(shop.folder, 'two', 'Ann Lee').path}.pub`, `${made.path}.pub`);
    await refuses(findSigningKey(ports, made.path), 'usage', 'keys.pair', /not the public half/);
  });

  test('a public half alone, named or in the default place', async () => {
    const made = makeKey(shop.folder, 'agent', 'Ann Lee');
    const config = home();
    mkdirSync(join(config, 'exhibit'));
    renameSync(`${made.path}.pub`, join(config, 'exhibit/signing-key.pub'));
    const found = await findSigningKey(signPorts({ HOME: '/h', XDG_CONFIG_HOME: config }), null);
    assert.deepEqual([found.half, found.publicKey, found.locked], ['public', made.publicKey, false]);
  });

  test('a comment that can not be a name', async () => {
    for (const comment of ['', 'Ann, Bob', 'Ann*']) {
      const made = makeKey(shop.folder, `name${comment.length}`, comment);
      await refuses(findSigningKey(ports, made.path), 'usage', 'keys.name', /ssh-keygen -c -C "Your Name"/);
    }
  });

  test('files that are no keys', async () => {
    const made = makeKey(shop.folder, 'real', 'Ann Lee');
    const bad: Record<string, string> = {
      text: 'hello\n',
      empty: '',
      'broken private': '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n',
      'other type': `ssh-rsa ${made.publicKey.split(' ')[1] ?? ''} Ann\n`,
      'two lines': `${made.publicKey} Ann\n${made.publicKey} Ann\n`,
      escapes: '\u001b[31mssh\n',
    };
    for (const [name, content] of Object.entries(bad)) {
      const path = join(shop.folder, `bad ${name}`);
      writeFileSync(path, content, { mode: 0o600 });
      await refuses(findSigningKey(ports, path), 'usage', 'keys.unreadable', /can't be used as a key/);
    }
    await refuses(findSigningKey(ports, shop.folder), 'usage', 'keys.unreadable', /EISDIR/);
  });
});
