import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { manifestOf, newDesk } from '../support/exhibit.ts';
import { startLink } from '../support/link.ts';
import { diskBytes, lacks } from '../support/loop.ts';
import { lacksSshd, startSshd } from '../support/sshd.ts';
import { tempFolder } from '../support/temp.ts';
import { transcript } from '../cli/transcript.ts';
import { loopDisk, MIB } from './ranges-support.ts';

/** By ssh2's own word (scripts/setup.mjs). What was compiled for another Node it passes over. */
const { bindingAvailable } = createRequire(import.meta.url)('ssh2/lib/protocol/crypto.js') as Record<string, unknown>;

/** A module for Node to begin with: it tells whether ssh2 got what was compiled of it, or keeps that from it. */
function preload(
  t: TestContext,
  keepIt: boolean,
): { readonly env: Record<string, string>; readonly loaded: () => boolean } {
  const folder = tempFolder(t);
  const [hook, told] = [join(folder, 'hook.cjs'), join(folder, 'loaded')];
  writeFileSync(
    hook,
    `const Module = require('node:module');
const load = Module._load;
Module._load = (name, ...more) => {
  if (!name.endsWith('sshcrypto.node')) return load(name, ...more);
  if (${String(!keepIt)}) throw new Error('kept from it by a test');
  const got = load(name, ...more);
  require('node:fs').writeFileSync(${JSON.stringify(told)}, '');
  return got;
};`,
  );
  return { env: { NODE_OPTIONS: `--require ${hook}` }, loaded: () => existsSync(told) };
}

describe('what crosses is decrypted by the library in C++, where it was compiled, and in JavaScript', () => {
  for (const cipher of ['aes128-gcm@openssh.com', 'chacha20-poly1305@openssh.com', 'aes128-ctr']) {
    for (const compiled of [true, false]) {
      const way = compiled ? 'C++' : 'JavaScript';
      test(`${cipher} in ${way}: a bit that turns on the way ends the connection; the image is the disk`, async (t) => {
        if (lacksSshd(t) || lacks(t, 'losetup')) return;
        if (compiled && bindingAvailable !== true) {
          t.skip('needs what ssh2 compiles of itself');
          return;
        }
        const sshd = await startSshd(t, { config: [`Ciphers ${cipher}`] });
        const link = await startLink(t, sshd.port);
        const bytes = diskBytes(8 * MIB);
        const node = loopDisk(t, bytes);
        const desk = newDesk(t);
        const { env, loaded } = preload(t, compiled);
        link.flip(3 * MIB);
        const login = ['--identity', sshd.identity, '--host-key', sshd.fingerprint, '--authority', 'warrant'];
        const argv = desk.acquire(`ssh://root@127.0.0.1:${link.port}${node}`, ...login);
        await transcript(argv, { exit: 0, env, prints: [/Every byte was read/] });
        assert.equal(loaded(), compiled);
        assert.ok(readFileSync(join(desk.evidence(), 'HDD-01.dd')).equals(bytes));
        const { sessions, source } = manifestOf(desk.evidence());
        assert.deepEqual(
          sessions[0]?.pauses.map(({ code, outcome }) => [code, outcome]),
          [['remote.link-lost', 'reconnected']],
        );
        assert.deepEqual(
          source.remote?.connections.map((each) => each.cipher),
          [cipher, cipher],
        );
        assert.deepEqual(source.remote.proof.mismatches, []);
      });
    }
  }
});
