import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { deviceTable } from '../../src/cli/screen/device-table.ts';
import { listDevices } from '../../src/discover/devices.ts';
import type { Device, DeviceUse, Fact } from '../../src/model/device.ts';
import { bench, NO_SWAPS, SDB, SDC, USB } from './bench-layout.ts';
import { madeUpStation, mountLine, type Layout } from './made-up-station.ts';

const list = (t: test.TestContext, layout: Layout): Promise<Device[]> => listDevices(madeUpStation(t, layout));

function named(devices: readonly Device[], name: string): Device {
  const found = devices.find((device) => device.name === name);
  assert.ok(found, `${name} is not in the list: ${devices.map((device) => device.name).join(' ')}`);
  return found;
}

function valueOf<T>(fact: Fact<T>): T {
  assert.ok(fact.known, fact.known ? '' : fact.why);
  return fact.value;
}

describe('sysfs alone', () => {
  test('a disk behind a USB bridge: hardware, sectors, partitions, by-id', async (t) => {
    const disk = named(await list(t, bench()), 'sdb');
    assert.deepEqual(
      { path: disk.path, number: disk.number, kind: disk.kind, physical: disk.physical, size: disk.size },
      { path: '/dev/sdb', number: '8:16', kind: 'disk', physical: true, size: 500_107_862_016 },
    );
    assert.deepEqual([disk.logicalSector, disk.physicalSector], [512, 4096]);
    assert.equal(valueOf(disk.model), 'Portable Drive');
    assert.equal(valueOf(disk.serial), 'DD5641988896');
    assert.equal(valueOf(disk.transport), 'usb');
    assert.equal(valueOf(disk.diskseq), '9');
    assert.deepEqual(valueOf(disk.byId), ['/dev/disk/by-id/usb-Portable_Drive_DD5641988896-0:0']);
    assert.deepEqual(
      disk.partitions.map(({ path, start, size }) => [path, start, size]),
      [
        ['/dev/sdb1', 1_048_576, 104_857_600],
        ['/dev/sdb2', 105_906_176, 500_000_882_688],
      ],
    );
    assert.deepEqual(valueOf(disk.uses), []);
  });

  test('the SCSI serial page comes before the serial of a bridge', async (t) => {
    assert.equal(valueOf(named(await list(t, bench()), 'sda').serial), 'S3Z9 01');
  });

  test('a parallel disk is not called a serial one', async (t) => {
    const layout = bench();
    layout.links['/sys/devices/pci0000:00/0000:00:17.0/driver'] = '/sys/bus/pci/drivers/pata_via';
    assert.equal(valueOf(named(await list(t, layout), 'sda').transport), 'pata');
  });

  test('a mapper device: disks below it, physical through them; it holds the partition and shows who uses it', async (t) => {
    const devices = await list(t, bench());
    const mapper = named(devices, 'dm-0');
    assert.deepEqual([mapper.path, mapper.kind, mapper.physical], ['/dev/mapper/vg-root', 'mapper', true]);
    assert.deepEqual(mapper.disks, ['sda']);
    assert.deepEqual(valueOf(named(devices, 'sda').uses), [
      { kind: 'mount', device: '/dev/sda1', by: '/boot/efi' },
      { kind: 'holder', device: '/dev/sda2', by: '/dev/mapper/vg-root' },
      { kind: 'mount', device: '/dev/mapper/vg-root', by: '/' },
    ] satisfies DeviceUse[]);
  });

  test('unused loop and zram are left out, a card reader without a card is not', async (t) => {
    const names = (await list(t, bench())).map(({ name }) => name);
    assert.deepEqual(names, ['dm-0', 'sda', 'sdb', 'sdc']);
  });

  test('mounts, swap and a btrfs mounted by another member are found', async (t) => {
    const layout = bench();
    layout.files['/proc/self/mountinfo'] =
      mountLine('8:17', '/media/a\\040stick', 'vfat', '/dev/sdb1') + mountLine('0:50', '/pool', 'btrfs', '/dev/sdb2');
    layout.files['/proc/swaps'] = `${NO_SWAPS}/dev/sdb1  partition 1 0 -2\n`;
    layout.links['/sys/fs/btrfs/c0ffee/devices/sdb2'] = `${SDB}/sdb2`;
    layout.links['/sys/fs/btrfs/c0ffee/devices/sdc'] = SDC;
    const devices = await list(t, layout);
    assert.deepEqual(valueOf(named(devices, 'sdb').uses), [
      { kind: 'mount', device: '/dev/sdb1', by: '/media/a stick' },
      { kind: 'swap', device: '/dev/sdb1', by: '/dev/sdb1' },
      { kind: 'mount', device: '/dev/sdb2', by: '/pool' },
    ] satisfies DeviceUse[]);
    assert.deepEqual(valueOf(named(devices, 'sdc').uses), [{ kind: 'mount', device: '/dev/sdc', by: '/pool' }]);
  });

  test('a serial that nobody tells is unknown, with the reason', async (t) => {
    const layout = bench();
    layout.files[`${USB}/serial`] = '';
    const { serial } = named(await list(t, layout), 'sdb');
    assert.ok(!serial.known);
    assert.match(serial.why, /lsblk is not installed.*sysfs/);
  });

  test('without mountinfo nobody can say "not used", but a known holder still counts', async (t) => {
    const layout = bench();
    delete layout.files['/proc/self/mountinfo'];
    const devices = await list(t, layout);
    assert.ok(!named(devices, 'sdb').uses.known);
    assert.deepEqual(
      valueOf(named(devices, 'sda').uses).map(({ kind }) => kind),
      ['holder'],
    );
  });

  test('a device that vanishes while it is read is not listed; the others are', async (t) => {
    const pulled = { ...bench(), faults: { [`${SDB}/size`]: 'ENODEV', [`${SDB}/dev`]: 'ENODEV' } };
    assert.deepEqual(
      (await list(t, pulled)).map(({ name }) => name),
      ['dm-0', 'sda', 'sdc'],
    );
    const dangling = bench();
    dangling.links['/sys/block/sdz'] = '/sys/devices/gone/sdz';
    assert.equal((await list(t, dangling)).length, 4);
  });

  test('an attribute that is there and can’t be read is a failure, not a missing disk', async (t) => {
    await assert.rejects(list(t, { ...bench(), faults: { [`${SDB}/size`]: 'EACCES' } }), { code: 'discover.failed' });
  });
});

