import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { bridgeOf } from '../../src/model/chain.ts';
import {
  attributes,
  BOT,
  driver,
  pci,
  rootHub,
  scsiDisk,
  trees,
  UAS,
  usbDevice,
  usbDisk,
  wholeDisk,
  type Tree,
} from './buses.ts';
import { HUB, DOCK, BLOCKER, MMC, SDB, look, chainOf, roles, usbHost } from './chain-support.ts';

describe('USB', () => {
  test('bulk-only: host controller, root hub, bridge, disk, each with what it says of itself', async (t) => {
    const chain = await chainOf(t, usbHost(usbDisk(`${HUB}/2-1`, DOCK, BOT, SDB)));
    assert.equal(chain.bus, 'usb');
    assert.deepEqual(roles(chain), [
      'controller 0000:00:14.0 xhci_hcd',
      'hub usb2 usb',
      'bridge 2-1 usb-storage',
      'disk sdb sd',
    ]);
    assert.equal(chain.links[0]?.pci, '8086:a36d');
    assert.deepEqual(bridgeOf(chain), {
      role: 'bridge',
      name: '2-1',
      sysfs: `${HUB}/2-1`,
      driver: 'usb-storage',
      usb: {
        vendorId: '152d',
        productId: '0578',
        manufacturer: 'JMicron',
        product: 'Dock',
        serial: 'DD56',
        revision: '0100',
        speed: 5000,
        transport: 'bot',
      },
      pci: null,
      inquiry: null,
    });
    assert.deepEqual(chain.links.at(-1)?.inquiry, { vendor: 'ATA', product: 'Disk of Test', revision: '0104' });
    assert.equal(chain.links[1]?.usb?.transport, null);
  });

  test('UAS by the driver; by the protocol where the driver is not known; what they disagree on is not told', async (t) => {
    const cases = [
      [UAS, 'uas'],
      [{ driver: 'ums-realtek', protocol: '50' }, 'bot'],
      [{ driver: 'usb-storage', protocol: '00' }, null],
      [{ driver: 'usb-storage', protocol: '62' }, null],
      [{ driver: 'something', protocol: '62' }, 'uas'],
    ] as const;
    for (const [how, transport] of cases) {
      const chain = await chainOf(t, usbHost(usbDisk(`${HUB}/2-1`, DOCK, how, SDB)));
      assert.equal(bridgeOf(chain)?.usb?.transport, transport, how.driver);
    }
  });

  test('behind two hubs: the hubs are hubs', async (t) => {
    const hub = { ids: '05e3:0626', manufacturer: 'GenesysLogic', product: 'USB3.1 Hub' };
    const layout = usbHost(
      usbDevice(`${HUB}/2-1`, hub),
      usbDevice(`${HUB}/2-1/2-1.4`, hub),
      usbDisk(`${HUB}/2-1/2-1.4/2-1.4.2`, DOCK, UAS, SDB),
    );
    assert.deepEqual(roles(await chainOf(t, layout)).slice(1), [
      'hub usb2 usb',
      'hub 2-1 usb',
      'hub 2-1.4 usb',
      'bridge 2-1.4.2 uas',
      'disk sdb sd',
    ]);
  });

  test('a write blocker beside an ordinary bridge on one hub: each disk names its own', async (t) => {
    const layout = usbHost(
      usbDevice(`${HUB}/2-1`, { ids: '05e3:0626' }),
      usbDisk(`${HUB}/2-1/2-1.1`, BLOCKER, BOT, { ...SDB, host: 3 }),
      usbDisk(`${HUB}/2-1/2-1.2`, DOCK, UAS, { name: 'sdc', number: '8:32', host: 4 }),
    );
    assert.equal(bridgeOf(await chainOf(t, layout, 'sdb'))?.usb?.vendorId, '13d7');
    const other = await chainOf(t, layout, 'sdc');
    assert.equal(bridgeOf(other)?.usb?.vendorId, '152d');
    assert.ok(!JSON.stringify(other).includes('Tableau'));
  });

  test('a bridge without strings, at USB 2 and at a speed that is not told', async (t) => {
    const slow = await chainOf(t, usbHost(usbDisk(`${HUB}/2-1`, { ids: '174C:55AA', speed: '480' }, BOT, SDB)));
    const { vendorId, productId, manufacturer, product, serial, speed } = bridgeOf(slow)?.usb ?? {};
    assert.deepEqual([vendorId, productId, speed], ['174c', '55aa', 480]);
    assert.deepEqual([manufacturer, product, serial], [null, null, null]);
    const odd = await chainOf(t, usbHost(usbDisk(`${HUB}/2-1`, { ...DOCK, speed: 'unknown' }, BOT, SDB)));
    assert.equal(bridgeOf(odd)?.usb?.speed, null);
  });

  test('control characters in strings stay in the facts as they are', async (t) => {
    const hostile = 'Evil\u001b[2J\u202eDock';
    const chain = await chainOf(t, usbHost(usbDisk(`${HUB}/2-1`, { ...DOCK, product: hostile }, BOT, SDB)));
    assert.equal(bridgeOf(chain)?.usb?.product, hostile);
  });

  test('a host controller of a system on a chip', async (t) => {
    const core = '/sys/devices/platform/soc/xhci-hcd.0.auto';
    const layout = trees(
      driver(core, 'xhci-hcd'),
      rootHub(`${core}/usb1`),
      usbDisk(`${core}/usb1/1-1`, DOCK, UAS, SDB),
    );
    assert.deepEqual(roles(await chainOf(t, layout))[0], 'controller xhci-hcd.0.auto xhci-hcd');
  });

  test('a card reader on USB is reached by USB, whatever speaks to the card', async (t) => {
    const reader = `${HUB}/2-4`;
    const card = `${reader}/2-4:1.0/rtsx_usb_sdmmc.1.auto/mmc_host/mmc0/mmc0:aaaa/block/mmcblk0`;
    const layout = usbHost(
      usbDevice(reader, { ids: '0bda:0129' }),
      wholeDisk(card, { name: 'mmcblk0', number: '179:0' }, 'mmcblk'),
    );
    const chain = await chainOf(t, layout, 'mmcblk0');
    assert.deepEqual([chain.bus, bridgeOf(chain)?.name], ['usb', '2-4']);
  });
});

