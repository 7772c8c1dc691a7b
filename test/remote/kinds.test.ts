import assert from 'node:assert/strict';
import { chmodSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { manifestOf, newDesk } from '../support/exhibit.ts';
import { diskBytes, lacks } from '../support/loop.ts';
import { lacksSshd, startSshd } from '../support/sshd.ts';
import { tempFolder } from '../support/temp.ts';
import { transcriptHere } from '../cli/transcript.ts';
import { loopDisk, MIB } from './ranges-support.ts';

const skipped = (t: TestContext): boolean => lacksSshd(t) || lacks(t, 'losetup', 'busybox');

const ALL = ['id', 'cat', 'ls', 'uname', 'hostname', 'date', 'dd', 'tee', 'stat', 'readlink', 'nice', 'echo', 'test'];
const MORE = ['sha256sum', 'blockdev', 'printf', 'true'];

/** All that a machine has: links to BusyBox, which lacks what is left out and has some programs of the test's own. */
function busyBoxPath(t: TestContext, without: readonly string[], own: Readonly<Record<string, string>>): string {
  const bin = tempFolder(t);
  chmodSync(bin, 0o755);
  // BusyBox's own shell and env find its applets whatever lies on its PATH.
  const shell = without.length > 1 ? '/bin/dash' : '/bin/busybox';
  symlinkSync(shell, join(bin, 'sh'));
  symlinkSync(shell === '/bin/dash' ? '/usr/bin/env' : shell, join(bin, 'env'));
  for (const name of [...ALL, ...MORE].filter((each) => !without.includes(each) && own[each] === undefined))
    symlinkSync('/bin/busybox', join(bin, name));
  for (const [name, text] of Object.entries(own))
    writeFileSync(join(bin, name), `#!/bin/busybox sh\n${text}\n`, { mode: 0o755 });
  return bin;
}

/** What runs there finds nothing of this station's own sbin folders, which are looked through whatever PATH says. */
function without(t: TestContext, shell: string): string[] {
  const empty = tempFolder(t);
  const enter = `/bin/busybox mount --bind ${empty} /usr/sbin && exec ${shell} -c "$SSH_ORIGINAL_COMMAND"`;
  return [`ForceCommand /usr/bin/unshare --mount --propagation private /bin/busybox sh -c '${enter}'`];
}

async function imageFrom(t: TestContext, path: string) {
  const shell = readlinkSync(join(path, 'sh')) === '/bin/dash' ? '/bin/dash' : '/bin/busybox sh';
  const bytes = diskBytes(MIB + 3 * 512);
  const node = loopDisk(t, bytes);
  const sshd = await startSshd(t, { env: { PATH: path }, config: without(t, shell) });
  const desk = newDesk(t);
  const login = ['--identity', sshd.identity, '--host-key', sshd.fingerprint];
  const argv = desk.acquire(`ssh://${sshd.place}${node}`, ...login, '--authority', 'warrant');
  const { stderr } = await transcriptHere(argv, { exit: 0, prints: [/Every byte was read/] });
  assert.ok(readFileSync(join(desk.evidence(), 'HDD-01.dd')).equals(bytes), 'image and disk are the same');
  const { remote } = manifestOf(desk.evidence()).source;
  assert.ok(remote !== null);
  const told = (name: string) => remote.tools[name]?.kind ?? null;
  return { remote, stderr, told, bytes: bytes.length };
}

describe('a machine that has only BusyBox', () => {
  test('its dd, its sha256sum, nothing else: imaged, hashed there', async (t) => {
    if (skipped(t)) return;
    const { remote, told, bytes } = await imageFrom(t, busyBoxPath(t, ['nice'], {}));
    assert.deepEqual([told('dd'), told('sha256sum'), told('lsblk'), told('nice')], ['busybox', 'busybox', null, null]);
    assert.deepEqual(remote.reading, { ...remote.reading, by_bytes: true, direct: true, hash: 'sha256sum' });
    assert.equal(remote.proof.hashed_bytes, bytes);
    assert.deepEqual([remote.sizes.blockdev, remote.sizes.lsblk], [bytes, null]);
  });

  test('a dd that knows neither bytes nor direct reads, no blockdev, openssl for the hash', async (t) => {
    if (skipped(t) || lacks(t, 'openssl')) return;
    const dd = 'case "$*" in *iflag*) echo "dd: unknown operand" >&2; exit 1;; esac; exec /bin/busybox dd "$@"';
    const own = { dd, openssl: 'exec /usr/bin/openssl "$@"' };
    const path = busyBoxPath(t, ['blockdev', 'sha256sum', 'true'], own);
    const { remote, stderr, told, bytes } = await imageFrom(t, path);
    assert.deepEqual([told('openssl'), told('blockdev'), told('sha256sum')], ['openssl', null, null]);
    assert.deepEqual(remote.reading, { ...remote.reading, by_bytes: false, direct: false, hash: 'openssl' });
    assert.equal(remote.proof.hashed_bytes, bytes);
    assert.match(stderr, /\[remote\.size-one-way\]/);
    assert.match(stderr, /\[remote\.cached\]/);
  });

  test('nothing that hashes, no tee: imaged, and said not to be hashed there', async (t) => {
    if (skipped(t)) return;
    const { remote, stderr, bytes } = await imageFrom(t, busyBoxPath(t, ['sha256sum', 'tee'], {}));
    assert.deepEqual([remote.reading.hash, remote.proof.hashed_bytes, remote.proof.bytes], [null, 0, bytes]);
    assert.match(stderr, /\[remote\.no-hash\]/);
  });
});
