import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { deviceJson } from '../../src/cli/screen/device-json.ts';
import { deviceTable, type JudgedDevice } from '../../src/cli/screen/device-table.ts';
import type { DiskChain } from '../../src/model/chain.ts';
import { known, unknown, type Device } from '../../src/model/device.ts';

const CHAIN: DiskChain = {
  bus: 'usb',
  links: [
    {
      role: 'bridge',
      name: '2-1',
      sysfs: '/sys/devices/pci0000:00/0000:00:14.0/usb2/2-1',
      driver: 'uas',
      usb: {
        vendorId: '152d',
        productId: '0578',
        manufacturer: 'JMicron',
        product: 'Dock',
        serial: 'DD56',
        revision: '0100',
        speed: 5000,
        transport: 'uas',
      },
      pci: null,
      inquiry: null,
    },
    {
      role: 'disk',
      name: 'sdb',
      sysfs: '/sys/devices/pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host4/target4:0:0/4:0:0:0/block/sdb',
      driver: 'sd',
      usb: null,
      pci: null,
      inquiry: null,
    },
  ],
};

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
  serialAsTold: known('WD-WX51A1'),
  revision: unknown('nobody asked'),
  wwn: unknown('nobody asked'),
  transport: known('usb'),
  removable: false,
  diskseq: known('9'),
  byId: known(['/dev/disk/by-id/ata-WDC_WD5000LPVX_WD-WX51A1']),
  byPath: known([]),
  chain: known(CHAIN),
  backingFile: null,
  behind: known(null),
  around: null,
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
  chain: known({ bus: 'loop', links: [] }),
  backingFile: '/tmp/a b',
};

const judged = (device: Device): JudgedDevice => ({ device, verdict: 'none-observed' });
const table = (devices: readonly Device[], width: number): string => deviceTable(devices.map(judged), width);

test('a table to read at a glance', () => {
  assert.equal(
    table([disk, loop], 120),
    [
      'DEVICE            SIZE  MODEL           SERIAL      HANGS ON                            MODE  VERDICT        USED BY',
      '/dev/sdb     465.8 GiB  WDC WD5000LPVX  WD-WX51A1   USB 5G UAS: 152d:0578 JMicron Dock  ro    none-observed  holder /de…',
      '    bytes  500,107,862,016 in sectors of 512 (physical 4096)',
      '    by-id  ata-WDC_WD5000LPVX_WD-WX51A1',
      '  /dev/sdb1  100.0 MiB  EFI System      vfat "ESP"                                      rw                   /mnt/esp',
      '/dev/loop0   465.8 GiB  ?               ?           loop                                ro    none-observed  -',
      '    bytes  500,107,862,016 in sectors of 512 (physical 4096)',
      '    file   /tmp/a b',
      '',
      '? model, serial of /dev/loop0: a loop device has none',
      '',
    ].join('\n'),
  );
});

test('no devices is said, not shown as an empty table', () => {
  assert.match(table([], 80), /no block devices/);
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
  const shown = table([blind, { ...blind, path: '/dev/sdc' }], 200);
  assert.match(shown, /JMicron Dock +\? +none-observed +\?\n/);
  assert.ok(shown.includes(`? by-id name of /dev/sdb, /dev/sdc: ${why}\n`));
  assert.ok(shown.includes('? users of /dev/sdb, /dev/sdc: mountinfo: EACCES\n'));
});

test('a narrow terminal cuts users and models, never names, sizes and verdicts', () => {
  const uses = known([{ kind: 'mount', device: '/dev/sdb', by: `/mnt/${'long/'.repeat(40)}` } as const]);
  const long = { ...disk, uses, model: known('M'.repeat(60)), byId: known([]) };
  const lines = table([long], 110).trimEnd().split('\n');
  for (const line of lines) assert.ok(line.length <= 110, `${line.length}: ${line}`);
  assert.ok(lines[1]?.includes('/dev/sdb ') && lines[1].includes('none-observed') && lines[1].includes('WD-WX51A1'));
});

test('whatever a device says: one line a row, nothing hidden', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (model, label) => {
      const partitions = disk.partitions.map((part) => ({ ...part, label }));
      const shown = table([{ ...disk, model: known(model), serial: unknown(label), partitions }], 90);
      assert.doesNotMatch(shown.replaceAll('\n', ''), /[\p{Cc}\p{Cs}\u202e\u2066]/u);
      assert.equal(shown.split('\n').length, 8);
    }),
  );
});

test('JSON: names as in the manifest, null beside the reason', () => {
  const json = JSON.parse(JSON.stringify(deviceJson(judged({ ...loop, readOnly: unknown('no ro') })))) as Record<
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
