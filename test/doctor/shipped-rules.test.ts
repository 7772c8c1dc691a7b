import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { ARMED, EXCEPTIONS, RULES, RUNS } from '../../src/doctor/udev-rules.ts';
import { packageRoot } from '../support/root.ts';
import { applyRules, parseRules, type UdevEvent, type UdevOutcome } from '../support/udev-rules.ts';

const PATH = join(packageRoot, 'hardware/udev', RULES);
const SYSTEM_RULES = '/usr/lib/udev/rules.d';
const TEXT = readFileSync(PATH, 'utf8');
const rules = parseRules(TEXT);

/** udev(7) of systemd 252: what may be matched, and what may be assigned. */
const MATCHED =
  /^(ACTION|DEVPATH|KERNELS?|NAME|SYMLINK|SUBSYSTEMS?|DRIVERS?|ATTRS?|SYSCTL|ENV|CONST|TAGS?|TEST|PROGRAM|RESULT|IMPORT)$/;
const ASSIGNED = /^(NAME|SYMLINK|OWNER|GROUP|MODE|SECLABEL|ATTR|SYSCTL|ENV|TAG|RUN|LABEL|GOTO|IMPORT|OPTIONS)$/;

const USB = '/devices/pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host6/target6:0:0/6:0:0:0/block';
const armed = { files: [ARMED] };

function disk(kernel: string, change: Partial<UdevEvent> = {}, env: Record<string, string> = {}): UdevEvent {
  const own = { ro: '0', removable: '0', size: '2048' };
  return {
    kernel,
    devpath: `${USB}/${kernel}`,
    attributes: [own, { serial: 'WD-1' }],
    ...armed,
    ...change,
    env: { ACTION: 'add', DEVTYPE: 'disk', ...env },
  };
}

/** A partition of a disk whose own event has ended: `ro` is the disk's flag. */
function partition(kernel: string, ro: '0' | '1', change: Partial<UdevEvent> = {}): UdevEvent {
  return disk(kernel, { attributes: [{ ro, partition: '1' }, { ro }], ...change }, { DEVTYPE: 'partition' });
}

const NEW = { EXHIBIT_NEW_DISK: '1' };
const HIDDEN = { UDISKS_IGNORE: '1', UDISKS_AUTO: '0', SYSTEMD_READY: '0', DM_UDEV_DISABLE_OTHER_RULES_FLAG: '1' };

function assertSet(outcome: UdevOutcome, kernel: string): void {
  assert.deepEqual(outcome, { run: [`${RUNS} --setro /dev/${kernel}`], set: { ...NEW, ...HIDDEN } }, kernel);
}

function assertLeft(event: UdevEvent, set: object = {}): void {
  assert.deepEqual(applyRules(rules, event), { run: [], set }, event.kernel);
}

describe('the rules that are shipped', () => {
  test('are of udev, use its keys as it wants them, and jump only to labels that are there', () => {
    for (const { key, operator, value } of rules.flat()) {
      const match = ['==', '!='].includes(operator) || key === 'IMPORT';
      assert.match(key, match ? MATCHED : ASSIGNED, `${key}${operator}"${value}"`);
    }
    const of = (wanted: string): Set<string> =>
      new Set(rules.flat().flatMap(({ key, value }) => (key === wanted ? [value] : [])));
    assert.deepEqual(of('GOTO'), of('LABEL'));
    assert.match(TEXT, /\n$/);
    const { status, stderr } = spawnSync('udevadm', ['verify', PATH], { encoding: 'utf8' });
    // systemd 254 and newer have it.
    if (status !== null && !/Unknown command|unrecognized/i.test(stderr)) assert.equal(status, 0, stderr);
  });

  test('run only what is there, by its whole path, and nothing while rules are looked at', () => {
    const run = rules.flat().filter(({ key }) => key === 'RUN');
    assert.ok(run.length > 0);
    for (const { operator, value } of run) {
      assert.equal(value, `${RUNS} --setro $devnode`);
      // "=" would empty the list that other rules have filled.
      assert.equal(operator, '+=');
    }
    accessSync(RUNS, constants.X_OK);
    // `udevadm test` executes these two: looking would set the flag.
    assert.ok(!rules.flat().some(({ key, attribute }) => key === 'PROGRAM' || attribute === 'program'));
  });

  test('come before every other rule, and after the list of exceptions', () => {
    const others = existsSync(SYSTEM_RULES) ? readdirSync(SYSTEM_RULES) : [];
    assert.deepEqual([RULES, EXCEPTIONS, ...others].sort().slice(0, 2), [EXCEPTIONS, RULES]);
  });

  test('name in their head the files that doctor looks for', () => {
    for (const word of [ARMED, EXCEPTIONS, RULES]) assert.ok(TEXT.includes(word), word);
  });
});

