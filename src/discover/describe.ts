import { bridgeOf } from '../model/chain.ts';
import { known, unknown, type Device, type DeviceKind, type Fact, type Partition } from '../model/device.ts';
import { deviceBehindLoop } from './behind-loop.ts';
import { blockAt, nodePath, type SysBlock } from './block.ts';
import { diskChain } from './chain.ts';
import { sysHardware, type SysHardware } from './hardware.ts';
import { wholeDisksBelow } from './layers.ts';
import type { LsblkRow } from './lsblk.ts';
import type { Machine } from './machine.ts';
import { usesOf } from './uses.ts';

const NONE: Partial<Record<DeviceKind, string>> = {
  loop: 'a loop device has none',
  mapper: 'a mapper device has none of its own',
  raid: 'a RAID device has none of its own',
  virtual: 'a virtual device has none',
};

/** How often loop devices may show each other before something is wrong with them. */
const DEEPEST = 8;

/**
 * Everything known of one block device, sysfs and lsblk side by side. A partition has the hardware of its disk, a loop
 * device that shows another device has that device's, and whoever uses that uses this. Null when it vanished meanwhile.
 */
export async function describeBlock(machine: Machine, block: SysBlock, depth = 0): Promise<Device | null> {
  const { ports } = machine;
  const disk = block.kind === 'partition' ? await blockAt(ports, block.diskFolder) : block;
  if (disk === null) return null;
  const parts = await partitionBlocks(machine, block);
  const below = await wholeDisksBelow(ports, block);
  const behind = await describeBehind(machine, disk, depth);
  const chain = await diskChain(ports, disk);
  const hardware = await sysHardware(ports, disk, bridgeFolder(chain));
  const row = rowOf(machine, disk);
  const disks = below.known ? below.value : [disk];
  // What uses the whole disk uses each partition's bytes too.
  const uses = await usesOf(machine, block.kind === 'partition' ? [block, disk] : [block, ...parts]);
  return {
    path: nodePath(block),
    name: block.name,
    number: block.number,
    kind: block.kind,
    // Where the layers below can't be seen, the careful assumption is that there is hardware.
    physical: !below.known || disk.hasDevice || disks.some(({ hasDevice }) => hasDevice),
    wholeDisk: disk.name,
    disks: disks.map(({ name }) => name),
    size: block.size,
    logicalSector: hardware.logicalSector ?? row?.logicalSector ?? 512,
    physicalSector: hardware.physicalSector ?? row?.physicalSector ?? 512,
    readOnly: block.readOnly,
    ...(behind.known && behind.value !== null
      ? namesOf(behind.value)
      : hardwareFacts(machine, disk, row, hardware, chain)),
    removable: hardware.removable ?? row?.removable ?? null,
    diskseq: factOf(hardware.diskseq, 'this kernel counts no disks (before Linux 5.15)'),
    byId: namesFor(machine.byId, block.name),
    byPath: namesFor(machine.byPath, block.name),
    chain,
    backingFile: block.backingFile,
    behind,
    around: block.kind === 'partition' ? { path: nodePath(disk), name: disk.name, readOnly: disk.readOnly } : null,
    partitions: parts.map((part) => partitionOf(part, rowOf(machine, part))),
    uses: together(uses, behind),
  };
}

async function describeBehind(machine: Machine, disk: SysBlock, depth: number): Promise<Device['behind']> {
  const behind = await deviceBehindLoop(machine.ports, disk);
  if (!behind.known) return behind;
  if (behind.value === null) return known(null);
  if (depth >= DEEPEST) return unknown(`${disk.name}: more than ${DEEPEST} loop devices show each other`);
  const device = await describeBlock(machine, behind.value, depth + 1);
  return device === null ? unknown(`${disk.name}: ${behind.value.name} behind it vanished`) : known(device);
}

/** One sure user is enough; without one, a device behind that could not be looked at leaves it open. */
function together(own: Device['uses'], behind: Device['behind']): Device['uses'] {
  const theirs: Device['uses'] = !behind.known ? behind : (behind.value?.uses ?? known([]));
  const all = new Map(
    [own, theirs]
      .flatMap((fact) => (fact.known ? fact.value : []))
      .map((use) => [`${use.kind} ${use.device} ${use.by}`, use]),
  );
  const doubt = [own, theirs].find((fact) => !fact.known);
  return all.size === 0 && doubt !== undefined ? doubt : known([...all.values()]);
}

