import assert from 'node:assert/strict';
import test from 'node:test';
import { diskName, typedRefusal } from '../../src/blocker-test/identify.ts';
import { diskRefusals } from '../../src/blocker-test/scratch-disk.ts';
import { known, unknown, type Device } from '../../src/model/device.ts';
import { blockSource, device as physical } from '../plan/facts.ts';

function disk(change: Partial<Device> = {}): Device {
  return { ...physical, serial: known('WD-1234'), ...change };
}

function codes(result: ReturnType<typeof diskName>): string[] {
  return result.ok ? [] : result.refusals.map(({ code }) => code);
}

test('a disk is named by its serial, blanks at the ends taken off', () => {
  const result = diskName(disk({ serial: known('  WD-1234 ') }), []);
  assert.deepEqual(result, { ok: true, name: { option: '--serial', value: 'WD-1234' } });
});

test('a serial that names nothing is none: missing, empty, blank, all zeros', () => {
  for (const serial of [unknown('the bridge tells none'), known(''), known('   '), known('0000000000'), known('0-0')])
    assert.deepEqual(codes(diskName(disk({ serial }), [])), ['disk.no-serial']);
  assert.deepEqual(codes(diskName(disk({ serial: known('x'.repeat(301)) }), [])), ['disk.long-name']);
});

test('two disks with the same serial: neither is named by it', () => {
  const twin = disk({ path: '/dev/sdz', number: '65:144', serial: known('wd-1234 ') });
  assert.deepEqual(codes(diskName(disk(), [disk(), twin])), ['disk.serial-twice']);
  assert.equal(diskName(disk(), [disk(), { ...twin, serial: known('WD-1235') }]).ok, true);
});

test('what is typed must be it, to the letter', () => {
  const name = { option: '--serial', value: 'WD-1234' } as const;
  assert.equal(typedRefusal(disk(), name, ' WD-1234\n'), null);
  for (const typed of ['', 'WD-123', 'wd-1234', 'WD-12345', '1234', 'erase WD-1234'])
    assert.equal(typedRefusal(disk(), name, typed)?.code, 'disk.not-the-one', typed);
});

test('letters that a terminal would obey are spelled out, and the serial is not given away', () => {
  const device = disk({ path: '/dev/sd\u001b[2J', serial: known('WD-1234') });
  const refusal = typedRefusal(device, { option: '--serial', value: 'WD-1234' }, '\u001b[31m');
  assert.match(refusal?.message ?? '', /\\u\{1b\}\[31m/);
  const said = `${refusal?.message ?? ''}${refusal?.hint ?? ''}`;
  assert.ok(!said.includes('WD-1234') && !said.includes('\u001b'));
});

test('what is no whole, unused disk of a fair size is refused, all reasons at once', () => {
  const refusals = (device: Device, onSystemDisk = known(false)): string[] => {
    const facts = blockSource(device);
    assert.ok(facts.kind === 'block');
    return diskRefusals({ facts, device, onSystemDisk }).map(({ code }) => code);
  };
  const mounted = known([{ kind: 'mount', device: '/dev/sdb1', by: '/home' } as const]);
  assert.deepEqual(refusals(disk()), []);
  for (const kind of ['partition', 'mapper', 'raid', 'optical', 'virtual'] as const)
    assert.deepEqual(refusals(disk({ kind })), ['disk.kind']);
  assert.deepEqual(refusals(disk({ uses: mounted })), ['disk.in-use']);
  assert.deepEqual(refusals(disk({ uses: unknown('no /proc') })), ['disk.use-unknown']);
  assert.deepEqual(refusals(disk({ kind: 'loop', behind: known(disk()) })), ['disk.kind']);
  assert.deepEqual(refusals(disk({ kind: 'loop', behind: unknown('gone') })), ['disk.kind']);
  assert.deepEqual(refusals(disk({ kind: 'partition', uses: mounted, size: 1024 }), known(true)), [
    'disk.kind',
    'disk.in-use',
    'disk.system',
    'disk.too-small',
  ]);
});
