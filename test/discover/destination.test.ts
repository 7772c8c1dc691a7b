import assert from 'node:assert/strict';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { observeDestination } from '../../src/discover/destination.ts';
import type { DestinationFacts } from '../../src/model/device.ts';
import { bench, disk, NO_SWAPS, SDA, SDB, SDC, sysLinks } from './bench-layout.ts';
import { madeUpStation, mountLine, realPorts, type Layout } from './made-up-station.ts';
import { tempFolder } from './real-disks.ts';

/** The bench with one more mount: the folder /mnt/evidence, whose `st_dev` is `number`. */
async function evidenceOn(
  t: TestContext,
  number: string,
  fileSystem: string,
  source: string,
  change: (layout: Layout & ReturnType<typeof bench>) => void = () => undefined,
): Promise<DestinationFacts> {
  const layout: Layout & ReturnType<typeof bench> = { ...bench(), filesOn: { '/mnt/evidence': number } };
  layout.files['/mnt/evidence/'] = '';
  change(layout);
  const station = madeUpStation(t, layout);
  const info = `${station.root}/proc/self/mountinfo`;
  writeFileSync(
    info,
    (layout.files['/proc/self/mountinfo'] as string) +
      mountLine(number, `${station.root}/mnt/evidence`, fileSystem, source),
  );
  return observeDestination(station, `${station.root}/mnt/evidence/case/item`);
}

const known = <T>(value: T): { known: true; value: T } => ({ known: true, value });

describe('disks below the destination', () => {
  test('a partition: its disk, with model and serial; not the system’s', async (t) => {
    const facts = await evidenceOn(t, '8:17', 'vfat', '/dev/sdb1');
    assert.deepEqual([facts.disks, facts.onSystemDisk], [known(['sdb']), known(false)]);
    assert.deepEqual([facts.model, facts.serial], [known('Portable Drive'), known('DD5641988896')]);
    assert.deepEqual([facts.fileSystem, facts.fileLimit], ['vfat', 2 ** 32 - 1]);
    assert.deepEqual(facts.claimedByOthers, known(0));
  });

  test('the system’s disk is found through the mapper device that / lies on', async (t) => {
    const facts = await evidenceOn(t, '8:1', 'ext4', '/dev/sda1');
    assert.deepEqual([facts.disks, facts.onSystemDisk], [known(['sda']), known(true)]);
  });

  test('a disk with swap on it is the system’s', async (t) => {
    const facts = await evidenceOn(t, '8:17', 'ext4', '/dev/sdb1', (layout) => {
      layout.files['/proc/swaps'] = `${NO_SWAPS}/dev/sdb2 partition 1 0 -2\n`;
    });
    assert.deepEqual(facts.onSystemDisk, known(true));
  });

  test('RAID: all members', async (t) => {
    const facts = await evidenceOn(t, '9:0', 'xfs', '/dev/md0', (layout) => {
      const raid = '/sys/devices/virtual/block/md0';
      Object.assign(layout.files, disk(raid, '9:0', 1000, { 'md/level': 'raid1\n' }));
      Object.assign(layout.links, sysLinks(raid, '9:0'), {
        [`${raid}/slaves/sdb2`]: `${SDB}/sdb2`,
        [`${raid}/slaves/sda2`]: `${SDA}/sda2`,
      });
    });
    assert.ok(facts.disks.known);
    assert.deepEqual([...facts.disks.value].sort(), ['sda', 'sdb']);
    assert.deepEqual(facts.onSystemDisk, known(true));
  });

  test('a loop device: itself and the disk that its file lies on', async (t) => {
    const facts = await evidenceOn(t, '7:0', 'ext4', '/dev/loop0', (layout) => {
      layout.files['/proc/on-usb/image'] = 'x';
      layout.files['/sys/devices/virtual/block/loop0/loop/backing_file'] = '/proc/on-usb/image\n';
      layout.filesOn = { ...layout.filesOn, '/proc/on-usb': '8:18' };
    });
    assert.deepEqual(facts.disks, known(['loop0', 'sdb']));
    assert.deepEqual(facts.model, known('Portable Drive'));
  });

  test('a loop device whose file is gone: unknown', async (t) => {
    const facts = await evidenceOn(t, '7:0', 'ext4', '/dev/loop0', (layout) => {
      layout.files['/sys/devices/virtual/block/loop0/loop/backing_file'] = '/gone (deleted)\n';
    });
    assert.ok(!facts.disks.known && !facts.onSystemDisk.known && !facts.model.known);
  });

  test('btrfs has no device number of its own: its source tells, and sysfs the other members', async (t) => {
    const facts = await evidenceOn(t, '0:50', 'btrfs', '/dev/sdb1', (layout) => {
      layout.links['/sys/fs/btrfs/c0ffee/devices/sdb1'] = `${SDB}/sdb1`;
      layout.links['/sys/fs/btrfs/c0ffee/devices/sdc'] = SDC;
    });
    assert.ok(facts.disks.known);
    assert.deepEqual([...facts.disks.value].sort(), ['sdb', 'sdc']);
  });

  test('network and memory: known to have none; overlay, FUSE, ZFS: unknown', async (t) => {
    for (const type of ['nfs4', 'cifs', 'tmpfs']) {
      const facts = await evidenceOn(t, '0:50', type, 'server:/export');
      assert.deepEqual([facts.disks, facts.onSystemDisk], [known([]), known(false)]);
    }
    for (const type of ['overlay', 'zfs', 'fuse.mergerfs']) {
      const facts = await evidenceOn(t, '0:50', type, 'pool', (layout) => {
        layout.commands = { ...layout.commands, stat: { stdout: '512\n' } };
      });
      assert.ok(!facts.disks.known && facts.disks.why.includes(type));
      assert.ok(!facts.onSystemDisk.known);
    }
  });

  test('/ on an overlay: no match is not sure any more', async (t) => {
    const facts = await evidenceOn(t, '8:17', 'ext4', '/dev/sdb1', (layout) => {
      layout.files['/proc/self/mountinfo'] = mountLine('0:20', '/', 'overlay', 'overlay');
    });
    assert.ok(!facts.onSystemDisk.known);
  });
});

