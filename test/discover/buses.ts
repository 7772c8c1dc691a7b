import { disk, sysLinks } from './bench-layout.ts';
import type { Layout } from './made-up-station.ts';

/** Files and links of a part of sysfs, after what kernels of the 6 series show. */
export type Tree = Required<Pick<Layout, 'files' | 'links'>>;

export function trees(...all: readonly Tree[]): Tree {
  const files = all.map((tree) => tree.files);
  const links = all.map((tree) => tree.links);
  return { files: Object.assign({}, ...files) as Tree['files'], links: Object.assign({}, ...links) as Tree['links'] };
}

/** The link to a driver; no folder of a bus stands behind it here, and nothing looks there. */
export function driver(folder: string, name: string): Tree {
  return { files: {}, links: { [`${folder}/driver`]: `/sys/bus/any/drivers/${name}` } };
}

/** A PCI function. */
export function pci(folder: string, name: string, ids = ['0x8086', '0xa36d'] as const): Tree {
  return trees(driver(folder, name), attributes(folder, { vendor: ids[0], device: ids[1], class: '0x0c0330' }));
}

export interface UsbStrings {
  readonly ids: string;
  readonly manufacturer?: string;
  readonly product?: string;
  readonly serial?: string;
  readonly speed?: string;
}

/** A USB device: `ids` as lsusb writes them, `152d:0578`. */
export function usbDevice(folder: string, { ids, speed = '5000', ...strings }: UsbStrings): Tree {
  const [idVendor = '', idProduct = ''] = ids.split(':');
  return trees(
    driver(folder, 'usb'),
    attributes(folder, { idVendor, idProduct, bcdDevice: '0100', speed, ...strings }),
  );
}

export function rootHub(folder: string, speed = '5000'): Tree {
  return usbDevice(folder, {
    ids: speed === '480' ? '1d6b:0002' : '1d6b:0003',
    manufacturer: 'Linux 6.1.0 xhci-hcd',
    product: 'xHCI Host Controller',
    serial: '0000:00:14.0',
    speed,
  });
}

/** How a USB device carries SCSI. */
export const BOT = { driver: 'usb-storage', protocol: '50' };
export const UAS = { driver: 'uas', protocol: '62' };

export interface DiskOf {
  readonly name: string;
  readonly number: string;
  readonly host?: number;
  readonly sectors?: number;
  readonly more?: Record<string, string>;
}

/** A USB device with a mass-storage interface and a disk; gives the disk's folder too. */
export function usbDisk(
  folder: string,
  strings: UsbStrings,
  how: typeof BOT,
  of: DiskOf,
): Tree & { readonly folder: string } {
  const own = `${folder}/${folder.slice(folder.lastIndexOf('/') + 1)}:1.0`;
  const below = scsiDisk(own, of);
  const tree = trees(
    usbDevice(folder, strings),
    driver(own, how.driver),
    attributes(own, { bInterfaceClass: '08', bInterfaceProtocol: how.protocol }),
    below,
  );
  return { ...tree, folder: below.folder };
}

/** A SCSI disk below whatever its host belongs to. */
export function scsiDisk(above: string, of: DiskOf): Tree & { readonly folder: string } {
  const host = of.host ?? 4;
  const folder = `${above}/host${host}/target${host}:0:0/${host}:0:0:0/block/${of.name}`;
  const inquiry = { 'device/vendor': 'ATA     \n', 'device/model': 'Disk of Test    \n', 'device/rev': '0104\n' };
  return { ...wholeDisk(folder, { ...of, more: { ...inquiry, ...of.more } }, 'sd'), folder };
}

/** A disk with the links that lead to it. */
export function wholeDisk(folder: string, { number, sectors = 65_536, more = {} }: DiskOf, name: string | null): Tree {
  return trees(
    { files: disk(folder, number, sectors, more), links: sysLinks(folder, number) },
    name === null ? trees() : driver(`${folder}/device`, name),
  );
}

/** Text attributes, a line each. */
export function attributes(folder: string, texts: Readonly<Record<string, string>>): Tree {
  const files = Object.entries(texts).map(([name, text]) => [`${folder}/${name}`, `${text}\n`]);
  return { files: Object.fromEntries(files) as Tree['files'], links: {} };
}
