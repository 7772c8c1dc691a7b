import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { seeBridge } from '../../src/blocker-test/seen-bridge.ts';
import { testPorts } from '../support/ports.ts';
import { tempFolder } from '../support/temp.ts';

/** Captured of a gadget in a virtual machine. */
const SCSI = '/sys/devices/platform/dummy_hcd.0/usb2/2-1/2-1:1.0/host0/target0:0:0/0:0:0:0';
const USB = '/sys/devices/platform/dummy_hcd.0/usb2/2-1';

function station(root: string, files: Readonly<Record<string, string>>): ReturnType<typeof testPorts> {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), `${text}\n`);
  }
  mkdirSync(join(root, '/sys/dev/block'), { recursive: true });
  symlinkSync(join(root, SCSI, 'block/sda'), join(root, '/sys/dev/block/8:0'));
  return testPorts({ root });
}

const DISK = {
  [`${SCSI}/block/sda/dev`]: '8:0',
  [`${SCSI}/block/sda/size`]: '32768',
  [`${SCSI}/block/sda/ro`]: '1',
  [`${SCSI}/block/sda/device/vendor`]: 'Acme    ',
  [`${SCSI}/block/sda/device/model`]: 'WB-1            ',
  [`${SCSI}/block/sda/device/rev`]: '0101',
};

const BRIDGE = {
  [`${USB}/idVendor`]: '13d7',
  [`${USB}/idProduct`]: '000c',
  [`${USB}/manufacturer`]: 'Acme',
  [`${USB}/product`]: 'WB one',
  [`${USB}/serial`]: 'SCRATCH0001',
  [`${USB}/bcdDevice`]: '0601',
  [`${USB}/speed`]: '5000',
};

test('the nearest USB device above the disk is told, with its driver, and what INQUIRY said', async (t) => {
  const root = tempFolder(t);
  // The root hub above has ids too, and so has a blocker beside it.
  const others = {
    '/sys/devices/platform/dummy_hcd.0/usb2/idVendor': '1d6b',
    [`${dirname(USB)}/2-2/idVendor`]: '0e90',
  };
  const ports = station(root, { ...DISK, ...BRIDGE, ...others, '/sys/bus/usb/drivers/usb-storage/bind': '' });
  symlinkSync(join(root, '/sys/bus/usb/drivers/usb-storage'), join(root, USB, '2-1:1.0/driver'));
  assert.deepEqual(await seeBridge(ports, '8:0'), {
    sysfs: `${SCSI}/block/sda`,
    usb: {
      vendorId: '13d7',
      productId: '000c',
      manufacturer: 'Acme',
      product: 'WB one',
      serial: 'SCRATCH0001',
      revision: '0601',
      speed: 5000,
      transport: 'bot',
    },
    inquiry: { vendor: 'Acme', product: 'WB-1', revision: '0101' },
  });
});

test('without a USB device above there is none; a vanished disk is nothing', async (t) => {
  const ports = station(tempFolder(t), DISK);
  assert.equal((await seeBridge(ports, '8:0')).usb, null);
  assert.deepEqual(await seeBridge(ports, '8:16'), { sysfs: '', usb: null, inquiry: null });
});
