import { messageOf } from '../model/errors.ts';
import { known, unknown, type Fact } from '../model/device.ts';
import type { Ports } from '../system/ports.ts';
import { deviceBehindLoop } from './behind-loop.ts';
import { blockOfNumber, type SysBlock } from './block.ts';
import { wholeDisksBelow } from './layers.ts';
import type { Mount } from './machine.ts';
import { mountHolding } from './mountinfo.ts';
import { deviceNumber, isAnonymous } from './number.ts';
import { at, resolveLinks } from './root.ts';

/** Memory, or somebody else's disk: no disk of this station is below. */
const DISKLESS = new Set([
  ...['tmpfs', 'ramfs', 'devtmpfs', 'hugetlbfs'],
  ...['nfs', 'nfs4', 'cifs', 'smb3', 'smbfs', '9p', 'ceph', 'afs', 'coda', 'fuse.sshfs', 'fuse.glusterfs'],
]);

/** How often files and devices may lie in each other (a loop device on a file on a loop device …). */
const DEEPEST = 8;

/**
 * Whole disks below the file system that holds `path`, kernel names: through partitions, mapper, RAID, and through a
 * loop device to the disks that its file lies on (the loop device itself is named too).
 * Known and empty: memory or network. Unknown: overlay, FUSE, ZFS and whatever else hides what it lies on.
 */
export async function disksBelowPath(
  ports: Ports,
  mounts: readonly Mount[],
  path: string,
  depth = 0,
): Promise<Fact<string[]>> {
  if (depth > DEEPEST) return unknown(`${path}: file systems lie in each other more than ${DEEPEST} times`);
  try {
    const number = deviceNumber((await ports.files.stat(at(ports, path))).dev);
    if (!isAnonymous(number)) return await disksBelowNumbers(ports, mounts, [number], depth);
    const mount = mountHolding(mounts, path, number);
    if (mount === null) return unknown(`no mount holds ${path}`);
    return await disksBelowMount(ports, mounts, mount, depth);
  } catch (error) {
    return unknown(messageOf(error));
  }
}

/** As {@link disksBelowPath}, for a mount. */
export async function disksBelowMount(
  ports: Ports,
  mounts: readonly Mount[],
  mount: Mount,
  depth = 0,
): Promise<Fact<string[]>> {
  if (mount.devices.length > 0) return disksBelowNumbers(ports, mounts, mount.devices, depth);
  if (DISKLESS.has(mount.fileSystem)) return known([]);
  return unknown(`${mount.fileSystem} at ${mount.mountPoint} does not tell what it lies on`);
}

/** As {@link disksBelowPath}, for block devices by number. */
export async function disksBelowNumbers(
  ports: Ports,
  mounts: readonly Mount[],
  numbers: readonly string[],
  depth = 0,
): Promise<Fact<string[]>> {
  const all = new Set<string>();
  for (const number of numbers) {
    const block = await blockOfNumber(ports, number);
    if (block === null) return unknown(`sysfs has no device ${number}`);
    const disks = await wholeDisksBelow(ports, block);
    if (!disks.known) return disks;
    for (const disk of disks.value) {
      all.add(disk.name);
      const below = await belowFileOf(ports, mounts, disk, depth);
      if (!below.known) return below;
      for (const name of below.value) all.add(name);
    }
  }
  return known([...all]);
}

async function belowFileOf(
  ports: Ports,
  mounts: readonly Mount[],
  disk: SysBlock,
  depth: number,
): Promise<Fact<string[]>> {
  if (disk.kind !== 'loop') return known([]);
  const behind = await deviceBehindLoop(ports, disk);
  if (!behind.known) return behind;
  // A device behind it was named with the whole disks.
  if (behind.value !== null) return known([]);
  if (disk.backingFile === null) return unknown(`${disk.name}: the file behind it is not known`);
  try {
    return await disksBelowPath(ports, mounts, await resolveLinks(ports, disk.backingFile), depth + 1);
  } catch {
    return unknown(`${disk.name}: the file behind it, ${disk.backingFile}, can't be found`);
  }
}
