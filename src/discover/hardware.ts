import type { Ports } from '../system/ports.ts';
import { attributeText } from './attribute.ts';
import type { SysBlock } from './block.ts';
import { at } from './root.ts';

/** What sysfs alone tells of the hardware behind a whole disk. Null: it does not tell. */
export interface SysHardware {
  readonly model: string | null;
  readonly serial: string | null;
  readonly revision: string | null;
  readonly wwn: string | null;
  readonly transport: string | null;
  readonly diskseq: string | null;
  readonly removable: boolean | null;
  readonly logicalSector: number | null;
  readonly physicalSector: number | null;
}

/** Reads what the kernel learned when the disk appeared; nothing is asked of the disk. */
export async function sysHardware(ports: Ports, disk: SysBlock): Promise<SysHardware> {
  const { folder } = disk;
  const first = async (...files: string[]): Promise<string | null> => {
    for (const file of files) {
      const text = await attributeText(ports, `${folder}/${file}`);
      if (text !== null) return text;
    }
    return null;
  };
  const removable = await first('removable');
  return {
    model: await first('device/model', 'device/name'),
    serial: await serialOf(ports, disk, first),
    revision: await first('device/rev', 'device/firmware_rev', 'device/fwrev'),
    wwn: wwnOf(await first('wwid', 'device/wwid')),
    transport: transportOf(folder),
    diskseq: await first('diskseq'),
    removable: removable === null ? null : removable === '1',
    logicalSector: sectorOf(await first('queue/logical_block_size')),
    physicalSector: sectorOf(await first('queue/physical_block_size')),
  };
}

/**
 * virtio keeps the serial at the disk, NVMe and MMC at the controller, SCSI in a copy of page 80h. A USB bridge that
 * passes no page on leaves only its own serial, which is what udev shows too.
 */
async function serialOf(
  ports: Ports,
  disk: SysBlock,
  first: (...files: string[]) => Promise<string | null>,
): Promise<string | null> {
  const told = await first('serial', 'device/serial');
  if (told !== null || !disk.hasDevice) return told;
  return (await serialPage(ports, disk.folder)) ?? (await usbSerial(ports, disk.folder));
}

/** SCSI vital product data page 80h: type, 80h, length (big-endian), ASCII padded with blanks. */
async function serialPage(ports: Ports, folder: string): Promise<string | null> {
  const page = await ports.files.readBytes(at(ports, `${folder}/device/vpd_pg80`)).catch(() => null);
  if (page?.[1] !== 0x80) return null;
  const text = page
    .subarray(4, 4 + page.readUInt16BE(2))
    .toString('latin1')
    .replaceAll('\0', '')
    .trim();
  return text === '' ? null : text;
}

/** The first ancestor that is a USB device is the bridge of this disk, and no other one is. */
async function usbSerial(ports: Ports, folder: string): Promise<string | null> {
  for (let above = folder; above.startsWith('/sys/devices/'); above = above.slice(0, above.lastIndexOf('/'))) {
    if ((await attributeText(ports, `${above}/idVendor`)) !== null) return attributeText(ports, `${above}/serial`);
  }
  return null;
}

/** As udev writes it: `naa.5000c500…` becomes `0x5000c500…`. */
function wwnOf(wwid: string | null): string | null {
  return wwid?.replace(/^naa\./, '0x') ?? null;
}

/** The bus that the path through the machine names. */
function transportOf(folder: string): string | null {
  if (/\/usb\d+\//.test(folder)) return 'usb';
  if (/\/ata\d+\//.test(folder)) return 'sata';
  if (/\/nvme/.test(folder)) return 'nvme';
  if (/\/virtio\d+\//.test(folder)) return 'virtio';
  return /\/mmc_host\//.test(folder) ? 'mmc' : null;
}

function sectorOf(text: string | null): number | null {
  const size = Number(text);
  return Number.isSafeInteger(size) && size > 0 ? size : null;
}
