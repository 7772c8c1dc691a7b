import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../../support/children.ts';

/** A disk of the machine, as the kernel has named it. */
export interface BenchDisk {
  /** `sdb`. */
  readonly name: string;
  /** `/dev/sdb`. */
  readonly node: string;
  /** Its folder below /sys/devices. */
  readonly sysfs: string;
}

/** The kernel has to notice, on two emulated processors that others may be using. */
const PATIENCE_MS = 30_000;

/** Whole disks whose folder in sysfs lies below another, such as a controller's. */
export function disksBelow(folder: string): BenchDisk[] {
  return readdirSync('/sys/block')
    .map((name) => ({ name, node: `/dev/${name}`, sysfs: safeRealpath(`/sys/block/${name}`) }))
    .filter(({ sysfs }) => sysfs.startsWith(`${folder}/`));
}

/** Waits until there is exactly one such disk, with a node and with a medium. */
export async function theDisk(what: string, find: () => readonly BenchDisk[]): Promise<BenchDisk> {
  const ready = (): boolean => {
    const [disk, more] = find();
    return disk !== undefined && more === undefined && existsSync(disk.node) && attributeOf(disk, 'size') !== '0';
  };
  await until(ready, `${what} in /sys/block`, PATIENCE_MS);
  const [disk] = find();
  if (disk === undefined) throw new Error(`${what} vanished`);
  return disk;
}

/** Waits until there is none. */
export async function noDisk(what: string, find: () => readonly BenchDisk[]): Promise<void> {
  await until(() => find().length === 0, `${what} to vanish from /sys/block`, PATIENCE_MS);
}

/** One attribute of a disk in sysfs, trimmed; null when there is none. */
export function attributeOf({ sysfs }: BenchDisk, name: string): string | null {
  try {
    return readFileSync(join(sysfs, name), 'utf8').trim();
  } catch {
    return null;
  }
}

/** The serial on the disk's own page 80h (SPC, "unit serial number"), past its four bytes of header. */
export function unitSerial({ sysfs }: BenchDisk): string {
  return readFileSync(join(sysfs, 'device/vpd_pg80')).subarray(4).toString().trim();
}

/** `vid:pid` of the nearest USB device above a disk, from sysfs; null when there is none. The bench's own word. */
export function bridgeAbove({ sysfs }: BenchDisk): string | null {
  for (let folder = sysfs; folder !== '/sys/devices'; folder = join(folder, '..')) {
    if (existsSync(join(folder, 'idVendor')))
      return ['idVendor', 'idProduct'].map((name) => text(folder, name)).join(':');
  }
  return null;
}

function text(folder: string, name: string): string {
  return readFileSync(join(folder, name), 'utf8').trim();
}

function safeRealpath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return '';
  }
}
