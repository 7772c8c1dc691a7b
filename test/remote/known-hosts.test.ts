import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { ExhibitError } from '../../src/model/errors.ts';
import { parseSshAddress } from '../../src/remote/address.ts';
import { fingerprintOf, parseFingerprint } from '../../src/remote/fingerprint.ts';
import { configuredFiles, configuredPlace } from '../../src/remote/openssh-host-key.ts';
import { judgeHostKey, lookUpHost, type PinnedKey } from '../../src/remote/known-hosts.ts';
import { lacks, sh } from '../support/loop.ts';
import { testPorts } from '../support/ports.ts';
import { tempFolder } from '../support/temp.ts';

interface Key {
  readonly type: string;
  readonly base64: string;
  readonly blob: Buffer;
  /** As ssh-keygen itself prints it. */
  readonly fingerprint: string;
}

function makeKey(folder: string, name: string, type = 'ed25519'): Key {
  const path = join(folder, name);
  sh('ssh-keygen', '-q', '-t', type, '-N', '', '-f', path);
  const [kind = '', base64 = ''] = readFileSync(`${path}.pub`, 'utf8').split(' ');
  const fingerprint = sh('ssh-keygen', '-l', '-f', `${path}.pub`).split(' ')[1] ?? '';
  return { type: kind, base64, blob: Buffer.from(base64, 'base64'), fingerprint };
}

interface Shown {
  readonly host?: string;
  readonly pinned?: string;
  readonly by?: PinnedKey['by'];
  readonly hashed?: boolean;
}

interface Case {
  readonly folder: string;
  readonly key: Key;
  readonly other: Key;
  /** Judges `key`, shown by the host, against a known_hosts file. */
  readonly judge: (file: string, options?: Shown) => Promise<string>;
}

function begin(t: TestContext): Case | null {
  if (lacks(t, 'ssh-keygen')) return null;
  const folder = tempFolder(t);
  const [key, other] = [makeKey(folder, 'key'), makeKey(folder, 'other')];
  return {
    folder,
    key,
    other,
    judge: async (file, { host = 'box', pinned, by = 'operator', hashed } = {}) => {
      const path = join(folder, 'known_hosts');
      writeFileSync(path, file);
      if (hashed === true) sh('ssh-keygen', '-H', '-f', path);
      const place = parseSshAddress(`ssh://root@${host}`);
      const known = await lookUpHost(testPorts(), place, [join(folder, 'absent'), path]);
      return judgeHostKey(place, key.blob, known, pinned === undefined ? null : { fingerprint: pinned, by });
    },
  };
}

function refused(code: string, ...words: readonly (string | RegExp)[]): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ExhibitError, String(error));
    assert.deepEqual([error.code, error.fault], [code, 'remote'], error.message);
    for (const word of words) {
      const text = `${error.message} ${error.hint ?? ''}`;
      assert.ok(typeof word === 'string' ? text.includes(word) : word.test(text), text);
    }
    return true;
  };
}

