import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { findSource } from '../../src/discover/source.ts';
import { known, type Device } from '../../src/model/device.ts';
import type { ProbeFacts } from '../../src/model/probe.ts';
import { probe } from '../../src/probe/probe.ts';
import type { Ports } from '../../src/system/ports.ts';
import { systemCommands } from '../../src/system/run-command.ts';
import { badDisk } from '../support/bad-disk.ts';
import { childrenOf, until } from '../support/children.ts';
import { attachLoop, attachPartitioned, diskBytes, lacks, sh } from '../support/loop.ts';
import { testPorts } from '../support/ports.ts';
import { tempFolder } from '../support/temp.ts';
import { chain, disk } from './disks.ts';

const MIB = 1024 * 1024;

async function deviceAt(ports: Ports, node: string): Promise<Device> {
  const source = await findSource(ports, node);
  assert.ok(source.kind === 'block');
  return source.device;
}

async function probed(node: string, ports = testPorts(), timeoutMs = 10_000): Promise<ProbeFacts> {
  const device = await deviceAt(ports, node);
  return probe(ports, device, { probe: true, chain: chain('loop'), vendorQuery: true, timeoutMs });
}

const signs = ({ encryption }: ProbeFacts): string[] | string =>
  encryption.known ? encryption.value.map(({ scheme, offset }) => `${scheme} ${offset}`) : encryption.why;

/** A file with these bytes at these places, rest zeros, on a read-only loop device. */
function attached(t: TestContext, bytes: Readonly<Record<number, Uint8Array | string>>, size = 8 * MIB): string {
  const content = Buffer.alloc(size);
  for (const [offset, part] of Object.entries(bytes))
    content.set(Buffer.from(part as string, 'latin1'), Number(offset));
  const file = join(tempFolder(t), 'disk.img');
  writeFileSync(file, content);
  return attachLoop(t, file);
}

/** A folder of shell scripts that stand for tools: what they do by name. */
function fakeTools(t: TestContext, scripts: Readonly<Record<string, string>>): string {
  const folder = join(tempFolder(t), 'bin');
  mkdirSync(folder);
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  return folder;
}

/** What libblkid, which nobody here wrote, takes a device for. */
function judged(node: string): string {
  return spawnSync('blkid', ['-p', '-o', 'value', '-s', 'TYPE', node], { encoding: 'utf8' }).stdout.trim();
}

const u16 = (value: number): Buffer => Buffer.from(Uint16Array.of(value).buffer);
const u32 = (value: number): Buffer => Buffer.from(Uint32Array.of(value).buffer);
const BITLOCKER_ID = Buffer.from('3bd66749292ed84a8399f6a339e3d001', 'hex');
/** The beginning of BitLocker's metadata, which libblkid wants to see too: its name, size, version. */
const FVE = { 65_536: '-FVE-FS-', 65_544: u16(96), 65_546: u16(2) };

