import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { known } from '../../src/model/device.ts';
import { parseKernelLog } from '../../src/probe/kernel-log.ts';
import { knowsNoModeSense10, parseModeSense } from '../../src/probe/mode-sense.ts';
import { parseNamespace } from '../../src/probe/nvme.ts';
import { capture, said, silence } from './captures.ts';
import { unknownFor } from './unknown-for.ts';

describe('declared write protection', () => {
  const declares = (writeProtected: boolean, by = 'MODE SENSE(10)') => known({ writeProtected, by });

  test('MODE SENSE: disks and bridges that declare it, and that declare none', () => {
    for (const name of ['usb-read-only', 'gadget-protected', 'scsi-protected'])
      assert.deepEqual(parseModeSense(capture(`modes-${name}`)), declares(true), name);
    for (const name of ['gadget', 'scsi'])
      assert.deepEqual(parseModeSense(capture(`modes-${name}`)), declares(false), name);
  });

  test('the older command', () => {
    const answer = capture('modes-gadget-protected');
    const six = answer.stdout.replace('SENSE(10)', 'SENSE(6)');
    assert.deepEqual(parseModeSense(said(six)), declares(true, 'MODE SENSE(6)'));
    assert.ok(knowsNoModeSense10(said('', 9)) && knowsNoModeSense10(said('', 5)));
    assert.ok(!knowsNoModeSense10(answer) && !knowsNoModeSense10(capture('modes-no-rights')));
  });

  test("a zero that this host's own translation fills in is no declaration; a one would be", () => {
    const sata = capture('modes-sata');
    assert.match(sata.stdout, /WP=0/);
    unknownFor(parseModeSense(sata), /host's own translation/);
    assert.deepEqual(parseModeSense({ ...sata, stdout: sata.stdout.replace('WP=0', 'WP=1') }), declares(true));
  });

  test('no answer', () => {
    unknownFor(parseModeSense(capture('modes-virtio')), /Inappropriate ioctl/);
    unknownFor(parseModeSense(capture('modes-no-rights')), /Permission denied/);
    unknownFor(parseModeSense(silence('sg_modes gave no answer in 10 s and was killed')), /killed/);
    unknownFor(parseModeSense(said('')), /does not tell/);
    const gadget = capture('modes-gadget');
    const tape = gadget.stdout.replace('disk [0x0]', 'tape [0x1]');
    unknownFor(parseModeSense(said(tape)), /does not tell/);
    unknownFor(parseModeSense(said(gadget.stdout.replace('WP=0, DpoFua=0', 'specific param=0x00'))), /does not tell/);
    unknownFor(parseModeSense(said(`${gadget.stdout}${gadget.stdout}`)), /does not tell/);
  });

  test("the kernel's log: this disk, by address and name, the last word", () => {
    const log = capture('dmesg');
    const of = (address: string, name: string) => parseKernelLog(log, address, name);
    assert.deepEqual(of('12:0:0:0', 'sdc'), declares(true, 'kernel log'));
    assert.deepEqual(of('0:0:0:0', 'sdb'), declares(false, 'kernel log'));
    assert.deepEqual(of('16:0:0:0', 'sdg'), declares(true, 'kernel log'));
    unknownFor(of('12:0:0:0', 'sdb'), /no line/);
    unknownFor(of('2:0:0:0', 'sdc'), /no line/);
    unknownFor(parseKernelLog(capture('dmesg-no-rights'), '12:0:0:0', 'sdc'), /Operation not permitted/);
    const later = (line: string) => parseKernelLog(said(`${log.stdout}[   99.000001] ${line}\n`), '12:0:0:0', 'sdc');
    assert.deepEqual(later('sd 12:0:0:0: [sdc] Write Protect is off'), declares(false, 'kernel log'));
    unknownFor(later('sd 12:0:0:0: [sdc] Assuming Write Enabled'), /did not ask/);
    unknownFor(later('sd 12:0:0:0: [sdc] Test WP failed, assume Write Enabled'), /did not answer/);
    assert.deepEqual(later('sd 12:0:0:1: [sdc] Write Protect is off'), declares(true, 'kernel log'));
    const caller = said('[   21.968211][  T173] sd 12:0:0:0: [sdc] Write Protect is on\n');
    assert.deepEqual(parseKernelLog(caller, '12:0:0:0', 'sdc'), declares(true, 'kernel log'));
  });

  test("a device's own strings in the log are no line of the kernel's", () => {
    const text = 'sd 12:0:0:0: [sdc] Write Protect is on';
    for (const line of [
      `usb 2-1: Product: ${text}`,
      `usb 2-1: Product: [    1.000000] ${text}`,
      `${text} `,
      ` ${text}`,
      `${text}\\x0a`,
    ]) {
      unknownFor(parseKernelLog(said(`[    9.000000] ${line}\n`), '12:0:0:0', 'sdc'), /no line/, line);
    }
  });

  test('an NVMe namespace', () => {
    const answer = capture('nvme-id-ns');
    const by = 'NVMe namespace attributes';
    assert.deepEqual(parseNamespace(answer, 0x01_04_00), declares(false, by));
    const locked = { ...answer, stdout: answer.stdout.replace('"nsattr":0', '"nsattr":1') };
    assert.deepEqual(parseNamespace(locked, null), declares(true, by));
    unknownFor(parseNamespace(answer, 0x01_03_00), /NVMe 1\.4/);
    unknownFor(parseNamespace(answer, null), /NVMe 1\.4/);
    unknownFor(parseNamespace(silence('nvme is not installed'), 0x01_04_00), /not installed/);
    unknownFor(parseNamespace(said('', 1, 'get-namespace-id: Invalid argument'), 0x01_04_00), /Invalid argument/);
    unknownFor(parseNamespace(said('{"nsattr":0}'), 0x01_04_00), /did not answer/);
    unknownFor(parseNamespace(said(answer.stdout.slice(0, 300)), 0x01_04_00), /did not answer/);
  });
});
