import { known, unknown, type Fact } from '../model/device.ts';
import type { Ports } from '../system/ports.ts';
import { disksBelowMount, disksBelowNumbers, disksBelowPath } from './below.ts';
import type { Mount, Swap } from './machine.ts';

/** Where the running operating system lives. */
const SYSTEM_MOUNTS = ['/', '/usr', '/boot', '/boot/efi', '/efi', '/var', '/home'];

/**
 * Whether one of these disks holds the running operating system: a system mount or swap. A match is sure even when
 * other parts could not be looked at; no match is sure only when all could.
 */
export async function onSystemDisk(
  ports: Ports,
  mounts: readonly Mount[],
  swaps: Fact<readonly Swap[]>,
  disks: Fact<readonly string[]>,
): Promise<Fact<boolean>> {
  if (!disks.known) return disks;
  if (disks.value.length === 0) return known(false);
  const parts = await systemParts(ports, mounts, swaps);
  if (parts.some((part) => part.known && part.value.some((name) => disks.value.includes(name)))) return known(true);
  const doubts = parts.flatMap((part) => (part.known ? [] : [part.why]));
  return doubts.length === 0 ? known(false) : unknown([...new Set(doubts)].join('; '));
}

async function systemParts(
  ports: Ports,
  mounts: readonly Mount[],
  swaps: Fact<readonly Swap[]>,
): Promise<Fact<readonly string[]>[]> {
  const ofMounts = SYSTEM_MOUNTS.flatMap((point) => mountAt(mounts, point) ?? []).map((mount) =>
    disksBelowMount(ports, mounts, mount),
  );
  if (!swaps.known) return [...(await Promise.all(ofMounts)), swaps];
  const ofSwaps = swaps.value.map((swap) => disksOfSwap(ports, mounts, swap));
  return Promise.all([...ofMounts, ...ofSwaps]);
}

async function disksOfSwap(ports: Ports, mounts: readonly Mount[], swap: Swap): Promise<Fact<string[]>> {
  if (swap.kind === 'file') return disksBelowPath(ports, mounts, swap.path);
  if (swap.device === null) return unknown(`the swap area ${swap.path} is not found`);
  return disksBelowNumbers(ports, mounts, [swap.device]);
}

/** What is seen at a mount point: the last mount there. An automount that nobody triggered holds nothing yet. */
function mountAt(mounts: readonly Mount[], point: string): Mount | undefined {
  return mounts.filter(({ mountPoint, fileSystem }) => mountPoint === point && fileSystem !== 'autofs').at(-1);
}