describe('what the rules do with', () => {
  test('a new disk, of any bus: read-only, hidden', () => {
    for (const kernel of ['sda', 'sdz', 'sdaa', 'nvme0n1', 'mmcblk0', 'vdb', 'hda', 'fd0', 'a-kind-of-disk-to-come']) {
      assertSet(applyRules(rules, disk(kernel)), kernel);
    }
    const paths = '/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1';
    assertSet(applyRules(rules, disk('nvme0n1', { devpath: paths })), 'nvme0n1');
  });

  test('its partition: the same', () => {
    for (const kernel of ['sda1', 'nvme0n1p1', 'mmcblk0p2']) {
      assertSet(applyRules(rules, partition(kernel, '1', { parentDb: NEW })), kernel);
    }
  });

  test('what is no disk: nothing', () => {
    for (const kernel of ['loop0', 'dm-0', 'md127', 'ram0', 'zram0', 'nbd0', 'bcache0', 'zd0']) {
      assertLeft(disk(kernel, { devpath: `/devices/virtual/block/${kernel}` }));
    }
    assertLeft(disk('loop0p1', { devpath: '/devices/virtual/block/loop0/loop0p1' }, { DEVTYPE: 'partition' }));
    assertLeft(disk('sr0'));
    assertLeft(disk('sda', { subsystem: 'scsi_disk' }));
  });

  test("the station's own disks: nothing, when they are replayed, found at boot, or partitioned", () => {
    for (const uuid of ['0', 'fe4d7c9d-b8c6-4a70-9ef1-3d8a58d18eed']) {
      assertLeft(disk('sda', {}, { SYNTH_UUID: uuid }));
      assertLeft({ ...partition('sda1', '0'), env: { ACTION: 'add', DEVTYPE: 'partition', SYNTH_UUID: uuid } });
    }
    assertLeft(disk('sda', { files: [] }));
    assertLeft(partition('sda1', '0'));
    // One that declares itself read-only, such as the stick that a live system runs from.
    assertLeft(partition('sda1', '1'));
    assertLeft(disk('sda', { attributes: [{ ro: '1', removable: '1', size: '2048' }] }, { ACTION: 'change' }));
    const swap = { ACTION: 'change', DISK_MEDIA_CHANGE: '1' };
    assertLeft(disk('sda', { attributes: [{ ro: '0', removable: '1', size: '2048' }] }, swap));
  });

  test('a disk that somebody looked at with udevadm test: nothing, later', () => {
    // The looking left its mark in the database, but the flag was not set.
    assertLeft(disk('sda', { db: NEW }, { ACTION: 'change' }), NEW);
    assertLeft(partition('sda2', '0', { parentDb: NEW }), NEW);
  });

  test('a disk that the lab has excepted: nothing', () => {
    const excepted = parseRules('SUBSYSTEM=="block", ATTRS{serial}=="WD-1", ENV{EXHIBIT_DESTINATION}="1"');
    const set = { EXHIBIT_DESTINATION: '1' };
    assert.ok(TEXT.includes('SUBSYSTEM=="block", ATTRS{serial}=="'), 'the head shows such a line');
    assert.deepEqual(applyRules([...excepted, ...rules], disk('sda')), { run: [], set });
    assertSet(applyRules([...excepted, ...rules], disk('sdb', { attributes: [{}, { serial: 'WD-2' }] })), 'sdb');
  });

  test('later events of a new disk: hidden while it is read-only, never set again', () => {
    const change = { ACTION: 'change' };
    const replayed = { ACTION: 'add', SYNTH_UUID: '0' };
    for (const env of [change, replayed]) {
      const kept = applyRules(rules, disk('sda', { db: NEW, attributes: [{ ro: '1' }] }, env));
      assert.deepEqual(kept, { run: [], set: { ...NEW, ...HIDDEN } });
      assertLeft(disk('sda', { db: NEW, attributes: [{ ro: '0' }] }, env), NEW);
    }
    assertLeft(partition('sda1', '0', { parentDb: NEW }), NEW);
    assertLeft(disk('sda', { db: NEW }, { ACTION: 'remove' }));
  });

  test('another medium in a drive that was new, or that was empty: a new disk', () => {
    const swap = { ACTION: 'change', DISK_MEDIA_CHANGE: '1' };
    assertSet(applyRules(rules, disk('sdb', { db: NEW }, swap)), 'sdb');
    // A reader of the station's own, replayed at boot with nothing in it.
    const empty = disk('sdb', { attributes: [{ ro: '0', removable: '1', size: '0' }] }, { SYNTH_UUID: '0' });
    assertLeft(empty, NEW);
    // A fixed disk that is not ready yet is no reader.
    assertLeft(disk('sdb', { attributes: [{ ro: '0', removable: '0', size: '0' }] }, { SYNTH_UUID: '0' }));
  });
});
