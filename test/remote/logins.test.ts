import assert from 'node:assert/strict';
import { chownSync, readFileSync, symlinkSync, writeFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { manifestOf, newDesk, type Desk } from '../support/exhibit.ts';
import { diskBytes, lacks } from '../support/loop.ts';
import { realm, usersOf, type RealmUser } from '../support/realm.ts';
import { lacksSshd, startSshd, type Sshd } from '../support/sshd.ts';
import { tempFolder } from '../support/temp.ts';
import { refusedHere, transcriptHere } from '../cli/transcript.ts';
import { loopDisk, MIB } from './ranges-support.ts';

const skipped = (t: TestContext): boolean => lacksSshd(t) || lacks(t, 'losetup', 'unshare', 'busybox');

/** A machine with these users, into which the key of the test lets each of them. */
async function machineWith(t: TestContext, users: readonly RealmUser[], sudoers: string | null) {
  const made = usersOf(t, users, sudoers);
  const sshd = await startSshd(t, { inside: realm(made.mounts), ownHomes: true });
  return { sshd, home: (name: string) => made.home(name) };
}

function acquireAs(desk: Desk, { port, identity, fingerprint }: Sshd, user: string, node: string): string[] {
  const login = ['--identity', identity, '--host-key', fingerprint, '--authority', 'warrant'];
  return desk.acquire(`ssh://${user}@127.0.0.1:${port}${node}`, ...login);
}

describe('whoever is logged in over there', () => {
  test('no root, but sudo -n: imaged, and it is on record; one who is asked for a password, or may run dd alone: refused', async (t) => {
    if (skipped(t) || lacks(t, 'sudo')) return;
    const [may, asked, onlyDd] = ['exhibit-may', 'exhibit-asked', 'exhibit-dd'];
    const rules = [
      'Defaults !lecture',
      `${may} ALL=(ALL) NOPASSWD: ALL`,
      `${asked} ALL=(ALL) ALL`,
      `${onlyDd} ALL=(ALL) NOPASSWD: /usr/bin/dd, /bin/dd`,
    ];
    const users = [may, asked, onlyDd].map((name, index) => ({ name, uid: 42_100 + index }));
    const bytes = diskBytes(2 * MIB + 512);
    const node = loopDisk(t, bytes);
    const { sshd } = await machineWith(t, users, rules.join('\n'));
    const desk = newDesk(t);
    for (const user of [asked, onlyDd])
      await refusedHere(desk, acquireAs(desk, sshd, user, node), {
        exit: 11,
        says: [/is not root, and sudo -n gives no rights \(.*password is required/, /allow this user sudo without/],
      });
    await transcriptHere(acquireAs(desk, sshd, may, node), { exit: 0, prints: [/Every byte was read/] });
    assert.ok(readFileSync(join(desk.evidence(), 'HDD-01.dd')).equals(bytes));
    const { remote } = manifestOf(desk.evidence()).source;
    assert.deepEqual([remote?.system.via, remote?.system.uid], ['sudo', 42_100]);
    const asRoot = remote?.footprint.runs.filter(({ argv }) => argv.join(' ').includes('dd if=/dev/fd/9')) ?? [];
    assert.ok(
      asRoot.length > 0 &&
        asRoot.every(({ argv }) => argv.join(' ').startsWith('env LC_ALL=C sudo -n env LC_ALL=C sh')),
    );
    assert.equal(remote?.proof.hashed_bytes, bytes.length);
  });

  test('sudo that begins to ask in the middle: what it says is no part of the image, and the reading ends', async (t) => {
    if (skipped(t) || lacks(t, 'sudo')) return;
    const bin = tempFolder(t);
    const flag = join(bin, 'asks');
    // Lets the questions through, and asks for a password, on both outputs, where the reading begins.
    const text = `#!/bin/sh
case "$*" in *'nice -n'*) echo '[sudo] password for ada:'; echo '[sudo] password for ada:' >&2; echo >${flag}; exit 1;; esac
shift; exec "$@"
`;
    writeFileSync(join(bin, 'sudo'), text, { mode: 0o755 });
    const node = loopDisk(t, diskBytes(MIB));
    const id = '#!/bin/sh\nif [ "$1" = -u ]; then echo 1000; else exec /usr/bin/id "$@"; fi\n';
    writeFileSync(join(bin, 'id'), id, { mode: 0o755 });
    const sshd = await startSshd(t, { env: { PATH: `${bin}:/usr/sbin:/usr/bin:/sbin:/bin` } });
    const desk = newDesk(t);
    const argv = acquireAs(desk, sshd, 'root', node);
    await transcriptHere(argv, { exit: 11, says: [/broke off|password for ada/] });
    assert.equal(readFileSync(flag, 'utf8'), '\n');
  });

  test('sh, dash, bash, zsh, fish, tcsh and ash as login shells, with start-up files that print what is no text, and a disk of a hostile name', async (t) => {
    if (skipped(t) || lacks(t, 'bash', 'dash', 'zsh', 'fish', 'tcsh')) return;
    const ash = join(tempFolder(t), 'ash');
    symlinkSync('/bin/busybox', ash);
    const shells: readonly (readonly [shell: string, startUp: string | null])[] = [
      ['/bin/bash', '.bashrc'],
      ['/bin/dash', null],
      ['/usr/bin/zsh', '.zshenv'],
      ['/usr/bin/fish', '.config/fish/config.fish'],
      ['/usr/bin/tcsh', '.tcshrc'],
      [ash, null],
    ];
    const users = shells.map(([shell], index) => ({ name: `exhibit-sh${index}`, uid: 0, shell }));
    const bytes = diskBytes(MIB + 512);
    const node = loopDisk(t, bytes);
    const { sshd, home } = await machineWith(t, users, null);
    for (const [index, [, startUp]] of shells.entries()) {
      if (startUp === null) continue;
      const path = join(home(`exhibit-sh${index}`), startUp);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, "printf 'welcome \\377\\200\\n'\n");
      chownSync(path, 0, 0);
    }
    const hostile = join(tempFolder(t), `a 'b" $(touch x) !c \\ %é`);
    symlinkSync(node, hostile);
    const named = hostile.split('/').map(encodeURIComponent).join('/');
    for (const { name, shell } of users) {
      const desk = newDesk(t);
      await transcriptHere(acquireAs(desk, sshd, name, named), { exit: 0, prints: [/Every byte was read/] });
      assert.ok(readFileSync(join(desk.evidence(), 'HDD-01.dd')).equals(bytes), shell);
      assert.equal(manifestOf(desk.evidence()).source.remote?.proof.hashed_bytes, bytes.length, shell);
    }
  });
});
