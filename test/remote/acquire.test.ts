import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { normalise } from '../../src/model/range.ts';
import { badDisk } from '../support/bad-disk.ts';
import { manifestOf, newDesk } from '../support/exhibit.ts';
import { diskBytes, lacks } from '../support/loop.ts';
import { lacksSshd, startSshd } from '../support/sshd.ts';
import { transcript } from '../cli/transcript.ts';
import { loopDisk, MIB } from './ranges-support.ts';

describe('a disk of another machine is imaged', () => {
  test('image and disk are the same; the manifest says where it was, who proved it, and that it is live', async (t) => {
    if (lacksSshd(t) || lacks(t, 'losetup')) return;
    const sshd = await startSshd(t);
    const bytes = diskBytes(40 * MIB + 512);
    const node = loopDisk(t, bytes);
    const desk = newDesk(t);
    const argv = desk.acquire(
      `ssh://${sshd.place}${node}`,
      '--identity',
      sshd.identity,
      '--authority',
      'search warrant 12',
    );
    const env = { HOME: sshd.home };
    await transcript(argv, {
      exit: 0,
      env,
      says: [
        /\[remote\.live\]/,
        /\[remote\.volatile\]/,
        /^On another machine\n +address +root@127\.0\.0\.1 port \d+, which is this very station\n +host key +ssh-ed25519 SHA256:/m,
        /^ +boot id +[0-9a-f-]{36}\n +clock +\d+ ms (behind|ahead of) ours \(round trip/m,
        /^ +disk is +live: it may change while it is read\n +reads +by python3, past its page cache, on 2 channels\n +hashed there +yes, by/m,
        /^ +reader +python3 over there, range by range$/m,
      ],
      prints: [/Every byte was read/],
    });
    assert.ok(readFileSync(join(desk.evidence(), 'HDD-01.dd')).equals(bytes));
    const { source, guard, acquisition, case: about } = manifestOf(desk.evidence());
    assert.equal(source.path, `ssh://${sshd.place}${node}`);
    assert.deepEqual([source.held_by, guard.verdict], ['remote-descriptor', 'not-applicable']);
    assert.equal(acquisition.reader.name, 'remote-python');
    assert.equal(about.authority, 'search warrant 12');
    const { remote } = source;
    assert.ok(remote !== null);
    assert.deepEqual([remote.live, remote.reproducible, remote.transport], [true, 'no', 'ssh2']);
    assert.equal(remote.connections[0]?.host_key.fingerprint, sshd.fingerprint);
    assert.equal(remote.system.boot_id, readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
    assert.deepEqual(remote.sizes, { sysfs: bytes.length, blockdev: bytes.length, lsblk: bytes.length });
    assert.equal(remote.proof.bytes, bytes.length);
    assert.equal(remote.proof.hashed_bytes, bytes.length);
    assert.deepEqual(remote.proof.mismatches, []);
    assert.ok(remote.footprint.runs.some(({ argv: run }) => run.join(' ').includes('os.preadv(disk')));
    const prints = [/VERIFIED/, /live, not reproducible/, /NOT proved: that what was read is what its disk holds/];
    await transcript(['verify', desk.evidence(), '--signers', desk.signers], { exit: 0, prints });
  });

  test('bad sectors over there cost sectors: zeros in their place, the rest to the byte', async (t) => {
    if (lacksSshd(t)) return;
    const content = diskBytes(24 * MIB);
    const bad = [
      { start: 100 * 512, end: 101 * 512 },
      { start: 9 * MIB, end: 9 * MIB + 1024 },
    ];
    const disk = await badDisk(t, { content, bad });
    if (disk === null) return;
    const sshd = await startSshd(t);
    const desk = newDesk(t);
    const argv = desk.acquire(`ssh://${sshd.place}${disk.node}`, '--identity', sshd.identity, '--authority', 'warrant');
    await transcript(argv, { exit: 3, env: { HOME: sshd.home }, prints: [/1,536 bytes|3 sectors/] });
    const expected = Buffer.from(content);
    for (const { start, end } of bad) expected.fill(0, start, end);
    assert.ok(readFileSync(join(desk.evidence(), 'HDD-01.dd')).equals(expected));
    const { read_map } = manifestOf(desk.evidence());
    assert.deepEqual(normalise(read_map.ranges), bad);
    assert.equal(read_map.ranges[0]?.errno, 'EIO');
    await transcript(['verify', desk.evidence(), '--signers', desk.signers], { exit: 0, prints: [/VERIFIED/] });
  });

  test('without a word on whose leave, or with what means nothing there: refused, and nothing is made', async (t) => {
    if (lacksSshd(t) || lacks(t, 'losetup')) return;
    const sshd = await startSshd(t);
    const desk = newDesk(t);
    const nothing = desk.acquire(`ssh://${sshd.place}/dev/no%20such`, '--identity', sshd.identity, '--authority', 'a');
    await transcript(nothing, {
      exit: 11,
      env: { HOME: sshd.home },
      says: [/On root@127.* port \d+: There is no source at \/dev\/no such.*\n.*exhibit devices ssh:\/\/root@127/],
    });
    const source = `ssh://${sshd.place}${loopDisk(t, diskBytes(MIB))}`;
    const argv = desk.acquire(source, '--identity', sshd.identity, '--verify-source', '--software-block');
    await transcript(argv, {
      exit: 2,
      env: { HOME: sshd.home },
      says: [/--authority/, /--frozen REASON/, /Leave --software-block out/],
    });
  });
});
