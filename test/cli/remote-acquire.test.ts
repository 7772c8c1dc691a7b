import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { manifestOf, newDesk } from '../support/exhibit.ts';
import { attachLoop, diskBytes, lacks } from '../support/loop.ts';
import { pathOf } from '../support/programs.ts';
import { lacksSshd, startSshd } from '../support/sshd.ts';
import { tempFolder } from '../support/temp.ts';
import { refused, transcript } from './transcript.ts';

const MIB = 1_048_576;
/** Milliseconds that the clock over there is ahead. */
const AHEAD = 7200 * 1000;

function disk(t: TestContext, seed: number): string {
  const file = join(tempFolder(t), 'disk');
  writeFileSync(file, diskBytes(MIB, seed));
  return attachLoop(t, file);
}

/** Much that is zero, and some that can not be packed. */
function halfEmpty(t: TestContext): { node: string; bytes: Buffer } {
  const bytes = Buffer.concat([Buffer.alloc(3 * MIB), diskBytes(MIB, 7)]);
  const file = join(tempFolder(t), 'half-empty');
  writeFileSync(file, bytes);
  return { node: attachLoop(t, file), bytes };
}

const quoted = (text: string): string => text.replaceAll(/[+/.]/g, '\\$&');

describe('exhibit acquire of another machine: what it refuses, and what it records', () => {
  test('a disk whose size is told differently, that is none, that is not there, that nobody may read', async (t) => {
    if (lacksSshd(t) || lacks(t, 'losetup')) return;
    const [good, larger] = [disk(t, 1), disk(t, 2)];
    // Where a file system has no devices, nobody opens one: not even root.
    const nowhere = tempFolder(t);
    const numbers = readFileSync(`/sys/class/block/${basename(good)}/dev`, 'utf8')
      .trim()
      .replace(':', ' ');
    const mounts = `mount -t tmpfs -o nodev tmpfs ${nowhere}; mknod ${nowhere}/disk b ${numbers}`;
    const file = join(tempFolder(t), 'file');
    writeFileSync(file, diskBytes(MIB));
    const env = pathOf(t, {
      blockdev: `case "$*" in *${larger}) echo 1049088; exit;; esac; exec /usr/sbin/blockdev "$@"`,
      // Two hours ahead.
      date: `exec /usr/bin/date -d '+2 hours' "$@"`,
      hostname: "printf 'b\\377\\033[2Jx\\n'",
    });
    const sshd = await startSshd(t, { env, mounts });
    const desk = newDesk(t);
    const more = ['--identity', sshd.identity, '--host-key', sshd.fingerprint, '--authority', 'warrant'];
    const of = (path: string): string[] => desk.acquire(`ssh://${sshd.place}${path}`, ...more);
    const table: readonly [string, number, RegExp[]][] = [
      [larger, 11, [/told differently: sysfs 1048576, blockdev 1049088 bytes/]],
      [file, 2, [/is a file of another machine, and no disk/, /scp/]],
      ['/dev/no-such-disk', 11, [/\/dev\/no-such-disk/]],
      ['/dev/null', 2, [/\/dev\/null/]],
      [`${nowhere}/disk`, 11, [/EACCES/]],
    ];
    for (const [path, exit, says] of table) await refused(desk, of(path), { exit, says });

    await transcript(of(good), {
      exit: 0,
      prints: [/Every byte was read/],
      says: [/ 7,\d{3},\d{3} ms ahead of ours, right to \d+ ms\. Taken off the times .* \[remote\.clock-off\]/],
    });
    const { source, acquisition } = manifestOf(desk.evidence());
    const { clock, hostname } = source.remote!.system;
    assert.ok(Math.abs((clock?.offset ?? 0) - AHEAD) < 60_000, `${clock?.offset} ms`);
    assert.ok(acquisition.findings.some(({ code }) => code === 'remote.clock-off'));
    assert.equal(hostname, 'b\ufffd\u001b[2Jx');
    await transcript(['verify', desk.evidence(), '--signers', desk.signers], { exit: 0, prints: [/VERIFIED/] });
  });

  test('a machine that is not there, does not let us in, or gives no rights', async (t) => {
    if (lacksSshd(t) || lacks(t, 'losetup', 'setpriv', 'sudo')) return;
    const config = ['ForceCommand setpriv --reuid 65534 --regid 65534 --clear-groups sh -c "$SSH_ORIGINAL_COMMAND"'];
    const [sshd, other] = [await startSshd(t, { config }), await startSshd(t)];
    const desk = newDesk(t);
    const more = ['--host-key', sshd.fingerprint, '--authority', 'warrant'];
    const table: readonly [place: string, identity: string, number, RegExp[]][] = [
      ['root@127.0.0.1:1', sshd.identity, 11, [/127\.0\.0\.1 port 1 can not be reached: nothing listens/]],
      ['root@no-such-host.invalid', sshd.identity, 11, [/no-such-host\.invalid/]],
      ['root@255.255.255.255', sshd.identity, 11, [/255\.255\.255\.255 can not be reached/]],
      [
        sshd.place,
        other.identity,
        15,
        [/did not let us in/, new RegExp(`Tried: key ${quoted(other.identity)}`), /It takes: publickey/],
      ],
      [sshd.place, sshd.identity, 11, [/sudo -n gives no rights .*password/, /Log in as root/]],
    ];
    for (const [place, identity, exit, says] of table) {
      const argv = desk.acquire(`ssh://${place}/dev/sda`, '--identity', identity, ...more);
      await refused(desk, argv, { exit, says });
    }
  });
});

