import { bridgeOf } from '../model/chain.ts';
import { type Device, valueOf } from '../model/device.ts';
import { messageOf } from '../model/errors.ts';
import type { Seen } from '../model/verdict.ts';
import type { Ports } from '../system/ports.ts';
import { attribute } from './attribute.ts';
import { blockOfNumber, type SysBlock } from './block.ts';
import { isPage, serialAt, serialPlaces } from './hardware.ts';
import type { LsblkRow } from './lsblk.ts';
import type { Machine } from './machine.ts';
import { toldAsIs } from './told.ts';

/** Attributes of the device itself; the names of facts are those of `--json`. */
const OF_DEVICE: readonly (readonly [string, string])[] = [
  ['size', 'size'],
  ['read_only', 'ro'],
  ['backing_file', 'loop/backing_file'],
];

/** Attributes of the whole disk: of the one behind, where a loop device shows another device. */
const OF_DISK: readonly (readonly [string, string])[] = [
  ['logical_sector', 'queue/logical_block_size'],
  ['physical_sector', 'queue/physical_block_size'],
  ['removable', 'removable'],
  ['diskseq', 'diskseq'],
  ['model', 'device/model'],
  ['model', 'device/name'],
  ['revision', 'device/rev'],
  ['revision', 'device/firmware_rev'],
  ['revision', 'device/fwrev'],
  ['wwn', 'wwid'],
  ['wwn', 'device/wwid'],
];

const OF_LSBLK: readonly (readonly [string, keyof LsblkRow, string])[] = [
  ['model', 'model', 'MODEL'],
  ['serial', 'serial', 'SERIAL'],
  ['revision', 'revision', 'REV'],
  ['wwn', 'wwn', 'WWN'],
  ['transport', 'transport', 'TRAN'],
];

/**
 * Which places say what of a device, word for word, padding and all: the facts of {@link Device} are made of these, and
 * where two places disagree (a bridge's serial, a disk's) both stand here. A place that does not exist is left out; one
 * that can't be read is told with the reason.
 */
export async function deviceEvidence(machine: Machine, device: Device): Promise<Seen[]> {
  const { ports } = machine;
  const own = await blockOfNumber(ports, device.number);
  const disk = await hardwareOf(ports, device);
  return [
    ...(own === null ? [] : await fromSysfs(ports, own.folder, OF_DEVICE)),
    ...(disk === null ? [] : await fromSysfs(ports, disk.folder, OF_DISK)),
    ...(disk === null ? [] : await serials(ports, disk, device)),
    ...fromLsblk(machine, disk),
  ];
}

/** The whole disk that the hardware's names come from. */
async function hardwareOf(ports: Ports, device: Device): Promise<SysBlock | null> {
  const behind = valueOf(device.behind);
  if (behind !== null) return hardwareOf(ports, behind);
  const block = await blockOfNumber(ports, device.number);
  if (block?.kind !== 'partition') return block;
  const number = valueOf(await attribute(ports, `${block.diskFolder}/dev`));
  return number === null ? null : blockOfNumber(ports, number.trim());
}

async function fromSysfs(ports: Ports, folder: string, files: readonly (readonly [string, string])[]): Promise<Seen[]> {
  const found = files.map(async ([what, file]): Promise<Seen[]> => {
    const source = `${folder}/${file}`;
    return seen(what, source, () => toldAsIs(ports, source));
  });
  return (await Promise.all(found)).flat();
}

async function serials(ports: Ports, disk: SysBlock, device: Device): Promise<Seen[]> {
  const bridge = device.chain.known ? bridgeOf(device.chain.value) : null;
  const places = serialPlaces(disk, bridge?.usb == null ? null : bridge.sysfs);
  const found = places.map(async (source): Promise<Seen[]> => {
    return seen('serial', source, () => (isPage(source) ? serialAt(ports, source) : toldAsIs(ports, source)));
  });
  return (await Promise.all(found)).flat();
}

function fromLsblk({ lsblk }: Machine, disk: SysBlock | null): Seen[] {
  const row = lsblk.known && disk !== null ? lsblk.value.get(disk.name) : undefined;
  if (row?.number !== disk?.number || row === undefined) return [];
  return OF_LSBLK.flatMap(([what, key, column]): Seen[] => {
    const text = row[key];
    return text === null ? [] : [{ what, seen: String(text), source: `lsblk, column ${column}` }];
  });
}

async function seen(what: string, source: string, look: () => Promise<string | null>): Promise<Seen[]> {
  try {
    const text = await look();
    return text === null ? [] : [{ what, seen: text, source }];
  } catch (error) {
    return [{ what, seen: `can't be read: ${messageOf(error)}`, source }];
  }
}