describe('ATA', () => {
  const AHCI = '/sys/devices/pci0000:00/0000:00:17.0';
  const on = (controller: string, ...more: Tree[]): Tree =>
    trees(pci(AHCI, controller), scsiDisk(`${AHCI}/ata3`, SDB), ...more);
  const identify = (changes: Record<number, string>): Tree => {
    const words = Array.from({ length: 256 }, (_, index) => changes[index] ?? '0000');
    return attributes(`${AHCI}/ata3/link3/dev3.0/ata_device/dev3.0`, { id: words.join(' ') });
  };

  test('SATA: controller and port', async (t) => {
    const chain = await chainOf(t, on('ahci'));
    assert.deepEqual(roles(chain), ['controller 0000:00:17.0 ahci', 'controller ata3 -', 'disk sdb sd']);
    assert.deepEqual([chain.bus, bridgeOf(chain)], ['sata', null]);
  });

  test('PATA by the driver, by what the disk answered; SATA by the link speed, by what the disk answered', async (t) => {
    const cases: [Tree, string][] = [
      [on('pata_via'), 'pata'],
      [on('sata_nv'), 'sata'],
      [on('ahci-imx'), 'sata'],
      [on('ata_piix'), 'unknown'],
      [on('ata_piix', attributes(`${AHCI}/ata3/link3/ata_link/link3`, { sata_spd: '3.0 Gbps' })), 'sata'],
      [on('ata_piix', attributes(`${AHCI}/ata3/link3/ata_link/link3`, { sata_spd: '<unknown>' })), 'unknown'],
      [on('ata_piix', identify({ 93: '6001' })), 'pata'],
      [on('ata_piix', identify({ 76: '0206' })), 'sata'],
      [on('ata_piix', identify({ 76: 'ffff', 93: '0000' })), 'unknown'],
    ];
    for (const [layout, bus] of cases) assert.equal((await chainOf(t, layout)).bus, bus, JSON.stringify(layout.links));
  });

  test('a disk of the old IDE drivers', async (t) => {
    const layout = trees(
      pci(AHCI, 'PIIX_IDE'),
      wholeDisk(`${AHCI}/ide0/0.0/block/hda`, { name: 'hda', number: '3:0' }, 'ide-gd'),
    );
    assert.equal((await chainOf(t, layout, 'hda')).bus, 'pata');
  });
});

