import test, { after, afterEach, describe } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatAllowedSigners } from '../../src/manifest/allowed-signers.ts';
import { parseArmour } from '../../src/manifest/armour.ts';
import { findSigningKey } from '../../src/manifest/keys.ts';
import { openSigner } from '../../src/manifest/sign.ts';
import { systemFiles } from '../../src/system/files.ts';
import type { Commands, RunOptions } from '../../src/system/run-command.ts';
import { commandsWith, makeKey, NOW, refuses, signByHand, signPorts, workshop, type MadeKey } from './sign-support.ts';

const shop = workshop();
after(shop.remove);
afterEach(() => {
  assert.deepEqual(shop.left(), []);
});
const env = { HOME: join(shop.folder, 'home') };
const options = { interactive: false, now: NOW };

/** Stock `ssh-keygen -Y verify`, as VERIFY.txt has it. */
function stockVerify(
  principal: string,
  key: MadeKey,
  namespace: string,
  armour: string,
  data: string | Uint8Array,
): number | null {
  const [signers, signature] = [join(shop.folder, 'allowed_signers'), join(shop.folder, 'sig')];
  writeFileSync(signers, formatAllowedSigners(principal, key.publicKey));
  writeFileSync(signature, armour);
  const found = spawnSync('ssh-keygen', ['-Y', 'find-principals', '-f', signers, '-s', signature], {
    encoding: 'utf8',
  });
  assert.equal(found.stdout, `${principal}\n`);
  const argv = ['-Y', 'verify', '-f', signers, '-I', principal, '-n', namespace, '-s', signature];
  return spawnSync('ssh-keygen', argv, { input: data }).status;
}

describe('signatures', () => {
  const types: [string, string[]][] = [
    ['Ann Lee', ['-t', 'ed25519']],
    ['Анна Ли', ['-t', 'rsa', '-b', '2048']],
    ["Sean O'Neil (Lab 2)", ['-t', 'ecdsa', '-b', '256']],
  ];
  for (const [name, type] of types) {
    test(`${type[1] ?? ''} by ${name}: stock ssh-keygen verifies them, for their namespace and bytes only`, async () => {
      const key = makeKey(shop.folder, `key-${type[1] ?? ''}`, name, { type });
      const ports = signPorts(env);
      const signer = await openSigner(ports, await findSigningKey(ports, key.path), options);
      assert.deepEqual([signer.principal, signer.publicKey], [name, key.publicKey]);
      const data = Buffer.from([0, 1, 2, 255, 10, 13, 0]);
      const armour = await signer.sign(data, 'exhibit-manifest');
      assert.ok(parseArmour(Buffer.from(armour)).ok);
      assert.equal(stockVerify(name, key, 'exhibit-manifest', armour, data), 0);
      assert.notEqual(stockVerify(name, key, 'exhibit-sums', armour, data), 0);
      assert.notEqual(stockVerify(name, key, 'exhibit-manifest', armour, Buffer.from([1, 1, 2, 255, 10, 13, 0])), 0);
      await signer.close();
    });
  }

  test('the name stands for itself alone, and a trial signature is good for nothing else', async () => {
    const key = makeKey(shop.folder, 'exact', 'Ann Lee');
    const armour = signByHand(key, 'exhibit-sums', 'x');
    assert.equal(stockVerify('Ann Lee', key, 'exhibit-sums', armour, 'x'), 0);
    const signature = join(shop.folder, 'sig');
    for (const other of ['Ann', 'Lee', 'ann lee', 'Ann Leee', 'Bob']) {
      const argv = [
        '-Y',
        'verify',
        '-f',
        join(shop.folder, 'allowed_signers'),
        '-I',
        other,
        '-n',
        'exhibit-sums',
        '-s',
        signature,
      ];
      assert.notEqual(spawnSync('ssh-keygen', argv, { input: 'x' }).status, 0, other);
    }
    assert.notEqual(stockVerify('Ann Lee', key, 'exhibit-trial', signByHand(key, 'exhibit-trial', 'x'), 'x'), 0);
  });

  test('large files are signed whole', async () => {
    const key = makeKey(shop.folder, 'large', 'Ann Lee');
    const ports = signPorts(env);
    const signer = await openSigner(ports, await findSigningKey(ports, key.path), options);
    const data = Buffer.alloc(8 * 1024 * 1024, 7);
    assert.equal(stockVerify('Ann Lee', key, 'exhibit-sums', await signer.sign(data, 'exhibit-sums'), data), 0);
    await signer.close();
  });
});

