import { ExhibitError, messageOf } from '../model/errors.ts';
import { known, unknown, type DeviceKind, type Fact } from '../model/device.ts';
import { visible } from '../model/text.ts';
import type { Ports } from '../system/ports.ts';
import { attribute, attributeNumber, attributeText, isGone, names } from './attribute.ts';
import { at, resolveLinks } from './root.ts';

/** One block device as sysfs shows it. Sizes in bytes. */
export interface SysBlock {
  /** Kernel name; sysfs writes `!` for the `/` of a node below /dev. */
  readonly name: string;
  /** Its real folder below /sys/devices. */
  readonly folder: string;
  readonly number: string;
  readonly kind: DeviceKind;
  /** For a partition: the folder of the disk it lies on; else its own. */
  readonly diskFolder: string;
  readonly size: number;
  /** First byte on the disk; 0 for a whole disk. */
  readonly start: number;
  readonly readOnly: Fact<boolean>;
  /** Real hardware stands directly behind it. */
  readonly hasDevice: boolean;
  readonly partitions: readonly string[];
  readonly slaves: Fact<readonly string[]>;
  readonly holders: Fact<readonly string[]>;
  readonly mapperName: string | null;
  readonly backingFile: string | null;
}

/** sysfs counts sizes and starts in units of 512 bytes, whatever the sector size. */
const UNIT = 512;

/** The devices of /sys/block: names and folders. Unknown when the folder can't be read. */
export async function sysBlockNames(ports: Ports): Promise<Fact<readonly string[]>> {
  try {
    return known((await ports.files.readDir(at(ports, '/sys/block'))).sort());
  } catch (error) {
    return unknown(`/sys/block: ${messageOf(error)}`);
  }
}

/** The block device of this number, or null when sysfs has none. */
export async function blockOfNumber(ports: Ports, number: string): Promise<SysBlock | null> {
  return blockAt(ports, `/sys/dev/block/${number}`);
}

/**
 * Reads one block device's folder (or a link to it). Null when it vanished while it was read, or has no number of
 * its own (the hidden paths of a multipath NVMe disk). An attribute that is there and can't be read throws.
 */
export async function blockAt(ports: Ports, path: string): Promise<SysBlock | null> {
  const folder = await resolveLinks(ports, path).catch((error: unknown) => {
    if (isGone(error)) return null;
    throw cannotRead(path, error);
  });
  if (folder === null) return null;
  const entries = await names(ports, folder);
  if (!entries.known) throw cannotRead(folder, entries.why);
  const number = await attributeText(ports, `${folder}/dev`);
  const size = await attributeNumber(ports, `${folder}/size`);
  if (number === null || size === null) {
    if (await stillThere(ports, folder, number)) throw cannotRead(folder, 'its number or size is missing');
    return null;
  }
  const has = (entry: string): boolean => entries.value.includes(entry);
  const isPartition = has('partition');
  return {
    name: baseName(folder),
    folder,
    number,
    kind: isPartition ? 'partition' : await kindOf(ports, folder, has),
    diskFolder: isPartition ? folder.slice(0, folder.lastIndexOf('/')) : folder,
    size: size * UNIT,
    start: isPartition ? ((await attributeNumber(ports, `${folder}/start`)) ?? 0) * UNIT : 0,
    readOnly: await readOnlyFlag(ports, folder),
    hasDevice: has('device'),
    partitions: await partitionsOf(ports, folder, entries.value),
    slaves: await names(ports, `${folder}/slaves`),
    holders: await names(ports, `${folder}/holders`),
    mapperName: has('dm') ? await attributeText(ports, `${folder}/dm/name`) : null,
    backingFile: has('loop') ? await backingFile(ports, folder) : null,
  };
}

/** The node below /dev: mapper devices by the name people know them by, where that name is plain. */
export function nodePath(block: Pick<SysBlock, 'name' | 'mapperName'>): string {
  const mapper = block.mapperName;
  if (mapper !== null && /^[A-Za-z0-9+._-]+$/.test(mapper)) return `/dev/mapper/${mapper}`;
  return `/dev/${block.name}`;
}

async function kindOf(ports: Ports, folder: string, has: (entry: string) => boolean): Promise<DeviceKind> {
  const name = baseName(folder);
  if (has('dm')) return 'mapper';
  if (has('md')) return 'raid';
  if (/^loop\d+$/.test(name)) return 'loop';
  // SCSI peripheral type 5: CD, DVD, BD.
  if (/^sr\d+$/.test(name) || (await attributeText(ports, `${folder}/device/type`)) === '5') return 'optical';
  return folder.startsWith('/sys/devices/virtual/') && !has('device') ? 'virtual' : 'disk';
}

async function partitionsOf(ports: Ports, folder: string, entries: readonly string[]): Promise<string[]> {
  const name = folder.slice(folder.lastIndexOf('/') + 1);
  const candidates = entries.filter((entry) => entry.startsWith(name));
  const numbers = await Promise.all(candidates.map((entry) => attributeNumber(ports, `${folder}/${entry}/partition`)));
  return candidates
    .map((entry, index) => ({ entry, number: numbers[index] ?? null }))
    .filter(({ number }) => number !== null)
    .sort((a, b) => (a.number ?? 0) - (b.number ?? 0))
    .map(({ entry }) => entry);
}

async function readOnlyFlag(ports: Ports, folder: string): Promise<Fact<boolean>> {
  const flag = await attribute(ports, `${folder}/ro`);
  if (!flag.known) return flag;
  const text = flag.value.trim();
  return text === '0' || text === '1' ? known(text === '1') : unknown(`${folder}/ro says "${text}"`);
}

/** The kernel appends one line break, and nothing else: a path may end in blanks. */
async function backingFile(ports: Ports, folder: string): Promise<string | null> {
  const fact = await attribute(ports, `${folder}/loop/backing_file`);
  return fact.known && fact.value !== '' ? fact.value : null;
}

async function stillThere(ports: Ports, folder: string, number: string | null): Promise<boolean> {
  if (number === null) return false;
  return (await attribute(ports, `${folder}/dev`)).known;
}

function baseName(folder: string): string {
  return folder.slice(folder.lastIndexOf('/') + 1).replaceAll('!', '/');
}

function cannotRead(path: string, cause: unknown): ExhibitError {
  return new ExhibitError('source', 'discover.failed', `${visible(path)} can't be read: ${visible(messageOf(cause))}`, {
    cause,
  });
}