describe('other buses', () => {
  const PCI = '/sys/devices/pci0000:00/0000:00:1d.0/0000:3d:00.0';

  test('NVMe: the function itself, not the port above it', async (t) => {
    const layout = trees(
      pci('/sys/devices/pci0000:00/0000:00:1d.0', 'pcieport'),
      pci(PCI, 'nvme'),
      wholeDisk(`${PCI}/nvme/nvme0/nvme0n1`, { name: 'nvme0n1', number: '259:0' }, null),
    );
    const chain = await chainOf(t, layout, 'nvme0n1');
    assert.equal(chain.bus, 'nvme');
    assert.deepEqual(roles(chain), ['controller 0000:3d:00.0 nvme', 'controller nvme0 -', 'disk nvme0n1 -']);
    assert.equal(chain.links.at(-1)?.inquiry, null);
  });

  test('NVMe below its subsystem: through its only controller; through two it can not be told', async (t) => {
    const subsystem = '/sys/devices/virtual/nvme-subsystem/nvme-subsys0';
    const head = wholeDisk(`${subsystem}/nvme0n1`, { name: 'nvme0n1', number: '259:0' }, null);
    const one = trees(pci(PCI, 'nvme'), attributes(`${PCI}/nvme/nvme0`, { state: 'live' }), head);
    one.links[`${subsystem}/nvme0`] = `${PCI}/nvme/nvme0`;
    const chain = await chainOf(t, one, 'nvme0n1');
    assert.deepEqual(roles(chain), ['controller 0000:3d:00.0 nvme', 'controller nvme0 -', 'disk nvme0n1 -']);
    assert.equal(chain.links.at(-1)?.sysfs, `${subsystem}/nvme0n1`);
    one.links[`${subsystem}/nvme1`] = `${PCI}/nvme/nvme0`;
    const two = await look(t, one, 'nvme0n1');
    assert.ok(!two.known);
    assert.match(two.why, /2 controllers lead to it \(nvme0, nvme1\)/);
  });

  test('SD/MMC, virtio, virtio-scsi, SAS with an expander, a RAID controller, FireWire', async (t) => {
    const at = '/sys/devices/pci0000:00/0000:00:05.0';
    const expander = `${at}/host4/port-4:0/expander-4:0/port-4:0:3/end_device-4:0:3/target4:0:0/4:0:0:0/block/sdb`;
    const cases: [Tree, string, string, string[]][] = [
      [
        trees(pci(at, 'sdhci-pci'), wholeDisk(`${at}/mmc_host/mmc0/mmc0:0001/block/mmcblk0`, MMC, 'mmcblk')),
        'mmcblk0',
        'mmc',
        ['controller 0000:00:05.0 sdhci-pci', 'controller mmc0 -', 'disk mmcblk0 mmcblk'],
      ],
      [
        trees(
          pci(at, 'virtio-pci'),
          driver(`${at}/virtio1`, 'virtio_blk'),
          wholeDisk(`${at}/virtio1/block/vda`, SDB, null),
        ),
        'vda',
        'virtio',
        ['controller 0000:00:05.0 virtio-pci', 'controller virtio1 virtio_blk', 'disk vda -'],
      ],
      [
        trees(pci(at, 'virtio-pci'), driver(`${at}/virtio1`, 'virtio_scsi'), scsiDisk(`${at}/virtio1`, SDB)),
        'sdb',
        'virtio',
        ['controller 0000:00:05.0 virtio-pci', 'controller virtio1 virtio_scsi', 'disk sdb sd'],
      ],
      [
        trees(pci(at, 'mpt3sas'), wholeDisk(expander, SDB, 'sd')),
        'sdb',
        'sas',
        ['controller 0000:00:05.0 mpt3sas', 'controller host4 -', 'hub expander-4:0 -', 'disk sdb sd'],
      ],
      [
        trees(
          pci(at, 'megaraid_sas'),
          scsiDisk(at, SDB),
          attributes(`${at}/host4/scsi_host/host4`, { proc_name: 'megaraid_sas' }),
        ),
        'sdb',
        'scsi',
        ['controller 0000:00:05.0 megaraid_sas', 'controller host4 megaraid_sas', 'disk sdb sd'],
      ],
      [
        trees(pci(at, 'firewire_ohci'), driver(`${at}/fw1/fw1.0`, 'sbp2'), scsiDisk(`${at}/fw1/fw1.0`, SDB)),
        'sdb',
        'firewire',
        ['controller 0000:00:05.0 firewire_ohci', 'bridge fw1 sbp2', 'disk sdb sd'],
      ],
    ];
    for (const [layout, name, bus, expected] of cases) {
      const chain = await chainOf(t, layout, name);
      assert.deepEqual([chain.bus, roles(chain)], [bus, expected]);
    }
  });

  test('nothing above it: virtual; something that nobody knows: unknown, with what was seen', async (t) => {
    const zram = wholeDisk('/sys/devices/virtual/block/zram0', { name: 'zram0', number: '252:0' }, null);
    assert.deepEqual(roles(await chainOf(t, zram, 'zram0')), ['disk zram0 -']);
    assert.equal((await chainOf(t, zram, 'zram0')).bus, 'virtual');
    const xen = trees(
      driver('/sys/devices/vbd-51712', 'vbd'),
      wholeDisk('/sys/devices/vbd-51712/block/xvda', SDB, null),
    );
    const chain = await chainOf(t, xen, 'xvda');
    assert.deepEqual([chain.bus, roles(chain)], ['unknown', ['controller vbd-51712 vbd', 'disk xvda -']]);
  });
});
