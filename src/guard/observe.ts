import type { Device, Fact } from '../model/device.ts';
import type { Evidence } from '../model/verdict.ts';

/** What the kernel says of one device's read-only flag. `/sys/…/ro` is this host's policy: no proof that a write can't pass. */
interface KernelFlag {
  /** `/dev/sdb1`, or words for a device that could not be found. */
  readonly path: string;
  /** The attribute it was read from. */
  readonly sysfs: string;
  readonly readOnly: Fact<boolean>;
}

export const READ_ONLY = 'read-only';
const WRITABLE = 'writable';

/** A node through which the source could be written to, with its flag. */
interface GuardedNode {
  readonly path: string;
  readonly name: string;
  readonly readOnly: Fact<boolean>;
}

/** The device and its partitions, the whole disk around a partition, and the same of the device behind a loop device. */
export function guardedNodes(device: Device): GuardedNode[] {
  return chainOf(device).flatMap((one) =>
    [one, ...(one.around === null ? [] : [one.around]), ...one.partitions].map(({ path, name, readOnly }) => ({
      path,
      name,
      readOnly,
    })),
  );
}

/**
 * The nodes whose writes are counted. A whole disk that may be written to, around a partition that is the source, is left
 * out: its counters hold those of its other partitions.
 */
export function countedNodes(device: Device): GuardedNode[] {
  const around = new Set(chainOf(device).map((one) => one.around?.name));
  return guardedNodes(device).filter(({ name, readOnly }) => !around.has(name) || (readOnly.known && readOnly.value));
}

/** The flags of all nodes: each has one of its own, and a write needs only one that is not set. */
export function kernelFlags(device: Device): KernelFlag[] {
  const flags = guardedNodes(device).map(({ path, name, readOnly }): KernelFlag => ({
    path,
    sysfs: `/sys/class/block/${name}/ro`,
    readOnly,
  }));
  const dark = chainOf(device).find(({ behind }) => !behind.known);
  if (dark === undefined || dark.behind.known) return flags;
  const [path, sysfs] = [`what lies behind ${dark.path}`, `/sys/class/block/${dark.name}/loop/backing_file`];
  return [...flags, { path, sysfs, readOnly: dark.behind }];
}

export function flagEvidence(flag: KernelFlag): Evidence {
  const { readOnly } = flag;
  const seen = !readOnly.known ? `unknown: ${readOnly.why}` : readOnly.value ? READ_ONLY : WRITABLE;
  return { fact: 'kernel-flag', what: `kernel's read-only flag of ${flag.path}`, seen, source: flag.sysfs };
}

/** What else a reader of the verdict must know: that layers below were not judged. */
export function surroundings(device: Device): Evidence[] {
  const evidence: Evidence[] = [];
  if (device.backingFile !== null) {
    evidence.push({
      fact: 'surroundings',
      what: whatBacks(device),
      seen: device.backingFile,
      source: `/sys/class/block/${device.name}/loop/backing_file`,
    });
  }
  const judged = new Set(chainOf(device).flatMap(({ name, around }) => [name, around?.name]));
  const below = device.disks.filter((disk) => !judged.has(disk));
  if (below.length > 0) {
    evidence.push({
      fact: 'surroundings',
      what: 'disks below it',
      seen: `${below.join(', ')}: their own flags are not part of this verdict`,
      source: `/sys/class/block/${device.name}`,
    });
  }
  return evidence;
}

function whatBacks({ behind }: Device): string {
  if (!behind.known) return 'backed by';
  return behind.value === null ? 'backed by a file' : 'backed by a device';
}

/** The device, and those behind it where it is a loop device. */
function chainOf(device: Device): Device[] {
  const behind = device.behind.known ? device.behind.value : null;
  return behind === null ? [device] : [device, ...chainOf(behind)];
}
