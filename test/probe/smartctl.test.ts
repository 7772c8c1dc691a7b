import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { known, type Fact } from '../../src/model/device.ts';
import { asksForType, parseSmartctl } from '../../src/probe/smartctl.ts';
import { capture, said, silence } from './captures.ts';
import { unknownFor } from './unknown-for.ts';

const SATA = { count: 131_072, size: 512 };

describe('smartctl', () => {
  test('a SATA disk: its own identity, its verdict, its capacity', () => {
    assert.deepEqual(parseSmartctl(capture('smartctl-sata'), '/dev/sdb'), {
      known: true,
      value: {
        protocol: 'ATA',
        identity: { model: 'EXHIBIT TEST HDD', serial: 'WD-WX11A1234567', firmware: '01.01A01' },
        healthy: known(true),
        capacity: SATA,
        nvmeVersion: null,
      },
    });
  });

  test('an NVMe disk', () => {
    const fact = parseSmartctl(capture('smartctl-nvme'), '/dev/nvme0n1');
    assert.ok(fact.known);
    assert.deepEqual(fact.value.identity, { model: 'QEMU NVMe Ctrl', serial: 'NVMESER1', firmware: '7.2.22' });
    assert.deepEqual(
      [fact.value.protocol, fact.value.nvmeVersion, fact.value.healthy],
      ['NVMe', 0x01_04_00, known(true)],
    );
  });

  test('SCSI disks: no SMART, and SMART switched off', () => {
    const [none, off] = [capture('smartctl-scsi'), capture('smartctl-scsi-smart-off')];
    const fact = parseSmartctl(none, '/dev/sde');
    assert.ok(fact.known);
    assert.deepEqual(fact.value.identity, { model: 'QEMU QEMU HARDDISK', serial: 'SCSISER1', firmware: '2.5+' });
    unknownFor(fact.value.healthy, /has no SMART/);
    const second = parseSmartctl(off, '/dev/sdf');
    // Its answer says "passed": true.
    unknownFor(second.known ? second.value.healthy : second, /switched off/);
  });

  test('a bridge of its list without an ATA disk behind it: the protocol it names is the list’s', () => {
    assert.match(capture('smartctl-usb-no-ata-behind').stdout, /"protocol": "ATA"/);
    unknownFor(parseSmartctl(capture('smartctl-usb-no-ata-behind'), '/dev/sdh'), /did not answer/);
  });

  test('a bridge that it does not know, and only that, makes it ask for the type', () => {
    unknownFor(parseSmartctl(capture('smartctl-usb-not-in-list'), '/dev/sdg'), /Unknown USB bridge \[0x13d7:0x000c/);
    for (const name of ['sata', 'usb-not-in-list', 'usb-no-ata-behind', 'virtio', 'loop']) {
      assert.equal(asksForType(capture(`smartctl-${name}`)), name === 'usb-not-in-list', name);
    }
  });

  test('no smartctl device: a reason in its words', () => {
    unknownFor(parseSmartctl(capture('smartctl-loop'), '/dev/loop0'), /Unable to detect device type/);
    unknownFor(parseSmartctl(capture('smartctl-virtio'), '/dev/vda'), /Unable to detect device type/);
  });

  test('a verdict from the attributes alone is not the disk’s', () => {
    const fact = parseSmartctl(capture('documented-smartctl-attributes-only'), '/dev/sdb');
    assert.ok(fact.known);
    assert.equal(fact.value.identity.model, 'STT_FTM64GX25H');
    unknownFor(fact.value.healthy, /did not come through/);
  });

  test('health, by verdict and exit status', () => {
    const sata = capture('smartctl-sata');
    const health = (exit: number, passed: string): Fact<boolean> => {
      const stdout = sata.stdout
        .replace('"exit_status": 0', `"exit_status": ${exit}`)
        .replace('"passed": true', passed === '' ? '' : `"passed": ${passed}`);
      const fact = parseSmartctl({ ...sata, stdout, exit }, '/dev/sdb');
      assert.ok(fact.known);
      return fact.value.healthy;
    };
    assert.deepEqual(health(8, 'false'), known(false));
    assert.deepEqual(health(0, 'false'), known(false));
    assert.deepEqual(health(8, ''), known(false));
    // Old errors in the log (64), a failed self-test (128), attributes once below their limit (32) are no verdict.
    assert.deepEqual(health(64 + 128 + 32, 'true'), known(true));
    unknownFor(health(8, 'true'), /contradicts itself/);
    unknownFor(health(4, 'true'), /did not come through/);
    unknownFor(health(0, '"yes"'), /no SMART verdict/);
    unknownFor(health(0, ''), /no SMART verdict/);
  });

  test('bad answers', () => {
    const sata = capture('smartctl-sata');
    const change = (from: string | RegExp, to: string) => ({ ...sata, stdout: sata.stdout.replace(from, to) });
    for (const [what, answer, why] of [
      ['silence', silence('smartctl is not installed'), /^smartctl is not installed$/],
      ['nothing', said(''), /it says nothing/],
      ['plain text', said('', 2, 'Smartctl open device: /dev/sdb failed: Permission denied'), /Permission denied/],
      ['cut off', { ...sata, stdout: sata.stdout.slice(0, -20) }, /not answer in JSON/],
      ['a list', said('[1, 0]'), /not answer in JSON/],
      [
        'another format',
        change('"json_format_version": [\n    1', '"json_format_version": [\n    2'),
        /that is understood/,
      ],
      ['status of another run', { ...sata, exit: 4 }, /its exit status is another/],
      ['another device', change('"name": "/dev/sdb"', '"name": "/dev/sda"'), /another device/],
      ['no protocol', change('"protocol": "ATA"', '"protocol": "Floppy"'), /which command set/],
      ['no model', change('"model_name"', '"no_name"'), /no model/],
      ['a model that is no text', change('"EXHIBIT TEST HDD"', '7'), /no model/],
      ['a model of blanks', change('"EXHIBIT TEST HDD"', '"   "'), /no model/],
      ['identity failed', { ...change('"exit_status": 0', '"exit_status": 2'), exit: 2 }, /no identity/],
    ] as const) {
      unknownFor(parseSmartctl(answer, '/dev/sdb'), why, what);
    }
  });

  test('names are kept as the disk gives them, but for padding; half letters are mended, blanks are said to be blank', () => {
    const sata = capture('smartctl-sata');
    const stdout = sata.stdout
      .replace('"EXHIBIT TEST HDD"', String.raw`"  EVIL\u001b[31m\u202eDISK\ud800  "`)
      .replace('"WD-WX11A1234567"', String.raw`"                    "`);
    const fact = parseSmartctl({ ...sata, stdout }, '/dev/sdb');
    assert.ok(fact.known);
    assert.deepEqual(fact.value.identity, {
      model: 'EVIL\u001b[31m\u202eDISK\ufffd',
      serial: '',
      firmware: '01.01A01',
    });
  });

  test('a capacity that does not add up is none', () => {
    const sata = capture('smartctl-sata');
    const fact = parseSmartctl({ ...sata, stdout: sata.stdout.replace('67108864', '67108865') }, '/dev/sdb');
    assert.equal(fact.known && fact.value.capacity, null);
  });
});
