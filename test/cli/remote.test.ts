import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { jsonLines, newDesk } from '../support/exhibit.ts';
import { attachLoop, diskBytes, lacks } from '../support/loop.ts';
import { lacksSshd, startSshd } from '../support/sshd.ts';
import { tempFolder } from '../support/temp.ts';
import { refused, transcript } from './transcript.ts';

describe('exhibit devices and doctor of another machine', () => {
  test('devices: the same table as that machine shows of itself', async (t) => {
    if (lacksSshd(t) || lacks(t, 'losetup')) return;
    const sshd = await startSshd(t);
    const file = join(tempFolder(t), 'disk');
    writeFileSync(file, diskBytes(1024 * 1024));
    const node = attachLoop(t, file);
    const address = `ssh://${sshd.place}`;
    const known = { exit: 0, env: { HOME: sshd.home }, prints: [/./] };
    const there = await transcript(['devices', address, '--identity', sshd.identity, '--json'], known);
    const here = await transcript(['devices', '--json'], { exit: 0, prints: [/./] });
    const find = (stdout: string) =>
      (jsonLines(stdout)[0]?.['devices'] as { path: string }[]).find(({ path }) => path === node);
    assert.notEqual(find(here.stdout), undefined);
    assert.deepEqual(find(there.stdout), find(here.stdout));
    const table = await transcript(['devices', address, '--identity', sshd.identity], known);
    assert.match(table.stdout, new RegExp(`^DEVICE .*\\n(.*\\n)*${node} `));
  });

  test('doctor: what is there, by whose word, and that its disks can be read', async (t) => {
    if (lacksSshd(t)) return;
    const sshd = await startSshd(t);
    await transcript(['doctor', `ssh://${sshd.place}`, '--identity', sshd.identity, '--host-key', sshd.fingerprint], {
      exit: 0,
      prints: [
        /ok +host key .*SHA256:.*vouched for by --host-key/,
        /ok +rights +root/,
        /ok +dd .*coreutils.*ranges by bytes/,
        /ok +hashes .*(same read|python3 .*which reads and sends as well)/,
        /Its disks can be read\./,
      ],
    });
  });

  test('doctor: a login without rights is what is missing', async (t) => {
    if (lacksSshd(t) || lacks(t, 'setpriv', 'sudo')) return;
    const config = ['ForceCommand setpriv --reuid 65534 --regid 65534 --clear-groups sh -c "$SSH_ORIGINAL_COMMAND"'];
    const sshd = await startSshd(t, { config });
    const argv = ['doctor', `ssh://${sshd.place}`, '--identity', sshd.identity, '--host-key', sshd.fingerprint];
    await transcript(argv, {
      exit: 1,
      prints: [/MISSING +rights +user 65534; sudo -n: .*password/, /1 of these must/],
    });
  });

  test('a host key that nobody vouches for, or a changed one: exit 15, shown, and nothing said to the machine', async (t) => {
    if (lacksSshd(t)) return;
    const [sshd, other] = [await startSshd(t), await startSshd(t)];
    const argv = ['devices', `ssh://${sshd.place}`, '--identity', sshd.identity];
    const shown = new RegExp(sshd.fingerprint.replaceAll(/[+/]/g, '\\$&'));
    await transcript(argv, { exit: 15, says: [shown, /which is unknown/, /--host-key SHA256:/] });
    writeFileSync(join(sshd.home, '.ssh/known_hosts'), other.knownLine.replace(String(other.port), String(sshd.port)));
    await transcript(argv, {
      exit: 15,
      env: { HOME: sshd.home },
      says: [shown, /which is changed/, /somebody in between/],
    });
    await transcript([...argv, '--host-key', other.fingerprint, '--json'], {
      exit: 15,
      says: [/which is not the expected one/, /another of its keys/],
      prints: [/"code":"remote.host-key-changed"/],
    });
    assert.doesNotMatch(sshd.log(), /Accepted|Failed/);
  });

  test('a link that is lost where nothing was begun: nothing is there to be gone on with', async (t) => {
    if (lacksSshd(t)) return;
    const sshd = await startSshd(t, { config: ['ForceCommand kill -9 $PPID'] });
    const reach = ['--identity', sshd.identity, '--host-key', sshd.fingerprint];
    const expected = {
      exit: 11,
      says: [/was lost/, /Check the link and the machine/],
      neverSays: [/resume/, /marked/],
    };
    await transcript(['doctor', `ssh://${sshd.place}`, ...reach], expected);
    const desk = newDesk(t);
    const argv = desk.acquire(`ssh://${sshd.place}/dev/sda`, ...reach, '--authority', 'warrant', '--dry-run');
    await refused(desk, argv, expected);
  });

  test('a key that the machine does not know: exit 15, with what was tried', async (t) => {
    if (lacksSshd(t)) return;
    const [sshd, other] = [await startSshd(t), await startSshd(t)];
    const argv = ['devices', `ssh://${sshd.place}`, '--identity', other.identity];
    await transcript(argv, {
      exit: 15,
      env: { HOME: sshd.home },
      says: [/Tried: key .*identity\. It takes: publickey/],
    });
  });

  test('what can not be an address, a machine, a key or a transport', async () => {
    const refusals: readonly [string[], number, RegExp][] = [
      [['devices', 'box'], 2, /box is no command of "exhibit devices", and no address/],
      [['devices', 'ssh://root:s3cret@box'], 2, /holds a password; it was not used/],
      [['devices', 'ssh://box'], 2, /does not say who logs in/],
      [['devices', 'ssh://root@box/dev/sda'], 2, /names a disk/],
      [['devices', 'ssh://root@box', '--watch'], 2, /can not be watched/],
      [['devices', 'SSH://root@box', '--watch'], 2, /can not be watched/],
      [['resume', '/nonexistent', 'ssh://root@box/dev/sda', '--adopt-map', 'm'], 2, /is on another machine.*ddrescue/],
      [['resume', '/nonexistent', 'listen://127.0.0.1:0', '--adopt-map', 'm'], 2, /is on another machine.*ddrescue/],
      [['doctor', 'ssh://root@box', '--key', '/k'], 2, /--key is for the key of this station/],
      [['devices', 'ssh://root@box', '--host-key', 'x'], 2, /no fingerprint/],
      [['doctor', 'ssh://root@box', '--transport', 'telnet'], 2, /no transport/],
      [['doctor', 'ssh://root@127.0.0.1:1'], 11, /nothing listens/],
      [['doctor', 'ssh://root@127.0.0.1', '--identity', '/nonexistent/key'], 2, /can not be read \(ENOENT\)/],
    ];
    for (const [argv, exit, says] of refusals) await transcript(argv, { exit, says: [says], neverSays: [/s3cret/] });
  });
});
