import { messageOf } from '../model/errors.ts';
import { known, unknown, type DeviceUse, type Fact } from '../model/device.ts';
import { blockAt, nodePath, type SysBlock } from './block.ts';
import type { Machine } from './machine.ts';

/** The little of a device that finding its users needs. */
export type Used = Pick<SysBlock, 'name' | 'mapperName' | 'number' | 'folder' | 'holders'>;

interface Finding {
  uses: DeviceUse[];
  doubts: string[];
}

/**
 * Who uses any of these devices: mounts, swap, the kernel layers on top, and what uses those in turn. One sure user
 * is enough to know that it is in use; without one, a place that could not be looked at makes it unknown.
 */
export async function usesOf(machine: Machine, targets: readonly Used[]): Promise<Fact<readonly DeviceUse[]>> {
  const finding: Finding = { uses: [], doubts: [] };
  const seen = new Set<string>();
  for (const target of targets) await collect(machine, target, seen, finding);
  return finding.uses.length === 0 && finding.doubts.length > 0
    ? unknown([...new Set(finding.doubts)].join('; '))
    : known(finding.uses);
}

async function collect(machine: Machine, target: Used, seen: Set<string>, finding: Finding): Promise<void> {
  if (seen.has(target.number)) return;
  seen.add(target.number);
  const device = nodePath(target);
  if (!machine.mounts.known) finding.doubts.push(machine.mounts.why);
  else {
    for (const mount of machine.mounts.value.filter(({ devices }) => devices.includes(target.number)))
      finding.uses.push({ kind: 'mount', device, by: mount.mountPoint });
  }
  if (!machine.swaps.known) finding.doubts.push(machine.swaps.why);
  else {
    for (const swap of machine.swaps.value.filter((entry) => entry.device === target.number))
      finding.uses.push({ kind: 'swap', device, by: swap.path });
  }
  await collectHolders(machine, target, device, seen, finding);
  await collectLoops(machine, target, seen, finding);
}

/** A loop device over it uses nothing by being there; what is mounted from the loop, or stacked on it, does. */
async function collectLoops(machine: Machine, target: Used, seen: Set<string>, finding: Finding): Promise<void> {
  if (!machine.loops.known) {
    finding.doubts.push(machine.loops.why);
    return;
  }
  for (const { loop } of machine.loops.value.filter(({ behind }) => behind === target.number)) {
    await collect(machine, loop, seen, finding);
    for (const name of loop.partitions) {
      const part = await blockAt(machine.ports, `${loop.folder}/${name}`);
      if (part !== null) await collect(machine, part, seen, finding);
    }
  }
}

async function collectHolders(
  machine: Machine,
  target: Used,
  device: string,
  seen: Set<string>,
  finding: Finding,
): Promise<void> {
  if (!target.holders.known) {
    finding.doubts.push(target.holders.why);
    return;
  }
  for (const name of target.holders.value) {
    const holder = await blockAt(machine.ports, `${target.folder}/holders/${name}`).catch((error: unknown) => {
      finding.doubts.push(messageOf(error));
      return null;
    });
    finding.uses.push({ kind: 'holder', device, by: holder === null ? name : nodePath(holder) });
    if (holder !== null) await collect(machine, holder, seen, finding);
  }
}