describe('sysfs and lsblk together', () => {
  const row = (more: object): object => ({
    kname: 'sdb',
    'maj:min': '8:16',
    type: 'disk',
    size: 500_107_862_016,
    ...more,
  });
  const answer = (...rows: object[]): Layout['commands'] => ({
    lsblk: { stdout: JSON.stringify({ blockdevices: rows }) },
  });

  test('lsblk’s serial, model, file systems come first', async (t) => {
    const sdb1 = {
      kname: 'sdb1',
      'maj:min': '8:17',
      type: 'part',
      pkname: 'sdb',
      fstype: 'vfat',
      label: 'ESP',
      parttypename: 'EFI System',
    };
    const commands = answer(row({ model: 'WDC WD5000LPVX-22V0TT0', serial: 'WD-WX51', tran: 'sata' }), sdb1);
    const disk = named(await list(t, { ...bench(), commands: commands ?? {} }), 'sdb');
    assert.equal(valueOf(disk.model), 'WDC WD5000LPVX-22V0TT0');
    assert.equal(valueOf(disk.serial), 'WD-WX51');
    assert.deepEqual(
      disk.partitions.map(({ type, fileSystem, label }) => [type, fileSystem, label]),
      [
        ['EFI System', 'vfat', 'ESP'],
        [null, null, null],
      ],
    );
  });

  test('underscores that udev wrote for blanks are undone', async (t) => {
    const commands = answer(row({ model: 'Portable_Drive' })) ?? {};
    assert.equal(valueOf(named(await list(t, { ...bench(), commands }), 'sdb').model), 'Portable Drive');
  });

  test('a row of another device that had the name before is not believed', async (t) => {
    const commands = answer(row({ 'maj:min': '8:48', serial: 'OLD' })) ?? {};
    assert.equal(valueOf(named(await list(t, { ...bench(), commands }), 'sdb').serial), 'DD5641988896');
  });

  test('a disk that only lsblk knows appears; who uses it is unknown', async (t) => {
    const commands =
      answer({ kname: 'sdx', 'maj:min': '65:112', type: 'disk', size: 4096, ro: true, model: 'Ghost' }) ?? {};
    const disk = named(await list(t, { ...bench(), commands }), 'sdx');
    assert.deepEqual(
      [disk.size, valueOf(disk.model), valueOf(disk.readOnly), disk.physical],
      [4096, 'Ghost', true, true],
    );
    assert.ok(!disk.uses.known);
  });

  test('without /sys/block lsblk’s devices remain, partitions beside their disk', async (t) => {
    const commands =
      answer(row({}), { kname: 'sdb1', 'maj:min': '8:17', type: 'part', pkname: 'sdb', size: 512 }) ?? {};
    const files = { '/proc/self/mountinfo': mountLine('8:17', '/mnt', 'ext4', '/dev/sdb1') };
    const devices = await list(t, { files, commands });
    assert.deepEqual(
      devices.map(({ name, kind, wholeDisk }) => [name, kind, wholeDisk]),
      [
        ['sdb', 'disk', 'sdb'],
        ['sdb1', 'partition', 'sdb'],
      ],
    );
    assert.deepEqual(valueOf(named(devices, 'sdb').uses), [{ kind: 'mount', device: '/dev/sdb1', by: '/mnt' }]);
  });

  test('neither sysfs nor lsblk: an error, never an empty list', async (t) => {
    for (const lsblk of [{ failure: 'missing', exit: null }, { exit: 1 }, { stdout: '{"blockdev' }] as const) {
      await assert.rejects(list(t, { commands: { lsblk } }), { code: 'discover.failed', fault: 'source' });
    }
  });
});

test('terminal escapes in a model stay in the fact and never reach the table', async (t) => {
  const layout = bench();
  const hostile = '\u001b[2J\u001b]0;owned\u0007Disk';
  layout.files[`${SDB}/device/model`] = `${hostile}\n`;
  const devices = await list(t, layout);
  assert.equal(valueOf(named(devices, 'sdb').model), hostile);
  const table = deviceTable(
    devices.map((device) => ({ device, verdict: 'none-observed' })),
    200,
  );
  // eslint-disable-next-line no-control-regex -- control characters are what this looks for
  assert.doesNotMatch(table, /[\u0000-\u0009\u000b-\u001f]/);
  assert.ok(table.includes('\\u{1b}[2J'));
});