describe('signs on real loop devices', { timeout: 120_000 }, () => {
  for (const [what, bytes, found, type] of [
    [
      'BitLocker',
      { 0: '\xeb\x58\x90-FVE-FS-', 160: BITLOCKER_ID, 176: u32(65_536), 510: '\x55\xaa', ...FVE },
      'bitlocker 0',
      'BitLocker',
    ],
    [
      'BitLocker To Go',
      { 0: '\xeb\x58\x90MSWIN4.1', 82: 'FAT32   ', 424: BITLOCKER_ID, 440: u32(65_536), 510: '\x55\xaa', ...FVE },
      'bitlocker 0',
      'BitLocker',
    ],
    ['an APFS container', { 24: u32(0x8000_0001), 32: 'NXSB', 36: u32(4096) }, 'apfs-container 0', 'apfs'],
    // libblkid knows it since 2.39 only.
    ['CoreStorage', { 8: u16(1), 10: u16(0x10), 88: 'CS' }, 'core-storage 0', null],
    ['FAT32 without BitLocker', { 0: '\xeb\x58\x90MSWIN4.1', 82: 'FAT32   ', 510: '\x55\xaa' }, null, null],
    ['an APFS name without a block size', { 32: 'NXSB' }, null, null],
    ['LUKS of no known version', { 0: 'LUKS\xba\xbe\0\x09' }, null, null],
    ['a LUKS2 copy at another place than it names', { 0x4000: 'SKUL\xba\xbe\0\x02' }, null, null],
    ['zeros', {}, null, null],
  ] as const) {
    test(what, async (t) => {
      if (lacks(t, 'losetup', 'blkid')) return;
      const node = attached(t, bytes);
      assert.deepEqual(signs(await probed(node)), found === null ? [] : [found]);
      if (type !== null) assert.equal(judged(node), type);
    });
  }

  test('LUKS1 and LUKS2 as cryptsetup makes them; LUKS2 also when its first header was wiped', async (t) => {
    if (lacks(t, 'losetup', 'cryptsetup', 'blkid')) return;
    const folder = tempFolder(t);
    const made = (name: string, size: number, ...options: string[]): string => {
      const file = join(folder, name);
      writeFileSync(file, '');
      truncateSync(file, size);
      const argv = ['luksFormat', '-q', '--pbkdf=pbkdf2', '--pbkdf-force-iterations=1000', ...options, file, '-'];
      const { status, stderr } = spawnSync('cryptsetup', argv, { input: 'secret', encoding: 'utf8' });
      assert.equal(status, 0, stderr);
      return file;
    };
    const one = attachLoop(t, made('luks1.img', 8 * MIB, '--type=luks1'));
    assert.deepEqual([signs(await probed(one)), judged(one)], [['luks1 0'], 'crypto_LUKS']);
    const two = made('luks2.img', 32 * MIB, '--type=luks2');
    assert.deepEqual(signs(await probed(attachLoop(t, two))), ['luks2 0', 'luks2 16384']);
    const big = made('luks2-4m.img', 64 * MIB, '--type=luks2', '--luks2-metadata-size=4m', '--luks2-keyslots-size=16m');
    assert.deepEqual(signs(await probed(attachLoop(t, big))), ['luks2 0', 'luks2 4194304']);
    const wiped = join(folder, 'wiped.img');
    writeFileSync(wiped, readFileSync(two).fill(0, 0, 4096));
    assert.deepEqual(signs(await probed(attachLoop(t, wiped))), ['luks2 16384']);
  });

  test('in a partition that the kernel shows, and in one that only the table names', async (t) => {
    if (lacks(t, 'losetup', 'sfdisk', 'partx')) return;
    const content = Buffer.alloc(8 * MIB);
    content.set(Buffer.from('\xeb\x52\x90-FVE-FS-', 'latin1'), 2 * MIB);
    const file = join(tempFolder(t), 'parted.img');
    const { disk: node, partition } = attachPartitioned(t, file, content, 2 * MIB);
    const facts = await probed(node);
    assert.deepEqual(facts.encryption, known([{ scheme: 'bitlocker', offset: 2 * MIB, partition }]));
    assert.deepEqual(
      facts.partitionTable,
      known({ label: 'dos', by: 'sfdisk', entries: [{ start: 2 * MIB, size: 6 * MIB, type: '83', name: null }] }),
    );
    // The partition itself, named: the same bytes, counted from its own beginning.
    assert.deepEqual(signs(await probed(partition)), ['bitlocker 0']);
    sh('partx', '--delete', node);
    const hidden = await probed(node);
    assert.deepEqual(hidden.encryption, known([{ scheme: 'bitlocker', offset: 2 * MIB, partition: 'partition 1' }]));
  });

  test('nothing is written, and a device of 4096-byte sectors is read the same', async (t) => {
    if (lacks(t, 'losetup')) return;
    const file = join(tempFolder(t), 'disk.img');
    const content = diskBytes(8 * MIB);
    content.set(Buffer.from('LUKS\xba\xbe\0\x01', 'latin1'), 0);
    writeFileSync(file, content);
    const node = attachLoop(t, file, { writable: true, sector: 4096 });
    const writes = (): string | undefined =>
      readFileSync(`/sys/class/block/${node.slice(5)}/stat`, 'utf8')
        .trim()
        .split(/\s+/)[4];
    const before = writes();
    const facts = await probed(node);
    assert.deepEqual(signs(facts), ['luks1 0']);
    assert.ok(facts.runs.length > 1);
    assert.equal(writes(), before);
    assert.ok(readFileSync(file).equals(content));
  });

  test('a bad sector where a sign could be leaves it open; the time limit ends a read that hangs', async (t) => {
    const bad = await badDisk(t, { content: diskBytes(8 * MIB), bad: [{ start: 0x8000, end: 0x8200 }] });
    if (bad === null) return;
    const facts = await probed(bad.node);
    const missed = facts.unread.map(({ offset, why }) => `${offset} ${why}`);
    assert.ok(missed.includes('32768 EIO'), missed.join());
    assert.match(String(signs(facts)), /of the places that could hold a sign were not read.*EIO/);
    const ports = testPorts();
    const device = await deviceAt(ports, bad.node);
    spawnSync('blockdev', ['--flushbufs', bad.node]);
    await bad.pause();
    const started = performance.now();
    // sfdisk reads too and hangs as well: it can't be killed while it does, and that is the end of the questions.
    const hung = await probe(ports, device, { probe: true, chain: chain('loop'), vendorQuery: false, timeoutMs: 300 });
    assert.ok(performance.now() - started < 10_000);
    await bad.resume();
    assert.ok(!hung.encryption.known && !hung.partitionTable.known);
    assert.match(hung.partitionTable.why, /sfdisk gave no answer in 0\.3 s and was killed/);
  });

  test('our own reading that hangs is ended by the time limit too, and is no part of this process', async (t) => {
    const bad = await badDisk(t, { content: diskBytes(8 * MIB) });
    if (bad === null) return;
    const bin = fakeTools(t, { sfdisk: 'echo "sfdisk: X: does not contain a recognized partition table" >&2; exit 1' });
    const ports = testPorts({ commands: systemCommands(bin) });
    const device = await deviceAt(ports, bad.node);
    spawnSync('blockdev', ['--flushbufs', bad.node]);
    await bad.pause();
    const facts = await probe(ports, device, {
      probe: true,
      chain: chain('loop'),
      vendorQuery: false,
      timeoutMs: 3000,
    });
    await bad.resume();
    assert.match(
      String(signs(facts)),
      /10 of the places .* not read: exhibit:read gave no answer in 3 s and was killed/,
    );
    await until(
      () => !childrenOf().some(({ command }) => command.includes('look-child')),
      'the reading program to be gone',
    );
  });
});

