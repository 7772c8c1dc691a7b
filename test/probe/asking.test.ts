import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { known, unknown } from '../../src/model/device.ts';
import { OWN_READING } from '../../src/model/probe.ts';
import { capture, said } from './captures.ts';
import { chain, disk } from './disks.ts';
import { BRIDGE, CLOSED, MODES, NO_TABLE, probed, QUERY, ran, SATA, SMART, why, type World } from './scripted.ts';

describe('a disk that answers', () => {
  test('a SATA disk on its own port: everything in order, nothing twice', async () => {
    const facts = await probed(SATA);
    assert.deepEqual(facts.own, known({ model: 'EXHIBIT TEST HDD', serial: 'WD-WX11A1234567', firmware: '01.01A01' }));
    assert.deepEqual(facts.healthy, known(true));
    assert.deepEqual(facts.hpa, known({ visible: 131_072, native: 131_072, sectorSize: 512 }));
    assert.match(why(facts, 'dco'), /refused/);
    assert.match(why(facts, 'declared'), /host's own translation/);
    assert.match(why(facts, 'vendor'), /^not asked: neither profile nor operator/);
    assert.deepEqual(facts.partitionTable, known({ label: null, by: 'sfdisk', entries: [] }));
    assert.deepEqual(facts.encryption, known([]));
    assert.deepEqual(ran(facts), [
      ...Object.keys(SATA).slice(1),
      'sfdisk --json /dev/sdb',
      `${OWN_READING} /dev/sdb 10 places of at most 4096 bytes`,
    ]);
  });

  test('an NVMe disk: no hdparm, and no sg_modes, which would answer out of its own head', async () => {
    const device = disk({ name: 'nvme0n1' });
    const script = {
      [`${SMART} /dev/nvme0n1`]: capture('smartctl-nvme'),
      'nvme id-ns --output-format=json /dev/nvme0n1': capture('nvme-id-ns'),
      'sfdisk --json /dev/nvme0n1': capture('sfdisk-none'),
    };
    for (const of of [chain('nvme'), unknown('sysfs is gone')]) {
      const facts = await probed(script, { chain: of }, device);
      assert.deepEqual(facts.declared, known({ writeProtected: false, by: 'NVMe namespace attributes' }));
      assert.match(why(facts, 'hpa'), /no ATA disk: it answers to NVMe/);
      assert.match(why(facts, 'dco'), /no ATA disk/);
    }
    const without = { ...script, 'nvme id-ns --output-format=json /dev/nvme0n1': 'missing' as const };
    assert.equal(why(await probed(without, { chain: chain('nvme') }, device), 'declared'), 'nvme is not installed');
  });

  test('behind a bridge that passes nothing on, the bridge is not taken for the disk; SAT is tried once', async () => {
    const facts = await probed(BRIDGE, { chain: chain('usb', '152d') });
    assert.match(why(facts, 'own'), /Unknown USB bridge .*; by SAT: smartctl/);
    assert.match(why(facts, 'hpa'), /not known to be an ATA disk/);
    assert.deepEqual(facts.declared, known({ writeProtected: true, by: 'MODE SENSE(10)' }));
    assert.ok(!ran(facts).some((line) => line.startsWith('hdparm')));
  });

  test('behind a bridge that passes ATA on by SAT', async () => {
    const facts = await probed(
      {
        ...SATA,
        [`${SMART} /dev/sdb`]: capture('smartctl-usb-not-in-list'),
        [`${SMART} --device=sat /dev/sdb`]: capture('smartctl-sata'),
      },
      { chain: chain('usb', '152d') },
    );
    assert.ok(facts.own.known && facts.hpa.known);
    assert.equal(facts.own.value.model, 'EXHIBIT TEST HDD');
  });

  test('a SCSI answer is the disk’s own only where no bridge can have given it', async () => {
    const stdout = capture('smartctl-scsi').stdout.replaceAll('/dev/sde', '/dev/sdb');
    const script = { ...NO_TABLE, [`${SMART} /dev/sdb`]: said(stdout), [`${MODES} /dev/sdb`]: capture('modes-scsi') };
    const sas = await probed(script, { chain: chain('sas') });
    assert.ok(sas.own.known);
    for (const of of [chain('usb', '0781'), chain('usb'), chain('firewire'), chain('scsi', '13d7')]) {
      const facts = await probed(script, { chain: of });
      assert.match(why(facts, 'own'), /the bridge answered for itself \("QEMU QEMU HARDDISK"\)/);
      assert.match(why(facts, 'healthy'), /the bridge answered for itself/);
      assert.match(why(facts, 'hpa'), /no ATA disk/);
    }
    const lost = await probed(script, { chain: unknown('sysfs is gone') });
    assert.match(why(lost, 'own'), /whether a bridge gave it is not known: sysfs is gone/);
  });
});

describe('write protection', () => {
  test('a device that knows the older command only', async () => {
    const six = capture('modes-gadget-protected').stdout.replace('SENSE(10)', 'SENSE(6)');
    const script = {
      ...BRIDGE,
      [`${MODES} /dev/sdb`]: said('', 9, 'bad'),
      'sg_modes --six --maxlen=192 /dev/sdb': said(six),
    };
    const facts = await probed(script, { chain: chain('usb', '152d') });
    assert.deepEqual(facts.declared, known({ writeProtected: true, by: 'MODE SENSE(6)' }));
  });

  test('without sg_modes, the log of the kernel: not for an ATA disk, not for a disk without an address', async () => {
    const script = { ...BRIDGE, [`${MODES} /dev/sdb`]: 'missing' as const };
    // This station has no sdb.
    const facts = await probed(script, { chain: chain('usb', '152d') });
    assert.match(why(facts, 'declared'), /sg_modes is not installed, and sdb has no address in sysfs/);
    const sata = await probed({ ...SATA, [`${MODES} /dev/sdb`]: 'missing' });
    assert.match(why(sata, 'declared'), /sg_modes is not installed, and for an ATA disk/);
    const at = (address: string): World => ({
      files: { ...CLOSED, realPath: () => Promise.resolve(`/sys/devices/x/${address}`) },
    });
    const log = { ...script, 'dmesg --kernel': capture('dmesg') };
    const usb = { chain: chain('usb', '152d') };
    assert.deepEqual(
      (
        await probed(
          {
            ...log,
            'sfdisk --json /dev/sdc': capture('sfdisk-none'),
            [`${SMART} /dev/sdc`]: 'missing',
            [`${MODES} /dev/sdc`]: 'missing',
          },
          usb,
          disk({ name: 'sdc' }),
          at('12:0:0:0'),
        )
      ).declared,
      known({ writeProtected: true, by: 'kernel log' }),
    );
    assert.match(why(await probed(log, usb, disk(), at('12:0:0:0')), 'declared'), /no line/);
    assert.match(why(await probed(log, usb, disk(), at('virtio2')), 'declared'), /no SCSI disk/);
  });
});

describe("Tableau's query", () => {
  const tableau = { chain: chain('usb', '13d7'), vendorQuery: true };

  test('goes to USB vendor 13d7, and only when told', async () => {
    const script = { ...BRIDGE, [QUERY]: capture('documented-sg-raw-tableau') };
    const facts = await probed(script, tableau);
    assert.ok(facts.vendor.known);
    assert.deepEqual([facts.vendor.value.blocking, facts.vendor.value.model], [true, 'Tableau T35es']);
    // The scripts below have no answer to it: sending it would fail the test.
    assert.match(why(await probed(BRIDGE, { ...tableau, vendorQuery: false }), 'vendor'), /^not asked: neither/);
    for (const [of, reason] of [
      [chain('usb', '152d'), /none of USB vendor 13d7/],
      [chain('usb'), /none of USB vendor 13d7/],
      [chain('usb', '13D7 '), /none of USB vendor 13d7/],
      [unknown('sysfs is gone'), /what \/dev\/sdb hangs on is not known: sysfs is gone/],
    ] as const) {
      assert.match(why(await probed(BRIDGE, { ...tableau, chain: of }), 'vendor'), reason);
    }
  });

  test('no answer is said to be none', async () => {
    for (const [answer, reason] of [
      [capture('sg-raw-refused'), /^no answer to Tableau's query: .*Invalid command operation code/],
      [capture('sg-raw-inquiry'), /^no answer to Tableau's query: 96 bytes/],
      ['missing', /^no answer to Tableau's query: sg_raw is not installed/],
      ['timeout', /^no answer to Tableau's query: sg_raw gave no answer in 10 s and was killed/],
    ] as const) {
      assert.match(why(await probed({ ...BRIDGE, [QUERY]: answer }, tableau), 'vendor'), reason);
    }
  });
});

describe('whom to ask', () => {
  test('the disk around a partition, the disk behind a loop device', async () => {
    const partition = disk({ name: 'sdb1', kind: 'partition', wholeDisk: 'sdb', disks: ['sdb'], size: 1_048_576 });
    const asked = Object.fromEntries(Object.entries(SATA).filter(([line]) => !line.startsWith('sfdisk')));
    const facts = await probed(asked, {}, partition);
    assert.ok(facts.own.known && facts.hpa.known);
    assert.match(why(facts, 'partitionTable'), /no table of its own/);
    const loop = disk({ name: 'loop0', kind: 'loop', behind: known(disk()) });
    const behind = await probed({ ...asked, 'sfdisk --json /dev/loop0': capture('sfdisk-none') }, {}, loop);
    assert.ok(behind.own.known);
    assert.ok(ran(behind).includes(`${OWN_READING} /dev/loop0 10 places of at most 4096 bytes`));
  });

  for (const [what, change, reason] of [
    ['a loop device over a file', { kind: 'loop', physical: false }, /has no hardware of its own/],
    ['a mapper device', { kind: 'mapper', disks: ['sda', 'sdc'] }, /put together from other devices \(sda, sdc\)/],
    ['a RAID', { kind: 'raid' }, /put together/],
    ['an optical drive', { kind: 'optical' }, /optical drive/],
    ['what nobody can see behind', { kind: 'loop', behind: unknown('it vanished') }, /it vanished/],
  ] as const) {
    test(`nobody: ${what}; its bytes are looked at all the same`, async () => {
      const facts = await probed(NO_TABLE, {}, disk(change));
      for (const key of ['own', 'healthy', 'hpa', 'dco', 'declared', 'vendor'] as const)
        assert.match(why(facts, key), reason);
      assert.deepEqual(facts.encryption, known([]));
      assert.equal(facts.runs.length, 2);
    });
  }

  test('a SATA disk without smartctl is known by its bus; a name that is no path is never asked', async () => {
    const without = await probed({ ...SATA, [`${SMART} /dev/sdb`]: 'missing' });
    assert.equal(why(without, 'own'), 'smartctl is not installed');
    assert.ok(without.hpa.known);
    const usb = await probed({ ...BRIDGE, [`${SMART} /dev/sdb`]: 'missing' }, { chain: chain('usb', '152d') });
    assert.match(why(usb, 'hpa'), /not known to be an ATA disk.*\(smartctl is not installed\)/);
    const named = await probed({}, {}, disk({ path: '-p1' }));
    assert.deepEqual([...new Set(named.runs.slice(0, -1).map(({ failure }) => failure))], ['refused']);
    assert.match(why(named, 'own'), /"-p1" is no absolute path/);
  });
});
