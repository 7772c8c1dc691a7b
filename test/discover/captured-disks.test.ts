import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { listDevices } from '../../src/discover/devices.ts';
import { valueOf } from '../../src/model/device.ts';
import { DISK_TABLE } from '../bench/disk-table.ts';
import { captured, capturedDisks, capturedLog, capturedStation } from '../support/bench-capture.ts';
import { madeUpStation } from './made-up-station.ts';

describe('captures of the virtual bench', () => {
  test('the list of devices', async (t) => {
    const devices = await listDevices(madeUpStation(t, capturedStation()));
    const told = Object.entries(capturedDisks()).map(([kind, name]) => {
      const device = devices.find((each) => each.name === name);
      assert.ok(device?.physical, `${kind}: no ${name}, or nothing physical`);
      const [transport, readOnly, serial] = [device.transport, device.readOnly, device.serial].map((fact) =>
        valueOf<unknown>(fact),
      );
      return [kind, [transport, readOnly, device.size, device.logicalSector, kind === 'scsi-4kn' ? null : serial]];
    });
    assert.deepEqual(Object.fromEntries(told), DISK_TABLE);
    assert.equal(devices.length, told.length);
  });

  test('what the tools said of them, the lies included', () => {
    assert.match(captured('sata', 'hdparm-N.txt').stdout, /max sectors += 32768\/32768, HPA is disabled/);
    assert.match(captured('usb-bridge', 'hdparm-N.txt').stdout, /max sectors += 0\/1, HPA is enabled/);
    assert.match(captured('usb-blocker', 'sg_modes.txt').stdout, /WP=1/);
    assert.match(captured('usb-silent-blocker', 'sg_modes.txt').stdout, /WP=0/);
    assert.match(captured('usb-blocker', 'sg_raw-tableau.txt').stderr, /Illegal [Rr]equest/);
    assert.match(captured('nvme', 'smartctl.json').stdout, /"serial_number": "NV-BENCH0002"/);
    const name = capturedDisks()['usb-blocker'];
    assert.ok(capturedLog().includes(`[${name}] Write Protect is on`));
  });
});
