import type { Bus, ChainLink, DiskChain } from '../../src/model/chain.ts';
import { known, unknown, type Device, type Fact } from '../../src/model/device.ts';

/** A disk as discovery would describe it. */
export function disk(change: Partial<Device> = {}): Device {
  const name = change.name ?? 'sdb';
  return {
    path: `/dev/${name}`,
    name,
    number: '8:16',
    kind: 'disk',
    physical: true,
    wholeDisk: name,
    disks: [name],
    size: 131_072 * 512,
    logicalSector: 512,
    physicalSector: 512,
    readOnly: known(false),
    model: known('BRIDGE DISK'),
    serial: known('BRIDGE0001'),
    revision: known('0100'),
    wwn: known('0x5000'),
    transport: known('usb'),
    removable: false,
    diskseq: known('9'),
    byId: known([]),
    byPath: known([]),
    serialAsTold: known('BRIDGE0001'),
    chain: unknown('not looked up'),
    backingFile: null,
    behind: known(null),
    around: null,
    partitions: [],
    uses: known([]),
    ...change,
  };
}

/** What a disk hangs on; with a USB vendor, its bridge is of that vendor. */
export function chain(bus: Bus, vendorId: string | null = null): Fact<DiskChain> {
  const link = (role: ChainLink['role'], usb: ChainLink['usb']): ChainLink => ({
    role,
    name: role,
    sysfs: `/sys/devices/${role}`,
    driver: null,
    usb,
    pci: null,
    inquiry: null,
  });
  const usb = (id: string): ChainLink['usb'] => ({
    vendorId: id,
    productId: '000c',
    manufacturer: null,
    product: null,
    serial: null,
    revision: null,
    speed: 5000,
    transport: 'bot',
  });
  const links = [
    link('controller', null),
    ...(vendorId === null ? [] : [link('bridge', usb(vendorId))]),
    link('disk', null),
  ];
  return known({ bus, links });
}
