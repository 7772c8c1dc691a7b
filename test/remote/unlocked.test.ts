import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { manifestOf, newDesk } from '../support/exhibit.ts';
import { attachLoop, diskBytes, lacks, sh } from '../support/loop.ts';
import { lacksSshd, startSshd } from '../support/sshd.ts';
import { atEnd, tempFolder } from '../support/temp.ts';
import { refused, transcript } from '../cli/transcript.ts';
import { MIB } from './ranges-support.ts';

const CONTENT = diskBytes(MIB, 5);
const KEY = 'a key of the test';

/** An encrypted disk whose content can be read: device nodes, and what the server has to see for it. */
interface Opened {
  readonly node: string;
  readonly mapper: string;
  readonly uuid: RegExp;
  readonly mounts?: string;
}

/** A real one; null: this kernel has no dm-crypt. */
function opened(t: TestContext, folder: string): Opened | null {
  if (!existsSync('/dev/mapper/control')) return null;
  const file = join(folder, 'luks');
  writeFileSync(file, '');
  truncateSync(file, 18 * MIB);
  const node = attachLoop(t, file, { writable: true });
  const name = `exhibit-${process.pid}`;
  const input = { input: KEY };
  const fast = ['--pbkdf', 'pbkdf2', '--pbkdf-force-iterations', '1000'];
  spawnSync('cryptsetup', ['luksFormat', '--batch-mode', ...fast, node, '-'], input);
  if (spawnSync('cryptsetup', ['open', '--key-file', '-', node, name], input).status !== 0) return null;
  atEnd(t, () => sh('cryptsetup', 'close', name));
  writeFileSync(`/dev/mapper/${name}`, CONTENT, { flag: 'r+' });
  return { node, mapper: `/dev/mapper/${name}`, uuid: /^CRYPT-LUKS/ };
}

/** Without dm-crypt: what sysfs and /dev would show of one, mounted where the server alone sees it. */
function pretended(t: TestContext, folder: string): Opened {
  const [below, above] = [join(folder, 'below'), join(folder, 'above')];
  writeFileSync(below, diskBytes(2 * MIB, 6));
  writeFileSync(above, CONTENT);
  const node = attachLoop(t, below);
  const content = attachLoop(t, above);
  const numbers = readFileSync(`/sys/class/block/${basename(content)}/dev`, 'utf8')
    .trim()
    .replace(':', ' ');
  const mounts = `cp -a /sys/class/block ${folder}/links
mount -t tmpfs tmpfs /sys/class/block
cp -a ${folder}/links/. /sys/class/block
mkdir -p /sys/class/block/dm-77/dm /sys/class/block/dm-77/holders /sys/class/block/dm-77/slaves
echo CRYPT-LUKS2-0123456789abcdef-safe >/sys/class/block/dm-77/dm/uuid
echo "safe one" >/sys/class/block/dm-77/dm/name
mount -t tmpfs tmpfs /sys/block/${basename(node)}/holders
mkdir /sys/block/${basename(node)}/holders/dm-77
mkdir -p /dev/mapper
mount -t tmpfs tmpfs /dev/mapper
mknod "/dev/mapper/safe one" b ${numbers}`;
  return { node, mapper: '/dev/mapper/safe one', uuid: /^CRYPT-LUKS2-0123/, mounts };
}

test('an encrypted disk that is open: stopped, with the address of its content; the ciphertext takes a reason', async (t) => {
  if (lacksSshd(t) || lacks(t, 'losetup', 'cryptsetup', 'unshare')) return;
  const folder = tempFolder(t);
  const real = opened(t, folder);
  if (real === null) t.diagnostic('no dm-crypt in this kernel: what sysfs would show is mounted for the server');
  const { node, mapper, uuid, mounts } = real ?? pretended(t, folder);
  const sshd = await startSshd(t, mounts === undefined ? {} : { mounts });
  const desk = newDesk(t);
  const more = ['--identity', sshd.identity, '--host-key', sshd.fingerprint, '--authority', 'warrant'];
  const disk = `ssh://${sshd.place}${node}`;
  const content = `ssh://${sshd.place}${mapper.replace(' ', '%20')}`;
  await refused(desk, desk.acquire(disk, ...more), {
    exit: 11,
    says: [
      new RegExp(`${node} is open as ${mapper}.*the ciphertext may be worthless`),
      new RegExp(`Image ${content} first.*--ciphertext REASON`),
    ],
  });
  await transcript(desk.acquire(disk, ...more, '--ciphertext', 'the key is known'), {
    exit: 0,
    prints: [/Every byte was read/],
    says: [/read all the same: the key is known.*remote\.ciphertext/],
  });
  const { source, acquisition } = manifestOf(desk.evidence());
  const [layer] = source.remote?.unlocked ?? [];
  assert.deepEqual([layer?.device, layer?.mapper], [node, mapper]);
  assert.match(layer?.uuid ?? '', uuid);
  assert.deepEqual(acquisition.overrides, [{ option: 'ciphertext', reason: 'the key is known' }]);
  assert.match(
    readFileSync(join(desk.evidence(), 'HDD-01.txt'), 'utf8'),
    new RegExp(`Open there: ${node} as ${mapper}`),
  );
  await transcript(['verify', desk.evidence(), '--signers', desk.signers], { exit: 0, prints: [/VERIFIED/] });

  await transcript(desk.acquire(content, ...more, '--evidence', 'OPEN'), { exit: 0, prints: [/Every byte was read/] });
  const image = readFileSync(join(desk.evidence('OPEN'), 'OPEN.dd'));
  assert.ok(image.subarray(0, MIB).equals(CONTENT), 'what is imaged is the content');
  assert.deepEqual(manifestOf(desk.evidence('OPEN'), 'OPEN').source.remote?.unlocked, []);
});
