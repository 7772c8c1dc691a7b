import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { deviceJson, deviceTable } from '../../src/cli/screen/device-table.ts';
import { known, unknown, type Device } from '../../src/model/device.ts';

const disk: Device = {
  path: '/dev/sdb',
  name: 'sdb',
  number: '8:16',
  kind: 'disk',
  physical: true,
  wholeDisk: 'sdb',
  disks: ['sdb'],
  size: 500_107_862_016,
  logicalSector: 512,
  physicalSector: 4096,
  readOnly: known(true),
  model: known('WDC WD5000LPVX'),
  serial: known('WD-WX51A1'),
  revision: unknown('nobody asked'),
  wwn: unknown('nobody asked'),
  transport: known('usb'),
  removable: false,
  diskseq: known('9'),
  byId: known(['/dev/disk/by-id/ata-WDC_WD5000LPVX_WD-WX51A1']),
  backingFile: null,
  behind: known(null),
  partitions: [
    {
      path: '/dev/sdb1',
      name: 'sdb1',
      start: 1_048_576,
      size: 104_857_600,
      readOnly: known(false),
      type: 'EFI System',
      fileSystem: 'vfat',
      label: 'ESP',
    },
  ],
  uses: known([
    { kind: 'mount', device: '/dev/sdb1', by: '/mnt/esp' },
    { kind: 'holder', device: '/dev/sdb', by: '/dev/mapper/x' },
  ]),
};

const loop: Device = {
  ...disk,
  path: '/dev/loop0',
  name: 'loop0',
  kind: 'loop',
  partitions: [],
  uses: known([]),
  model: unknown('a loop device has none'),
  serial: unknown('a loop device has none'),
  byId: known([]),
  backingFile: '/tmp/a b',
};

test('a table to read at a glance', () => {
  assert.equal(
    deviceTable([disk, loop], 120),
    [
      'DEVICE            SIZE            BYTES  MODEL           SERIAL      VIA  MODE  USED BY',
      '/dev/sdb     465.8 GiB  500,107,862,016  WDC WD5000LPVX  WD-WX51A1   usb  ro    holder /dev/mapper/x',
      '    by-id  ata-WDC_WD5000LPVX_WD-WX51A1',
      '  /dev/sdb1  100.0 MiB      104,857,600  EFI System      vfat "ESP"       rw    /mnt/esp',
      '/dev/loop0   465.8 GiB  500,107,862,016  ?               ?           usb  ro    -',
      '    file   /tmp/a b',
      '',
      '? model, serial of /dev/loop0: a loop device has none',
      '',
    ].join('\n'),
  );
});

test('no devices is said, not shown as an empty table', () => {
  assert.match(deviceTable([], 80), /no block devices/);
});

test('what is unknown is a question mark and a reason, once for all devices that share it', () => {
  const why = 'there is no /dev/disk/by-id: udev does not run here';
  const blind = {
    ...disk,
    partitions: [],
    byId: unknown(why),
    uses: unknown('mountinfo: EACCES'),
    readOnly: unknown('no ro'),
  };
  const table = deviceTable([blind, { ...blind, path: '/dev/sdc' }], 200);
  assert.match(table, /usb +\? +\?\n/);
  assert.ok(table.includes(`? by-id name of /dev/sdb, /dev/sdc: ${why}\n`));
  assert.ok(table.includes('? users of /dev/sdb, /dev/sdc: mountinfo: EACCES\n'));
});

test('a narrow terminal cuts users and models, never names and sizes', () => {
  const uses = known([{ kind: 'mount', device: '/dev/sdb', by: `/mnt/${'long/'.repeat(40)}` } as const]);
  const long = { ...disk, uses, model: known('M'.repeat(60)), byId: known([]) };
  const lines = deviceTable([long], 100).trimEnd().split('\n');
  for (const line of lines) assert.ok(line.length <= 100, `${line.length}: ${line}`);
  assert.ok(lines[1]?.includes('/dev/sdb ') && lines[1].includes('500,107,862,016') && lines[1].includes('WD-WX51A1'));
});

test('whatever a device says: one line a row, nothing hidden', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (model, label) => {
      const partitions = disk.partitions.map((part) => ({ ...part, label }));
      const table = deviceTable([{ ...disk, model: known(model), serial: unknown(label), partitions }], 90);
      assert.doesNotMatch(table.replaceAll('\n', ''), /[\p{Cc}\p{Cs}\u202e\u2066]/u);
      assert.equal(table.split('\n').length, 7);
    }),
  );
});

test('JSON: names as in the manifest, null beside the reason', () => {
  const json = JSON.parse(JSON.stringify(deviceJson({ ...loop, readOnly: unknown('no ro') }))) as Record<
    string,
    unknown
  >;
  assert.equal(json['type'], 'device');
  assert.equal(json['logical_sector'], 512);
  assert.deepEqual([json['read_only'], json['model'], json['serial']], [null, null, null]);
  const reasons = json['unknown'] as Record<string, string>;
  assert.equal(reasons['read_only'], 'no ro');
  assert.equal(reasons['model'], 'a loop device has none');
  assert.deepEqual(
    Object.keys(reasons).filter((name) => json[name] !== null),
    [],
  );
});
