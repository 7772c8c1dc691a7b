import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, truncateSync } from 'node:fs';
import test, { describe } from 'node:test';
import { observeDestination } from '../../src/discover/destination.ts';
import { listDevices } from '../../src/discover/devices.ts';
import { findSource, readIdentity } from '../../src/discover/source.ts';
import type { Device } from '../../src/model/device.ts';
import type { SourceFacts } from '../../src/model/plan.ts';
import { realPorts } from './made-up-station.ts';
import { atEnd, canUse, loop, mount, sh, sparseFile, tempFolder } from './real-disks.ts';

const MIB = 1024 * 1024;
const ports = realPorts();

function deviceOf(facts: SourceFacts): Device {
  assert.ok(facts.kind === 'block');
  return facts.device;
}

describe('loop devices', () => {
  test('a read-only disk with a partition table, in the list and by name', async (t) => {
    if (!canUse(t, 'sfdisk', 'partx')) return;
    const file = sparseFile(tempFolder(t), 'disk.img', 16 * MIB);
    const script = 'label: dos\nstart=2048, size=4096, type=c\nstart=8192, type=83\n';
    assert.equal(spawnSync('sfdisk', ['--quiet', file], { input: script }).status, 0);
    const node = loop(t, file, '--read-only');
    // A kernel without partition parsers learns them from partx; one with them has them already.
    spawnSync('partx', ['--update', node]);
    atEnd(t, () => spawnSync('partx', ['--delete', node]));
    const device = (await listDevices(ports)).find(({ path }) => path === node);
    assert.ok(device);
    assert.deepEqual(
      {
        kind: device.kind,
        physical: device.physical,
        size: device.size,
        file: device.backingFile,
        readOnly: device.readOnly,
      },
      { kind: 'loop', physical: false, size: 16 * MIB, file, readOnly: { known: true, value: true } },
    );
    assert.deepEqual(
      device.partitions.map(({ path, start, size }) => [path, start, size]),
      [
        [`${node}p1`, 2048 * 512, 4096 * 512],
        [`${node}p2`, 8192 * 512, 12 * MIB],
      ],
    );
    const facts = await findSource(ports, `${node}p1`);
    const part = deviceOf(facts);
    assert.deepEqual([part.kind, `/dev/${part.wholeDisk}`, part.size], ['partition', node, 4096 * 512]);
    assert.deepEqual(part.disks, [part.wholeDisk]);
    assert.deepEqual(await readIdentity(ports, facts), facts.identity);
  });

  test('a 4096-byte sector disk; its size has to be whole sectors', async (t) => {
    if (!canUse(t)) return;
    const folder = tempFolder(t);
    const good = deviceOf(await findSource(ports, loop(t, sparseFile(folder, '4k', MIB), '4096')));
    assert.deepEqual([good.logicalSector, good.physicalSector], [4096, 4096]);
    const odd = loop(t, sparseFile(folder, 'odd', MIB + 512), '4096');
    const size = Number(sh('blockdev', '--getsize64', odd));
    if (size % 4096 === 0) t.diagnostic('this kernel rounds the size of a loop device down to whole sectors');
    else await assert.rejects(findSource(ports, odd), { code: 'source.partial-sector', fault: 'source' });
  });

  test('an identity follows the medium: another size, another disk at the same place', async (t) => {
    if (!canUse(t)) return;
    const folder = tempFolder(t);
    const file = sparseFile(folder, 'first', MIB);
    const node = loop(t, file);
    const facts = await findSource(ports, node);
    truncateSync(file, 2 * MIB);
    sh('losetup', '--set-capacity', node);
    assert.deepEqual(await readIdentity(ports, facts), { ...facts.identity, size: 2 * MIB });
    const other = loop(t, sparseFile(folder, 'second', MIB));
    const now = await readIdentity(ports, { ...facts, realPath: other });
    assert.notEqual(now.node, facts.identity.node);
    if (facts.identity.diskseq !== null) assert.notEqual(now.diskseq, facts.identity.diskseq);
  });

  test('a mounted file system: the source is in use; as a destination it names the loop and the disk below', async (t) => {
    if (!canUse(t, 'mkfs.ext4')) return;
    const folder = tempFolder(t);
    const file = sparseFile(folder, 'fs.img', 16 * MIB);
    sh('mkfs.ext4', '-q', '-F', '-b', '4096', file);
    const node = loop(t, file);
    const point = mount(t, `${folder}/mnt point`, node);
    const used = deviceOf(await findSource(ports, node)).uses;
    assert.deepEqual(used, { known: true, value: [{ kind: 'mount', device: node, by: point }] });

    const facts = await observeDestination(ports, `${point}/case/not yet`);
    assert.deepEqual(
      {
        path: facts.path,
        type: facts.fileSystem,
        magic: facts.fileSystemMagic,
        at: facts.mountPoint,
        from: facts.mountSource,
      },
      { path: `${point}/case/not yet`, type: 'ext4', magic: '0xef53', at: point, from: node },
    );
    assert.equal(facts.fileLimit, (2 ** 32 - 1) * 4096);
    assert.ok(facts.freeBytes > 8 * MIB && facts.freeBytes < 16 * MIB);
    assert.ok(facts.disks.known && facts.disks.value[0] === node.slice('/dev/'.length));
    const below = await observeDestination(ports, folder);
    if (below.disks.known) {
      assert.deepEqual(facts.disks.value.slice(1), below.disks.value);
      assert.deepEqual(facts.onSystemDisk, below.onSystemDisk);
    }
    mkdirSync(`${point}/here`);
    sh('mount', '-o', 'remount,ro', point);
    assert.equal((await observeDestination(ports, `${point}/here`)).readOnly, true);
  });

  test('swap is a use', async (t) => {
    if (!canUse(t, 'mkswap', 'swapon')) return;
    const file = sparseFile(tempFolder(t), 'swap.img', 2 * MIB);
    sh('mkswap', '-q', file);
    const node = loop(t, file);
    const on = spawnSync('swapon', [node], { encoding: 'utf8' });
    if (on.status !== 0) {
      t.skip(`swapon: ${on.stderr}`);
      return;
    }
    try {
      const { uses } = deviceOf(await findSource(ports, node));
      assert.deepEqual(uses, { known: true, value: [{ kind: 'swap', device: node, by: node }] });
    } finally {
      sh('swapoff', node);
    }
  });
});