describe('exhibit acquire of another machine: packed, or held back', () => {
  test('image and disk are the same, what crossed is told, and it verifies', async (t) => {
    if (lacksSshd(t) || lacks(t, 'losetup', 'gzip', 'zstd')) return;
    const { node, bytes } = halfEmpty(t);
    const sshd = await startSshd(t);
    for (const [more, mode, limit] of [
      [['--compress', 'gzip'], 'gzip', null],
      [['--compress', 'zstd'], 'zstd', null],
      [['--compress', 'none', '--limit-rate', '2M'], 'none', 2 * MIB],
    ] as const) {
      const desk = newDesk(t);
      const ways = ['--identity', sshd.identity, '--host-key', sshd.fingerprint, '--authority', 'warrant'];
      const argv = desk.acquire(`ssh://${sshd.place}${node}`, ...ways, ...more);
      const ended = await transcript(argv, { exit: 0, prints: [/Every byte was read/] });
      assert.ok(readFileSync(join(desk.evidence(), 'HDD-01.dd')).equals(bytes), `${mode}: image and disk are the same`);
      await transcript(['verify', desk.evidence(), '--signers', desk.signers], { exit: 0, prints: [/VERIFIED/] });

      const { reading, proof } = manifestOf(desk.evidence()).source.remote!;
      assert.deepEqual([reading.compress, reading.modes, reading.limit_rate], [mode, [mode], limit]);
      assert.deepEqual([proof.bytes, proof.hashed_bytes], [bytes.length, bytes.length]);
      assert.deepEqual(proof.modes, { none: 0, gzip: 0, zstd: 0, [mode]: proof.ranges });
      if (limit === null) assert.ok(proof.wire_bytes > MIB && proof.wire_bytes < 1.1 * MIB, String(proof.wire_bytes));
      // What is ordered first waits for nothing.
      else assert.ok(ended.ms > ((bytes.length - MIB) / limit) * 1000, `${ended.ms} ms`);
      if (limit !== null) assert.equal(proof.wire_bytes, bytes.length);
      const report = readFileSync(join(desk.evidence(), 'HDD-01.txt'), 'utf8');
      if (mode !== 'none') assert.match(report, new RegExp(`by ${mode}`));
    }
  });
});