describe('a host key is judged', () => {
  test('by its own line: plain, by a pattern, with a port, IPv6, hashed', async (t) => {
    const made = begin(t);
    if (made === null) return;
    const { key, judge, folder } = made;
    const where = new RegExp(`^${folder}/known_hosts line 2$`);
    const line = (names: string): string => `# a comment\n${names} ${key.type} ${key.base64} admin@site\n`;
    assert.match(await judge(line('box,10.0.0.1')), where);
    assert.match(await judge(line('*.site'), { host: 'a.site' }), where);
    assert.match(await judge(line('[box]:2222'), { host: 'box:2222' }), where);
    assert.match(await judge(line('2001:db8::7'), { host: '[2001:db8::7]' }), where);
    assert.match(await judge(line('box'), { hashed: true }), where);
    assert.match(await judge(line('[box]:2222'), { host: 'box:2222', hashed: true }), where);
  });

  test('as unknown when nothing names the host: with the fingerprint, and how it is accepted', async (t) => {
    const made = begin(t);
    if (made === null) return;
    const { key, other, judge } = made;
    const line = `box ${key.type} ${key.base64}\n`;
    const unknown = refused('remote.host-key-unknown', key.fingerprint, `--host-key ${key.fingerprint}`);
    await assert.rejects(judge(''), unknown);
    await assert.rejects(judge(line, { host: 'xbox' }), unknown);
    // Another port is another server.
    await assert.rejects(judge(line, { host: 'box:2222' }), unknown);
    await assert.rejects(judge(`[box]:2222 ${key.type} ${key.base64}\n`), unknown);
    await assert.rejects(judge(`!box,* ${key.type} ${key.base64}\n`), unknown);
    const ecdsa = makeKey(made.folder, 'ecdsa', 'ecdsa');
    await assert.rejects(
      judge(`box ${ecdsa.type} ${ecdsa.base64}\n`),
      refused('remote.host-key-unknown', /another type/),
    );
    await assert.rejects(
      judge(`@cert-authority * ${other.type} ${other.base64}\n`),
      refused('remote.host-key-unknown', /certificate authority.*--transport openssh/s),
    );
    // An authority's own key is no host's.
    await assert.rejects(judge(`@cert-authority * ${key.type} ${key.base64}\n`), refused('remote.host-key-unknown'));
  });

  test('as changed when another one of its type is known', async (t) => {
    const made = begin(t);
    if (made === null) return;
    const { key, other, judge } = made;
    const changed = refused(
      'remote.host-key-changed',
      key.fingerprint,
      other.fingerprint,
      /another machine, or somebody/,
    );
    await assert.rejects(judge(`box ${other.type} ${other.base64}\n`), changed);
    await assert.rejects(judge(`box ${other.type} ${other.base64}\n`, { hashed: true }), changed);
  });

  test('as revoked, whatever else is said of it', async (t) => {
    const made = begin(t);
    if (made === null) return;
    const { key, judge } = made;
    const lines = `box ${key.type} ${key.base64}\n@revoked * ${key.type} ${key.base64}\n`;
    const revoked = refused('remote.host-key-revoked', key.fingerprint, /must not be trusted/);
    await assert.rejects(judge(lines), revoked);
    await assert.rejects(judge(lines, { pinned: key.fingerprint }), revoked);
  });

  test('by what the operator named', async (t) => {
    const made = begin(t);
    if (made === null) return;
    const { key, other, judge } = made;
    assert.equal(await judge('', { pinned: key.fingerprint }), '--host-key');
    assert.equal(await judge(`box ${other.type} ${other.base64}\n`, { pinned: key.fingerprint }), '--host-key');
    await assert.rejects(
      judge(`box ${key.type} ${key.base64}\n`, { pinned: other.fingerprint }),
      refused('remote.host-key-changed', key.fingerprint, other.fingerprint, /another of its keys.*one of each type/),
    );
  });

  test('by what the machine showed before: nobody gave --host-key then', async (t) => {
    const made = begin(t);
    if (made === null) return;
    const { key, other, judge } = made;
    const by = 'first-connection';
    assert.equal(await judge('', { pinned: key.fingerprint, by }), 'the key of the first connection');
    await assert.rejects(judge('', { pinned: other.fingerprint, by }), (error: unknown) => {
      const words = /expected \(the key of the first connection\).*another machine, or somebody/;
      refused('remote.host-key-changed', words)(error);
      return !(error as ExhibitError).message.includes('--host-key');
    });
  });

  test('where ssh is configured to look, under the name that it looks for', () => {
    const say = (...lines: string[]): string =>
      ['host box', 'hostname 192.0.2.7', 'port 2200', ...lines, ''].join('\n');
    const address = { ...parseSshAddress('ssh://box'), port: null };
    assert.deepEqual(configuredPlace(say(), address), { ...address, host: '192.0.2.7', port: 2200 });
    assert.deepEqual(configuredPlace(say('hostkeyalias web'), address), { ...address, host: 'web' });
    assert.deepEqual(configuredPlace('', address), address);
    const files = configuredFiles(say('userknownhostsfile /a /b c /d', 'globalknownhostsfile none'));
    for (const path of ['/a', '/b', '/b c', '/d']) assert.ok(files.includes(path), path);
    assert.deepEqual(configuredFiles(''), []);
  });

  test('never when a file is there that can not be asked', async (t) => {
    const made = begin(t);
    if (made === null) return;
    const { folder } = made;
    const commands = { ...testPorts().commands, run: () => Promise.resolve(brokenAnswer) };
    const place = parseSshAddress('ssh://root@box');
    writeFileSync(join(folder, 'known_hosts'), 'x');
    await assert.rejects(
      lookUpHost(testPorts({ commands }), place, [join(folder, 'known_hosts')]),
      refused('remote.known-hosts', 'made up'),
    );
  });

  test('its fingerprint is the one that ssh-keygen prints', (t) => {
    if (lacks(t, 'ssh-keygen')) return;
    const folder = tempFolder(t);
    for (const type of ['ed25519', 'ecdsa', 'rsa']) {
      const { blob, fingerprint, type: kind } = makeKey(folder, type, type);
      assert.deepEqual(fingerprintOf(blob), { type: kind, fingerprint });
      assert.equal(parseFingerprint(fingerprint), fingerprint);
    }
  });

  test('a fingerprint that is none is refused', () => {
    for (const text of ['', 'SHA256:', 'MD5:aa:bb', `SHA256:${'a'.repeat(42)}`, `SHA256:${'-'.repeat(43)}`])
      assert.throws(() => parseFingerprint(text), ExhibitError);
  });
});

const brokenAnswer = { argv: [], exit: 255, signal: null, stdout: '', stderr: 'made up', failure: null };
