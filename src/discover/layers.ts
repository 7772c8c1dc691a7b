import { messageOf } from '../model/errors.ts';
import { known, unknown, type Fact } from '../model/device.ts';
import type { Ports } from '../system/ports.ts';
import { deviceBehindLoop } from './behind-loop.ts';
import { blockAt, type SysBlock } from './block.ts';

/** How often devices may be stacked before something is wrong with the stack. */
const DEEPEST = 16;

/**
 * The whole disks that a device lies on: through partitions to their disk, through mapper and RAID devices (`slaves/`)
 * to what they are made of, through a loop device (named too) to the device behind it. A device with nothing below it
 * is its own disk; so is a loop device on a plain file. Unknown when a layer can't be looked at.
 */
export async function wholeDisksBelow(ports: Ports, block: SysBlock, depth = 0): Promise<Fact<readonly SysBlock[]>> {
  if (depth > DEEPEST) return unknown(`${block.name}: more than ${DEEPEST} devices on top of each other`);
  try {
    if (block.kind === 'partition') {
      const disk = await blockAt(ports, block.diskFolder);
      return disk === null
        ? unknown(`${block.name}: its disk vanished`)
        : await wholeDisksBelow(ports, disk, depth + 1);
    }
    if (!block.slaves.known) return block.slaves;
    if (block.kind === 'loop') return await ofLoop(ports, block, depth);
    if (block.slaves.value.length === 0) return known([block]);
    return await ofSlaves(ports, block, block.slaves.value, depth);
  } catch (error) {
    return unknown(messageOf(error));
  }
}

async function ofLoop(ports: Ports, loop: SysBlock, depth: number): Promise<Fact<readonly SysBlock[]>> {
  const behind = await deviceBehindLoop(ports, loop);
  if (!behind.known) return behind;
  if (behind.value === null) return known([loop]);
  const disks = await wholeDisksBelow(ports, behind.value, depth + 1);
  return disks.known ? known([loop, ...disks.value]) : disks;
}

async function ofSlaves(
  ports: Ports,
  block: SysBlock,
  slaves: readonly string[],
  depth: number,
): Promise<Fact<readonly SysBlock[]>> {
  const found = new Map<string, SysBlock>();
  for (const name of slaves) {
    const slave = await blockAt(ports, `${block.folder}/slaves/${name}`);
    if (slave === null) return unknown(`${block.name}: ${name} below it vanished`);
    const disks = await wholeDisksBelow(ports, slave, depth + 1);
    if (!disks.known) return disks;
    for (const disk of disks.value) found.set(disk.name, disk);
  }
  return known([...found.values()]);
}