test('memory: a destination on tmpfs has no disk below it', async (t) => {
  if (!canUse(t)) return;
  const point = mount(t, `${tempFolder(t)}/memory`, '-t', 'tmpfs', '-o', 'size=1m', 'none');
  const facts = await observeDestination(ports, point);
  assert.deepEqual([facts.fileSystem, facts.fileSystemMagic, facts.fileLimit], ['tmpfs', '0x1021994', null]);
  assert.deepEqual(
    [facts.disks, facts.onSystemDisk],
    [
      { known: true, value: [] },
      { known: true, value: false },
    ],
  );
  assert.equal(facts.freeBytes, MIB);
  assert.ok(!facts.model.known);
});

test('the running system’s own file system is known as such', async (t) => {
  const facts = await observeDestination(ports, '/');
  if (!facts.disks.known) {
    t.skip(`what lies below / is not known here: ${facts.disks.why}`);
    return;
  }
  assert.deepEqual(facts.onSystemDisk, { known: true, value: facts.disks.value.length > 0 });
});

test('a file that grows has another identity', async (t) => {
  const file = sparseFile(tempFolder(t), 'flat.img', 4096);
  const facts = await findSource(ports, file);
  assert.deepEqual(await readIdentity(ports, facts), facts.identity);
  appendFileSync(file, 'more');
  const now = await readIdentity(ports, facts);
  assert.equal(now.size, 4100);
  assert.equal(now.node, facts.identity.node);
});