/** lsblk's row of a device; null when it has none, or means another device that had this name a moment ago. */
function rowOf(machine: Machine, block: Pick<SysBlock, 'name' | 'number'>): LsblkRow | null {
  const row = machine.lsblk.known ? machine.lsblk.value.get(block.name) : undefined;
  return row?.number === block.number ? row : null;
}

/** Which of udev's names of one kind lead to the device of this kernel name. */
export function namesFor(names: Machine['byId'], name: string): Fact<readonly string[]> {
  return names.known ? known(names.value.get(name) ?? []) : names;
}

/** Where the USB device stands that the disk hangs on. */
function bridgeFolder(chain: Device['chain']): string | null {
  const bridge = chain.known ? bridgeOf(chain.value) : null;
  return bridge?.usb == null ? null : bridge.sysfs;
}

export function factOf(value: string | null, why: string): Fact<string> {
  return value === null ? unknown(why) : known(value);
}

type HardwareFacts = Pick<Device, 'model' | 'serial' | 'serialAsTold' | 'revision' | 'wwn' | 'transport'>;

function namesOf({ model, serial, serialAsTold, revision, wwn, transport }: HardwareFacts): HardwareFacts {
  return { model, serial, serialAsTold, revision, wwn, transport };
}

/** lsblk first: udev asked the disk behind a USB bridge for its name, where sysfs has the bridge's cut to 16 letters. */
function hardwareFacts(
  machine: Machine,
  disk: SysBlock,
  row: LsblkRow | null,
  hardware: SysHardware,
  chain: Device['chain'],
): HardwareFacts {
  const why = whyNot(machine, disk, row);
  return {
    model: factOf(modelOf(row?.model ?? null, hardware.model), why),
    serial: factOf(row?.serial ?? hardware.serial, hardware.serialAsTold === null ? why : emptySerial(machine)),
    serialAsTold: factOf(hardware.serialAsTold, 'sysfs does not tell'),
    revision: factOf(row?.revision ?? hardware.revision, why),
    wwn: factOf(row?.wwn ?? hardware.wwn, why),
    transport: factOf(row?.transport ?? transportOf(chain), why),
  };
}

/** The bus, where a disk hangs on one. */
function transportOf(chain: Device['chain']): string | null {
  const bus = chain.known ? chain.value.bus : 'unknown';
  return bus === 'loop' || bus === 'virtual' || bus === 'unknown' ? null : bus;
}

function whyNot(machine: Machine, disk: SysBlock, row: LsblkRow | null): string {
  const none = NONE[disk.kind];
  if (none !== undefined && !disk.hasDevice) return none;
  if (!machine.lsblk.known) return `${machine.lsblk.why}, and sysfs does not tell`;
  return row === null ? 'lsblk does not list it, and sysfs does not tell' : 'neither lsblk nor sysfs tells';
}

function emptySerial({ lsblk }: Machine): string {
  return `${lsblk.known ? 'lsblk tells none' : lsblk.why}, and the serial in sysfs is empty`;
}

/** udev may write `_` for a blank: where that is the only difference, sysfs has the name as the disk gave it. */
function modelOf(lsblk: string | null, sysfs: string | null): string | null {
  if (lsblk === null || sysfs === null) return lsblk ?? sysfs;
  return sysfs.replace(/\s+/g, '_') === lsblk ? sysfs : lsblk;
}

async function partitionBlocks(machine: Machine, block: SysBlock): Promise<SysBlock[]> {
  const found = await Promise.all(block.partitions.map((name) => blockAt(machine.ports, `${block.folder}/${name}`)));
  return found.filter((part) => part !== null);
}

function partitionOf(part: SysBlock, row: LsblkRow | null): Partition {
  return {
    path: nodePath(part),
    name: part.name,
    start: part.start,
    size: part.size,
    readOnly: part.readOnly,
    type: row?.partitionType ?? null,
    fileSystem: row?.fileSystem ?? null,
    label: row?.label ?? null,
  };
}
