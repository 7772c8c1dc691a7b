import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import test, { describe } from 'node:test';
import { cacheBelow } from '../../src/read/below-cache.ts';
import { systemCommands, type Commands } from '../../src/system/run-command.ts';
import { testPorts } from '../support/ports.ts';
import { SATA, stationWithDisk, type MadeUp } from './made-up-disk.ts';

const NUMBER = '8:16';
const DEVICE = (8 << 8) | 16;
const VIRTUAL = '/devices/virtual/block';

/** Places as kernels 5.10 to 6.8 show them. */
const PLAIN: Record<string, string> = {
  'a SATA drive': SATA,
  'a partition of one': `${SATA}/sdb1`,
  'a SAS drive': '/devices/pci0000:00/0000:03:00.0/host0/port-0:1/end_device-0:1/target0:0:1/0:0:1:0/block/sdc',
  'a USB drive': '/devices/pci0000:00/0000:00:14.0/usb2/2-3/2-3:1.0/host6/target6:0:0/6:0:0:0/block/sdd',
  'an NVMe drive': '/devices/pci0000:00/0000:00:06.0/0000:01:00.0/nvme/nvme0/nvme0n1',
  'an SD card': '/devices/platform/soc/fe340000.mmc/mmc_host/mmc0/mmc0:aaaa/block/mmcblk0',
};

const HIDDEN: Record<string, readonly [string, RegExp]> = {
  'a virtio disk': ['/devices/pci0000:00/0000:00:02.0/virtio1/block/vda', /vda is a virtio disk: its host may cache/],
  'a virtio SCSI disk': [
    '/devices/pci0000:00/0000:00:05.0/virtio2/host2/target2:0:0/2:0:0:0/block/sda',
    /sda is a virtio disk/,
  ],
  'an iSCSI disk': [
    '/devices/platform/host3/session1/target3:0:0/3:0:0:0/block/sdc',
    /sdc is an iSCSI disk: its server/,
  ],
  'a Xen disk': ['/devices/vbd-51712/block/xvda', /xvda is a Xen disk/],
  'a hardware RAID volume': ['/devices/pci0000:00/0000:03:00.0/host0/target0:2:0/0:2:0:0/block/sda', /not known/],
  'a made-up SCSI disk': ['/devices/pseudo_0/adapter0/host4/target4:0:0/4:0:0:0/block/sde', /not known/],
  'a USB drive of another machine': [
    '/devices/platform/vhci_hcd.0/usb5/5-1/5-1:1.0/host7/target7:0:0/7:0:0:0/block/sdf',
    /not known/,
  ],
  'an NVMe disk over the network': ['/devices/virtual/nvme-fabrics/ctl/nvme1/nvme1n1', /nvme1n1 below it may cache/],
  'a loop device': [`${VIRTUAL}/loop0`, /loop0 below it may cache/],
  'a network block device': [`${VIRTUAL}/nbd0`, /nbd0 below it may cache/],
  'compressed memory': [`${VIRTUAL}/zram0`, /zram0 below it may cache/],
};

describe('what may cache below', () => {
  const look = async (t: test.TestContext, disk: Omit<MadeUp, 'number'>, commands?: Commands) => {
    const root = stationWithDisk(t, { ...disk, number: NUMBER });
    return cacheBelow(testPorts({ root, ...(commands === undefined ? {} : { commands }) }), DEVICE);
  };

  for (const [what, place] of Object.entries(PLAIN)) {
    test(`${what}: nothing`, async (t) => {
      assert.deepEqual(await look(t, { place }), { name: place.split('/').at(-1), hidden: null });
    });
  }

  for (const [what, [place, hidden]] of Object.entries(HIDDEN)) {
    test(`${what}: may`, async (t) => {
      assert.match((await look(t, { place })).hidden ?? 'nothing', hidden);
    });
  }

  test('any disk of a virtual machine: its host may', async (t) => {
    assert.match((await look(t, { place: SATA, flags: 'fpu hypervisor sse2' })).hidden ?? '', /virtual machine/);
  });

  for (const [answer, hidden] of [
    ['none\n', null],
    ['amazon\n', 'this may be a virtual machine, whose host may cache'],
    ['', 'this may be a virtual machine, whose host may cache'],
  ] as const) {
    test(`a machine without the flag, of which systemd says "${answer.trim()}"`, async (t) => {
      const commands: Commands = {
        ...systemCommands(),
        run: async (argv) => ({ argv, exit: 0, signal: null, stdout: answer, stderr: '', failure: null }),
      };
      assert.equal((await look(t, { place: SATA, flags: null }, commands)).hidden, hidden);
    });
  }

  test('a file system without a block device: may', async () => {
    const below = await cacheBelow(testPorts(), 0x15);
    assert.deepEqual(below, { name: null, hidden: 'the file system has no block device of its own (0:21)' });
  });

  describe('through what passes reads on', () => {
    const layers: readonly (readonly [string, Record<string, string>, readonly string[], RegExp | null])[] = [
      ['LVM on a drive', { 'dm/uuid': 'LVM-abcXYZ\n' }, [SATA], null],
      ['dm-crypt on a drive', { 'dm/uuid': 'CRYPT-LUKS2-abc-home\n' }, [SATA], null],
      ['RAID of two drives', { 'md/level': 'raid1\n' }, [SATA, PLAIN['a USB drive'] ?? ''], null],
      ['RAID of a drive and a served disk', { 'md/level': 'raid1\n' }, [SATA, '/devices/vbd-1/block/xvdb'], /Xen/],
      ['LVM on a loop device', { 'dm/uuid': 'LVM-abc\n' }, [`${VIRTUAL}/loop3`], /loop3 below/],
      ['a part of an LVM cache', { 'dm/uuid': 'LVM-abc-cdata\n' }, [SATA], /dm-0 below it may cache/],
      ['a mapper device of unknown making', { 'dm/uuid': '\n' }, [SATA], /dm-0 below it may cache/],
      ['bcache', { 'bcache/state': 'clean\n' }, [SATA], /dm-0 below it may cache/],
    ];
    for (const [what, files, slaves, hidden] of layers) {
      test(what, async (t) => {
        const below = await look(t, { place: `${VIRTUAL}/dm-0`, files, slaves });
        if (hidden === null) assert.equal(below.hidden, null);
        else assert.match(below.hidden ?? 'nothing', hidden);
      });
    }

    test('a partition of a RAID', async (t) => {
      const root = stationWithDisk(t, {
        place: `${VIRTUAL}/md0`,
        number: '9:0',
        files: { 'md/level': 'raid1\n', 'md0p1/partition': '1\n', 'md0p1/dev': '9:1\n' },
        slaves: [SATA],
      });
      symlinkSync(`${root}/sys${VIRTUAL}/md0/md0p1`, `${root}/sys/dev/block/9:1`);
      assert.deepEqual(await cacheBelow(testPorts({ root }), (9 << 8) | 1), { name: 'md0p1', hidden: null });
    });
  });
});