test('FUSE counts free room in fragments, not in transfer blocks', async (t) => {
  const withStat = (stdout: string): Promise<DestinationFacts> =>
    evidenceOn(t, '0:50', 'fuse.mergerfs', 'pool', (layout) => {
      layout.commands = { ...layout.commands, stat: { stdout } };
    });
  const [half, whole] = [await withStat('1024\n'), await withStat('2048\n')];
  assert.ok(Math.abs(whole.freeBytes / half.freeBytes - 2) < 0.1);
});

describe('what is no folder', () => {
  const ports = realPorts();

  test('a file, a path below a file, a link to nowhere', async (t) => {
    const folder = tempFolder(t);
    writeFileSync(join(folder, 'file'), 'x');
    symlinkSync(join(folder, 'gone'), join(folder, 'dangling'));
    for (const name of ['file', 'file/below', 'dangling', 'dangling/below']) {
      await assert.rejects(observeDestination(ports, join(folder, name)), {
        code: 'destination.not-a-folder',
        fault: 'destination',
      });
    }
  });

  test('a link on the way is resolved', async (t) => {
    const folder = tempFolder(t);
    symlinkSync('/', join(folder, 'root'));
    assert.equal(
      (await observeDestination(ports, join(folder, 'root', 'no such folder', 'x'))).path,
      '/no such folder/x',
    );
  });

  test('no mountinfo: an error that says so', async (t) => {
    const layout = bench();
    delete layout.files['/proc/self/mountinfo'];
    await assert.rejects(observeDestination(madeUpStation(t, layout), '/'), {
      code: 'destination.unknown-file-system',
    });
  });
});
