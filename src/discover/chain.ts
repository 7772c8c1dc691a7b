import type { Bus, DiskChain } from '../model/chain.ts';
import { known, unknown, type Fact } from '../model/device.ts';
import { messageOf } from '../model/errors.ts';
import type { Ports } from '../system/ports.ts';
import { ataBus } from './ata-bus.ts';
import { deviceBehindLoop } from './behind-loop.ts';
import { blockAt, type SysBlock } from './block.ts';
import { diskLink, linksOf } from './chain-links.ts';
import { isVirtual, partsAbove, type Part, type PartKind } from './chain-path.ts';
import { at, resolveLinks } from './root.ts';
import { driverOf, told } from './told.ts';

/** How often loop devices may show each other before something is wrong with them. */
const DEEPEST = 8;

/**
 * What a disk hangs on: the ancestors of its own folder in sysfs, and nobody else's. Passive: nothing is asked of the
 * disk. A partition has its disk's chain, a loop device over another device has that one's. Unknown, with the reason,
 * when anything on the way can't be read, or the disk was pulled or exchanged meanwhile; it never throws.
 */
export async function diskChain(ports: Ports, block: SysBlock, depth = 0): Promise<Fact<DiskChain>> {
  try {
    const disk = block.kind === 'partition' ? await blockAt(ports, block.diskFolder) : block;
    if (disk === null) return unknown(`${block.name}: its disk vanished while it was looked at`);
    if (disk.kind === 'loop') return await ofLoop(ports, disk, depth);
    const before = await standing(ports, disk);
    const chain = await chainAbove(ports, disk);
    const after = await standing(ports, disk);
    // The kernel takes a folder away before those above it: while it stood, its ancestors did too.
    return before === after ? known(chain) : unknown(`${disk.name} was exchanged while it was looked at`);
  } catch (error) {
    return unknown(`what ${block.name} hangs on can't be told: ${messageOf(error)}`);
  }
}

async function ofLoop(ports: Ports, loop: SysBlock, depth: number): Promise<Fact<DiskChain>> {
  if (depth >= DEEPEST) return unknown(`${loop.name}: more than ${DEEPEST} loop devices show each other`);
  const behind = await deviceBehindLoop(ports, loop);
  if (!behind.known) return behind;
  if (behind.value !== null) return diskChain(ports, behind.value, depth + 1);
  return known({ bus: 'loop', links: [await diskLink(ports, loop, false)] });
}

/** The same text means: the very same appearance of the disk. The kernel gives no two of them one inode number. */
async function standing(ports: Ports, disk: SysBlock): Promise<string> {
  const { ino } = await ports.files.stat(at(ports, disk.folder));
  const number = await told(ports, `${disk.folder}/dev`);
  if (number !== disk.number) throw new Error(`${disk.name} vanished while it was looked at`);
  return `${ino} ${(await told(ports, `${disk.folder}/diskseq`)) ?? ''}`;
}

async function chainAbove(ports: Ports, disk: SysBlock): Promise<DiskChain> {
  const parts = partsAbove(await pathTo(ports, disk));
  const bus = await busOf(ports, parts, disk);
  return { bus, links: await linksOf(ports, parts, bus, disk) };
}

/**
 * The folder whose ancestors count: the disk's own, but for an NVMe disk that the kernel keeps below its subsystem, so
 * that several controllers can lead to it.
 */
async function pathTo(ports: Ports, disk: SysBlock): Promise<string> {
  const subsystem = /^(\/sys\/devices\/virtual\/nvme-subsystem\/[^/]+)\/[^/]+$/.exec(disk.folder)?.[1];
  if (subsystem === undefined) return disk.folder;
  const controllers = (await ports.files.readDir(at(ports, subsystem))).filter((name) => /^nvme\d+$/.test(name));
  const [only] = controllers;
  if (only === undefined || controllers.length > 1) {
    throw new Error(`${controllers.length} controllers lead to it (${controllers.sort().join(', ')})`);
  }
  return `${await resolveLinks(ports, `${subsystem}/${only}`)}/${disk.name}`;
}

/** From the station outwards: a card reader on USB is reached by USB, a SCSI disk of a virtual machine by virtio. */
const BUS_OF: readonly (readonly [PartKind, Bus])[] = [
  ['usb-root', 'usb'],
  ['firewire', 'firewire'],
  ['sas', 'sas'],
  ['ide', 'pata'],
  ['nvme', 'nvme'],
  ['mmc', 'mmc'],
  ['virtio', 'virtio'],
];

async function busOf(ports: Ports, parts: readonly Part[], disk: SysBlock): Promise<Bus> {
  const found = BUS_OF.find(([kind]) => parts.some((part) => part.kind === kind))?.[1];
  if (found !== undefined) return found;
  const ata = parts.find(({ kind }) => kind === 'ata');
  if (ata !== undefined) {
    const controller = parts[parts.indexOf(ata) - 1];
    const driver = controller === undefined ? null : await driverOf(ports, controller.folder);
    return ataBus(ports, ata, driver, parts.find(({ kind }) => kind === 'scsi-device')?.name ?? null);
  }
  if (parts.some(({ kind }) => kind === 'scsi-host')) return 'scsi';
  return isVirtual(disk.folder) ? 'virtual' : 'unknown';
}
