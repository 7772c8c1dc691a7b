import { messageOf } from '../model/errors.ts';
import { known, unknown, type Fact } from '../model/device.ts';
import type { Ports } from '../system/ports.ts';
import { isGone, names } from './attribute.ts';
import { deviceBehindLoop } from './behind-loop.ts';
import { blockAt, sysBlockNames, type SysBlock } from './block.ts';
import { askLsblk, type LsblkRow } from './lsblk.ts';
import { parseMountinfo, type MountEntry } from './mountinfo.ts';
import { isAnonymous, numberOfNode } from './number.ts';
import { at } from './root.ts';
import { parseSwaps, type SwapEntry } from './swaps.ts';

/** A mount, with the numbers of all block devices it uses as far as they are known. */
export interface Mount extends MountEntry {
  readonly devices: readonly string[];
}

export interface Swap extends SwapEntry {
  /** The block device it lies on; null for a file, or where the node is gone. */
  readonly device: string | null;
}

/** A loop device that shows another device. */
export interface LoopOver {
  /** The number of the device behind it. */
  readonly behind: string;
  readonly loop: SysBlock;
}

/** What was looked up once for all devices. */
export interface Machine {
  readonly ports: Ports;
  readonly lsblk: Fact<ReadonlyMap<string, LsblkRow>>;
  readonly mounts: Fact<readonly Mount[]>;
  readonly swaps: Fact<readonly Swap[]>;
  /** Kernel name → `/dev/disk/by-id/…`. */
  readonly byId: Fact<ReadonlyMap<string, readonly string[]>>;
  /** Kernel name → `/dev/disk/by-path/…`. */
  readonly byPath: Fact<ReadonlyMap<string, readonly string[]>>;
  /** The kernel lists no loop device among a device's holders: whoever uses the loop uses the device all the same. */
  readonly loops: Fact<readonly LoopOver[]>;
}

/** Looks at everything that is asked once and not per device. Never throws: what could not be had is unknown. */
export async function observeMachine(ports: Ports): Promise<Machine> {
  const [lsblk, mounts, swaps, byId, byPath, loops] = await Promise.all([
    askLsblk(ports),
    observeMounts(ports),
    observeSwaps(ports),
    observeNames(ports, '/dev/disk/by-id'),
    observeNames(ports, '/dev/disk/by-path'),
    observeLoops(ports),
  ]);
  return { ports, lsblk, mounts, swaps, byId, byPath, loops };
}

/** This process's mounts. Those of other mount namespaces are not seen; an exclusive open finds them. */
export async function observeMounts(ports: Ports): Promise<Fact<readonly Mount[]>> {
  try {
    const entries = parseMountinfo(await ports.files.readText(at(ports, '/proc/self/mountinfo')));
    if (entries.length === 0) return unknown('/proc/self/mountinfo shows no mounts');
    return known(
      await Promise.all(entries.map(async (entry) => ({ ...entry, devices: await devicesOf(ports, entry) }))),
    );
  } catch (error) {
    return unknown(`/proc/self/mountinfo: ${messageOf(error)}`);
  }
}

/** Swap areas. A kernel built without swap has no such file: then there are none. */
async function observeSwaps(ports: Ports): Promise<Fact<readonly Swap[]>> {
  try {
    const entries = parseSwaps(await ports.files.readText(at(ports, '/proc/swaps')));
    return known(
      await Promise.all(
        entries.map(async (entry) => ({
          ...entry,
          device: entry.kind === 'file' ? null : await numberOfNode(ports, entry.path),
        })),
      ),
    );
  } catch (error) {
    return isGone(error) ? known([]) : unknown(`/proc/swaps: ${messageOf(error)}`);
  }
}

/** udev's names of one kind: which of them lead to a device. */
async function observeNames(ports: Ports, folder: string): Promise<Machine['byId']> {
  if ((await ports.files.statOrNull(at(ports, folder)).catch(() => null)) === null) {
    return unknown(`there is no ${folder}: udev does not run here`);
  }
  const links = await names(ports, folder);
  if (!links.known) return links;
  const found = new Map<string, string[]>();
  for (const link of links.value) {
    const target = await ports.files.readLink(at(ports, `${folder}/${link}`)).catch(() => null);
    if (target === null) continue;
    const name = target.replace(/^(\.\.\/)+|^\/dev\//, '');
    found.set(name, [...(found.get(name) ?? []), `${folder}/${link}`]);
  }
  return known(found);
}

/** Loop devices over a block device. One whose back can't be found any more shows no device that is still there. */
async function observeLoops(ports: Ports): Promise<Fact<readonly LoopOver[]>> {
  const all = await sysBlockNames(ports);
  if (!all.known) return all;
  try {
    const found: LoopOver[] = [];
    for (const name of all.value.filter((each) => /^loop\d+$/.test(each))) {
      const loop = await blockAt(ports, `/sys/block/${name}`);
      const behind = loop === null ? known(null) : await deviceBehindLoop(ports, loop);
      if (loop !== null && behind.known && behind.value !== null) found.push({ behind: behind.value.number, loop });
    }
    return known(found);
  } catch (error) {
    return unknown(messageOf(error));
  }
}

/** btrfs and bcachefs show no device number of their own: their source names a device, sysfs the other members. */
async function devicesOf(ports: Ports, entry: MountEntry): Promise<string[]> {
  if (!isAnonymous(entry.number)) return [entry.number];
  if (!entry.source.startsWith('/dev/')) return [];
  const numbers = await Promise.all(entry.source.split(':').map((node) => numberOfNode(ports, node)));
  const own = numbers.filter((number) => number !== null);
  const members = entry.fileSystem === 'btrfs' ? await btrfsMembers(ports, own) : [];
  return [...new Set([...own, ...members])];
}

/** All devices of the btrfs that one of `numbers` belongs to: /sys/fs/btrfs/UUID/devices. */
async function btrfsMembers(ports: Ports, numbers: readonly string[]): Promise<string[]> {
  const fileSystems = await names(ports, '/sys/fs/btrfs');
  for (const uuid of fileSystems.known ? fileSystems.value : []) {
    const folder = `/sys/fs/btrfs/${uuid}/devices`;
    const members = await names(ports, folder);
    if (!members.known) continue;
    const found = await Promise.all(
      members.value.map((name) => ports.files.readText(at(ports, `${folder}/${name}/dev`)).catch(() => '')),
    );
    const ofMembers = found.map((text) => text.trim()).filter((text) => text !== '');
    if (ofMembers.some((number) => numbers.includes(number))) return ofMembers;
  }
  return [];
}