describe('nothing unverified is handed out', () => {
  const key = makeKey(shop.folder, 'mine', 'Ann Lee');
  const other = makeKey(shop.folder, 'other', 'Ann Lee');

  test('a signing program that signs other bytes, with another key, for another namespace, or writes nonsense or nothing', async () => {
    const lies: [string, RegExp][] = [
      [signByHand(key, 'exhibit-trial', 'other bytes'), /does not verify/],
      [signByHand(other, 'exhibit-trial', 'x'), /another key/],
      [signByHand(key, 'exhibit-sums', 'x'), /another namespace/],
      ['fine\n', /not canonical/],
      ['', /gave no signature/],
    ];
    const choice = await findSigningKey(signPorts(env), key.path);
    for (const hardware of [false, true]) {
      for (const [lie, seen] of lies) {
        const commands = commandsWith((argv) => {
          if (!argv.includes('sign')) return null;
          // A hardware key's signature comes as a file, any other's on standard output.
          if (hardware && lie !== '') writeFileSync(`${argv.at(-1) ?? ''}.sig`, lie);
          return hardware ? {} : { stdout: lie };
        });
        const opened = openSigner(signPorts(env, { commands }), { ...choice, hardware }, options);
        await refuses(opened, 'signature', 'keys.trial-failed', seen);
      }
    }
  });

  test('a verifying program whose words and status do not agree', async () => {
    const answers = [
      { exit: 0, stdout: 'fine\n' },
      { exit: 0, stdout: 'Good "exhibit-sums" signature for Ann Lee with ED25519 key SHA256:x\n' },
      { exit: 1, stdout: `Good "exhibit-trial" signature for Ann Lee with ED25519 key SHA256:${'A'.repeat(43)}\n` },
      { exit: 0, stdout: `Good "exhibit-trial" signature for Ann Lee with ED25519 key SHA256:${'A'.repeat(43)}\n` },
    ];
    for (const answer of answers) {
      const commands = commandsWith((argv) => (argv.includes('verify') ? answer : null));
      const ports = signPorts(env, { commands });
      const opened = openSigner(ports, await findSigningKey(ports, key.path), options);
      await refuses(opened, 'signature', 'keys.trial-failed', /does not verify|another key/);
    }
  });

  test('the key file goes away during the job: the trial passed, the signature says so', async () => {
    const lost = makeKey(shop.folder, 'lost', 'Ann Lee');
    const ports = signPorts(env);
    const signer = await openSigner(ports, await findSigningKey(ports, lost.path), options);
    execFileSync('rm', [lost.path, `${lost.path}.pub`]);
    await refuses(
      signer.sign(Buffer.from('x'), 'exhibit-sums'),
      'signature',
      'keys.sign-failed',
      /lost could not sign: .*No such file/,
    );
    // It ends before it has taken all of its input.
    await refuses(
      signer.sign(Buffer.alloc(8 * 1024 * 1024), 'exhibit-sums'),
      'signature',
      'keys.sign-failed',
      /lost could not sign: .*No such file/,
    );
    await signer.close();
  });

  test('words of ssh-keygen are escaped', async () => {
    const commands = commandsWith((argv) =>
      argv.includes('sign') ? { exit: 255, stderr: 'no\u001b[2J\nreally\n' } : null,
    );
    const ports = signPorts(env, { commands });
    const opened = openSigner(ports, await findSigningKey(ports, key.path), options);
    await refuses(opened, 'signature', 'keys.trial-failed', /no\\u\{1b\}\[2J; really/);
  });

  test('ssh-keygen is missing', async () => {
    const ports = signPorts(env, { commands: { ...commandsWith(() => null), which: () => null } });
    await refuses(findSigningKey(ports, key.path), 'signature', 'keys.no-tool', /openssh-client/);
  });
});

describe('while ssh-keygen signs and verifies', () => {
  test('no file lies in the temporary folder: a kill leaves none', async () => {
    const key = makeKey(shop.folder, 'traceless', 'Ann Lee');
    const real = commandsWith(() => null);
    const seen: string[][] = [];
    const commands: Commands = {
      ...real,
      run: (argv, how) => {
        seen.push(shop.left());
        return real.run(argv, how);
      },
    };
    const ports = signPorts(env, { commands });
    const signer = await openSigner(ports, await findSigningKey(ports, key.path), options);
    await signer.sign(Buffer.from('abc'), 'exhibit-sums');
    await signer.close();
    assert.ok(seen.length >= 4, 'it signed and verified twice');
    assert.deepEqual(seen.flat(), []);
  });

  test('a temporary folder that can not be written to is named as what failed', async () => {
    const key = makeKey(shop.folder, 'roomless', 'Ann Lee');
    const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    const ports = signPorts(env, { files: { ...systemFiles, nameless: () => Promise.reject(full) } });
    const opened = openSigner(ports, await findSigningKey(ports, key.path), options);
    await refuses(opened, 'unexpected', 'station.temporary', /ENOSPC.*TMPDIR/);
  });
});

describe('a hardware key (its part played by a script)', () => {
  const soft = makeKey(shop.folder, 'hard', 'Ann Lee');

  test('says "touch" before it waits, and again when nobody came', async () => {
    const told: string[] = [];
    let limit = 0;
    const real = commandsWith((argv) => (argv.includes('sign') ? { exit: null, failure: 'timeout' } : null));
    const commands = {
      ...real,
      run: async (...[argv, asked]: Parameters<typeof real.run>) => {
        if (argv.includes('sign')) limit = asked?.timeoutMs ?? 0;
        return real.run(argv, asked);
      },
    };
    const ports = signPorts(env, { commands });
    const choice = { ...(await findSigningKey(ports, soft.path)), hardware: true };
    const opened = openSigner(ports, choice, { ...options, notify: (message) => told.push(message) });
    await refuses(opened, 'signature', 'keys.trial-failed', /did not finish in time.*touch it/);
    assert.equal(told.length, 1);
    assert.match(told[0] ?? '', /^Touch the key SHA256:.*Ann Lee/);
    assert.equal(limit, 60_000);
  });

  test('at a terminal it has the terminal, for the PIN; without one it has no input to take for a PIN', async () => {
    const choice = { ...(await findSigningKey(signPorts(env), soft.path)), hardware: true };
    for (const interactive of [true, false]) {
      const asked: (RunOptions | undefined)[] = [];
      const real = commandsWith(() => null);
      const commands: Commands = {
        ...real,
        run: (argv, how) => {
          if (argv.includes('sign')) asked.push(how);
          return real.run(argv, how);
        },
      };
      const signer = await openSigner(signPorts(env, { commands }), choice, { ...options, interactive });
      const armour = await signer.sign(Buffer.from('abc'), 'exhibit-sums');
      assert.equal(stockVerify('Ann Lee', soft, 'exhibit-sums', armour, 'abc'), 0);
      assert.equal(asked.length, 2);
      for (const how of asked) assert.deepEqual([how?.interactive === true, how?.input], [interactive, undefined]);
      await signer.close();
    }
  });
});
