import type { Layout } from './made-up-station.ts';

/**
 * A bench, made up after sysfs of a desktop: `sda` (SATA, the system's), `sdb` (a suspect disk behind a USB bridge,
 * two partitions), `dm-0` on `sda2`, an unused `loop0` and `zram0`, a card reader `sdc` without a card.
 */
const ROOT_HUB = '/sys/devices/pci0000:00/0000:00:14.0/usb2';
export const USB = `${ROOT_HUB}/2-1`;
export const SDB = `${USB}/2-1:1.0/host4/target4:0:0/4:0:0:0/block/sdb`;
export const SDA = '/sys/devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda';
export const SDC = `${ROOT_HUB}/2-2/2-2:1.0/host5/target5:0:0/5:0:0:0/block/sdc`;
const DM = '/sys/devices/virtual/block/dm-0';
const MODEL_PAGE = Uint8Array.from([0, 0x80, 0, 8, ...Buffer.from(' S3Z9 01')]);

export const NO_SWAPS = 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n';

export function bench(): Required<Pick<Layout, 'files' | 'links' | 'nodes' | 'commands'>> {
  return {
    files: {
      ...disk(SDA, '8:0', 2_000_409_264, { 'device/model': 'Samsung SSD 860 \n', 'device/rev': '1B6Q\n' }),
      [`${SDA}/device/vpd_pg80`]: MODEL_PAGE,
      ...partition(SDA, 1, '8:1', 2048, 1_048_576),
      ...partition(SDA, 2, '8:2', 1_050_624, 1_999_358_607),
      ...disk(SDB, '8:16', 976_773_168, { 'device/model': 'Portable Drive  \n', removable: '0\n', diskseq: '9\n' }),
      ...usb(USB, '0578', 'Portable Drive'),
      [`${USB}/serial`]: 'DD5641988896\n',
      ...partition(SDB, 1, '8:17', 2048, 204_800),
      ...partition(SDB, 2, '8:18', 206_848, 976_564_224),
      ...usb(ROOT_HUB, '0003', 'xHCI Host Controller'),
      ...usb(`${ROOT_HUB}/2-2`, '0749', 'Card Reader'),
      ...disk(SDC, '8:32', 0, { 'device/model': 'Card Reader\n' }),
      ...disk(DM, '253:0', 1_999_357_000, { 'dm/name': 'vg-root\n' }),
      ...disk('/sys/devices/virtual/block/loop0', '7:0', 0),
      ...disk('/sys/devices/virtual/block/zram0', '252:0', 0),
      '/proc/swaps': NO_SWAPS,
      '/proc/self/mountinfo':
        '27 1 253:0 / / rw - ext4 /dev/mapper/vg-root rw\n28 27 8:1 / /boot/efi rw - vfat /dev/sda1 rw\n',
      '/dev/disk/by-id/': '',
    },
    links: {
      ...sysLinks(SDA, '8:0', { sda1: '8:1', sda2: '8:2' }),
      ...sysLinks(SDB, '8:16', { sdb1: '8:17', sdb2: '8:18' }),
      ...sysLinks(SDC, '8:32'),
      ...sysLinks(DM, '253:0'),
      ...sysLinks('/sys/devices/virtual/block/loop0', '7:0'),
      ...sysLinks('/sys/devices/virtual/block/zram0', '252:0'),
      '/sys/devices/pci0000:00/0000:00:17.0/driver': '/sys/bus/pci/drivers/ahci',
      [`${DM}/slaves/sda2`]: `${SDA}/sda2`,
      [`${SDA}/sda2/holders/dm-0`]: DM,
      '/dev/disk/by-id/usb-Portable_Drive_DD5641988896-0:0': '/dev/sdb',
      '/dev/disk/by-id/usb-Portable_Drive_DD5641988896-0:0-part1': '/dev/sdb1',
    },
    nodes: {
      '/dev/sda': '8:0',
      '/dev/sdb': '8:16',
      '/dev/sdb1': '8:17',
      '/dev/sdb2': '8:18',
      '/dev/sdc': '8:32',
      '/dev/dm-0': '253:0',
    },
    commands: { lsblk: { exit: null, failure: 'missing' } },
  };
}

/** A USB 3 device without a serial. */
function usb(folder: string, idProduct: string, product: string): Record<string, string> {
  const texts = { idVendor: '152d', idProduct, product, manufacturer: 'Made Up', bcdDevice: '0100', speed: '5000' };
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [`${folder}/${name}`, `${text}\n`]));
}

/** A whole disk's folder; `sectors` of 512 bytes, as sysfs counts. */
export function disk(
  folder: string,
  number: string,
  sectors: number,
  more: Record<string, string> = {},
): Record<string, string> {
  const files: Record<string, string> = {
    dev: `${number}\n`,
    size: `${sectors}\n`,
    ro: '0\n',
    removable: '0\n',
    'queue/logical_block_size': '512\n',
    'queue/physical_block_size': '4096\n',
    'holders/': '',
    'slaves/': '',
    ...more,
  };
  return Object.fromEntries(Object.entries(files).map(([file, content]) => [`${folder}/${file}`, content]));
}

export function partition(
  folder: string,
  index: number,
  number: string,
  start: number,
  sectors: number,
): Record<string, string> {
  const at = `${folder}/${folder.slice(folder.lastIndexOf('/') + 1)}${index}`;
  return {
    [`${at}/dev`]: `${number}\n`,
    [`${at}/size`]: `${sectors}\n`,
    [`${at}/start`]: `${start}\n`,
    [`${at}/ro`]: '0\n',
    [`${at}/partition`]: `${index}\n`,
    [`${at}/holders/`]: '',
  };
}

/** The links that lead to a disk: /sys/block/NAME and /sys/dev/block/MAJ:MIN, and those of its partitions. */
export function sysLinks(folder: string, number: string, parts: Record<string, string> = {}): Record<string, string> {
  return {
    [`/sys/block/${folder.slice(folder.lastIndexOf('/') + 1)}`]: folder,
    [`/sys/dev/block/${number}`]: folder,
    ...Object.fromEntries(Object.entries(parts).map(([name, of]) => [`/sys/dev/block/${of}`, `${folder}/${name}`])),
  };
}
