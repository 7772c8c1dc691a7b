import { valueOf } from '../model/device.ts';
import type { Ports } from '../system/ports.ts';
import { attribute, attributeText } from './attribute.ts';
import type { SysBlock } from './block.ts';
import { at } from './root.ts';

/** What sysfs alone tells of the hardware behind a whole disk. Null: it does not tell. */
export interface SysHardware {
  readonly model: string | null;
  readonly serial: string | null;
  /** As it stands in sysfs: with its padding, or with nothing else. */
  readonly serialAsTold: string | null;
  readonly revision: string | null;
  readonly wwn: string | null;
  readonly diskseq: string | null;
  readonly removable: boolean | null;
  readonly logicalSector: number | null;
  readonly physicalSector: number | null;
}

/**
 * Reads what the kernel learned when the disk appeared; nothing is asked of the disk.
 * @param bridge folder of the USB device that the disk hangs on; null: none, or not known
 */
export async function sysHardware(ports: Ports, disk: SysBlock, bridge: string | null): Promise<SysHardware> {
  const { folder } = disk;
  const first = async (...files: string[]): Promise<string | null> => {
    for (const file of files) {
      const text = await attributeText(ports, `${folder}/${file}`);
      if (text !== null) return text;
    }
    return null;
  };
  const removable = await first('removable');
  const serialAsTold = await tellSerial(ports, disk, bridge);
  return {
    model: await first('device/model', 'device/name'),
    serial: withoutPadding(serialAsTold),
    serialAsTold,
    revision: await first('device/rev', 'device/firmware_rev', 'device/fwrev'),
    wwn: wwnOf(await first('wwid', 'device/wwid')),
    diskseq: await first('diskseq'),
    removable: removable === null ? null : removable === '1',
    logicalSector: sectorOf(await first('queue/logical_block_size')),
    physicalSector: sectorOf(await first('queue/physical_block_size')),
  };
}

/**
 * virtio keeps the serial at the disk, NVMe and MMC at the controller, SCSI in a copy of page 80h. A USB bridge that
 * passes no page on leaves only its own serial, which is what udev shows too. The first place that says something; else
 * the first that has one, were it empty.
 */
async function tellSerial(ports: Ports, disk: SysBlock, bridge: string | null): Promise<string | null> {
  let empty: string | null = null;
  for (const place of serialPlaces(disk, bridge)) {
    const text = await serialAt(ports, place);
    if (withoutPadding(text) !== null) return text;
    empty ??= text;
  }
  return empty;
}

/** Where sysfs may have a disk's serial, best first. */
export function serialPlaces({ folder, hasDevice }: SysBlock, bridge: string | null): string[] {
  const own = [`${folder}/serial`, `${folder}/device/serial`];
  return [
    ...own,
    ...(hasDevice ? [`${folder}/device/vpd_pg80`] : []),
    ...(bridge === null ? [] : [`${bridge}/serial`]),
  ];
}

/** Whether a place holds a page of bytes and not a line of text. */
export function isPage(place: string): boolean {
  return place.endsWith('/vpd_pg80');
}

/** The text of one of {@link serialPlaces}, padding and all; null where there is none. */
export async function serialAt(ports: Ports, place: string): Promise<string | null> {
  return isPage(place) ? serialPage(ports, place) : valueOf(await attribute(ports, place));
}

/** SCSI vital product data page 80h: type, 80h, length (big-endian), ASCII padded with blanks. */
async function serialPage(ports: Ports, path: string): Promise<string | null> {
  const page = await ports.files.readBytes(at(ports, path)).catch(() => null);
  if (page?.[1] !== 0x80 || page.length < 4) return null;
  return page.subarray(4, 4 + page.readUInt16BE(2)).toString('latin1');
}

function withoutPadding(text: string | null): string | null {
  const serial = text?.replaceAll('\0', '').trim() ?? '';
  return serial === '' ? null : serial;
}

/** As udev writes it: `naa.5000c500…` becomes `0x5000c500…`. */
function wwnOf(wwid: string | null): string | null {
  return wwid?.replace(/^naa\./, '0x') ?? null;
}

function sectorOf(text: string | null): number | null {
  const size = Number(text);
  return Number.isSafeInteger(size) && size > 0 ? size : null;
}