describe('real tools', { timeout: 60_000 }, () => {
  test('on a loop device, which has no hardware to ask, none is run on it but sfdisk', async (t) => {
    if (lacks(t, 'losetup')) return;
    const facts = await probed(attached(t, {}));
    assert.deepEqual(
      facts.runs.map(({ argv }) => argv[0]),
      ['sfdisk', 'exhibit:read'],
    );
    assert.match(facts.own.known ? '' : facts.own.why, /no hardware of its own/);
  });

  test('smartctl, hdparm and sg_modes on a device that is no disk of theirs: reasons, no claims', async (t) => {
    if (lacks(t, 'losetup', 'smartctl', 'hdparm', 'sg_modes')) return;
    const node = attached(t, {});
    // Told that it is a SATA disk, so that all of them are sent.
    const device = disk({ name: node.slice(5), size: 8 * MIB });
    const facts = await probe(testPorts(), device, { probe: true, chain: chain('sata', '13d7'), vendorQuery: true });
    for (const [key, reason] of [
      ['own', /Unable to detect device type/],
      ['hpa', /does not tell/],
      ['dco', /refused: HDIO_DRIVE_CMD\(dco_identify\) failed/],
      ['declared', /MODE SENSE was refused/],
      ['vendor', /no answer to Tableau's query/],
    ] as const) {
      const fact = facts[key];
      assert.match(fact.known ? 'known' : fact.why, reason, key);
    }
    assert.deepEqual(
      facts.runs.map(({ failure }) => failure),
      Array<null>(7).fill(null),
    );
  });

  test('tools on PATH that hang, talk without end, are killed or lie: reasons; nothing of them is left', async (t) => {
    const bin = fakeTools(t, {
      smartctl: 'sleep 27.1828 & sleep 27.1828',
      hdparm: 'kill -SEGV $$',
      sg_modes: 'cat /dev/zero',
      sg_raw: 'printf "Received 4 bytes"',
      sfdisk: 'echo "{\\"partitiontable\\": {\\"label\\": \\"\\033[2Jgpt"',
    });
    const ports = testPorts({ commands: systemCommands(bin) });
    const options = { probe: true, chain: chain('sata', '13d7'), vendorQuery: true, timeoutMs: 2000 };
    const facts = await probe(ports, disk({ path: '/dev/null', size: 8 * MIB }), options);
    for (const [key, reason] of [
      ['own', /^smartctl gave no answer in 2 s and was killed$/],
      ['healthy', /^smartctl gave no answer/],
      ['hpa', /^hdparm was ended by SIGSEGV$/],
      ['declared', /^sg_modes (wrote more than|gave no answer)/],
      ['vendor', /^no answer to Tableau's query/],
      ['partitionTable', /^sfdisk does not tell/],
      ['encryption', /the device ended before/],
    ] as const) {
      const fact = facts[key];
      assert.match(fact.known ? 'known' : fact.why, reason, key);
    }
    await until(() => !childrenOf().some(({ command }) => command.includes('27.1828')), 'the hanging tool to be gone');
  });
});
