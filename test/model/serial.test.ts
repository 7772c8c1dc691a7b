import assert from 'node:assert/strict';
import test from 'node:test';
import { known, unknown, type Device, type Fact } from '../../src/model/device.ts';
import { serialNotes, serialSaysNothing, twinsOf } from '../../src/model/serial.ts';
import { device } from '../plan/facts.ts';

function disk(name: string, serial: Fact<string>, told: Fact<string> = serial): Device {
  return { ...device, name, path: `/dev/${name}`, serial, serialAsTold: told };
}

function codes(...devices: Device[]): string[] {
  return serialNotes(devices).map(({ code, devices: about }) => `${code} ${about.join(' ')}`);
}

test('a serial that says nothing: empty, zeros, one letter over and over', () => {
  const cases: [Device, string | null][] = [
    [disk('sda', unknown('empty'), known('        ')), 'empty'],
    [disk('sda', unknown('empty'), known('\0\0\0')), 'empty'],
    [disk('sda', unknown('nobody told'), unknown('nobody told')), null],
    [disk('sda', known('000000000000')), 'zeros'],
    [disk('sda', known('0000-0000')), 'zeros'],
    [disk('sda', known('FFFFFFFF')), 'repeated'],
    [disk('sda', known('000000000001')), null],
    [disk('sda', known('WX51')), null],
  ];
  for (const [one, expected] of cases) assert.equal(serialSaysNothing(one), expected);
});

test('two disks with one serial, padding and case aside; each fault once, for all it is about', () => {
  const same = [disk('sdb', known('wx51a')), disk('sdc', known('WX51A'), known('WX51A\0\0'))];
  assert.deepEqual(codes(...same, disk('sdd', known('WX51B'))), [
    'serial.padded /dev/sdc',
    'serial.same /dev/sdb /dev/sdc',
  ]);
  assert.match(serialNotes(same).at(-1)?.message ?? '', /\/dev\/sdb, \/dev\/sdc tell the same serial, "wx51a"/);
  assert.deepEqual(codes(disk('sdb', known('0000')), disk('sdc', known('0000'))), ['serial.zeros /dev/sdb /dev/sdc']);
  assert.deepEqual(codes(disk('sdb', unknown('?')), disk('sdc', unknown('?'))), []);
});

test('the twins of a disk, of its partition, and of what lies on it: never itself, never those of others', () => {
  const [one, other, third] = [disk('sdb', known('wx51a')), disk('sdc', known('WX51A')), disk('sdd', known('WX51B'))];
  const all = [one, other, third, { ...disk('loop0', known('wx51a')), kind: 'loop' as const, disks: ['sdb'] }];
  assert.deepEqual(twinsOf({ disks: ['sdb'] }, all), ['/dev/sdc']);
  assert.deepEqual(twinsOf({ disks: ['sdd'] }, all), []);
  assert.deepEqual(twinsOf({ disks: ['loop7'] }, all), []);
});

test('padding is flagged where nothing has to be filled: blanks of SATA or NVMe are their form', () => {
  const usb = known({ bus: 'usb', links: [] } as const);
  const padded = (serial: string, chain: Device['chain'] = device.chain): string[] =>
    codes({ ...disk('sdb', known(serial.trim()), known(serial)), chain });
  assert.deepEqual(padded('     WX51A'), []);
  assert.deepEqual(padded('     WX51A', usb), ['serial.padded /dev/sdb']);
  assert.deepEqual(padded('WX51A', usb), []);
  assert.deepEqual(padded('000000001234'), ['serial.padded /dev/sdb']);
  assert.deepEqual(padded('00001234'), []);
  assert.deepEqual(padded('000000000000'), ['serial.zeros /dev/sdb']);
});

test('what has its serial from the disk below it is not another disk', () => {
  const loop = { ...disk('loop0', known('WX51A')), kind: 'loop' as const };
  assert.deepEqual(codes(disk('sdb', known('WX51A')), loop), []);
});

test('a hostile serial is made visible', () => {
  const [note] = serialNotes([disk('sdb', known('a\u001b[2J')), disk('sdc', known('a\u001b[2J'))]);
  assert.match(note?.message ?? '', /"a\\u\{1b\}\[2J"/);
});
