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

/**
 * The flags of the device and of its partitions, and of the device behind a loop device with its partitions: each has
 * one of its own, and a write needs only one that is not set.
 */
export function kernelFlags(device: Device): KernelFlag[] {
  const own = [device, ...device.partitions].map(({ path, name, readOnly }) => ({
    path,
    sysfs: `/sys/class/block/${name}/ro`,
    readOnly,
  }));
  const { behind } = device;
  if (behind.known) return behind.value === null ? own : [...own, ...kernelFlags(behind.value)];
  const [path, sysfs] = [`what lies behind ${device.path}`, `/sys/class/block/${device.name}/loop/backing_file`];
  return [...own, { path, sysfs, readOnly: behind }];
}

export function flagEvidence(flag: KernelFlag): Evidence {
  const { readOnly } = flag;
  const seen = !readOnly.known ? `unknown: ${readOnly.why}` : readOnly.value ? READ_ONLY : WRITABLE;
  return { what: `kernel's read-only flag of ${flag.path}`, seen, source: flag.sysfs };
}

/** What else a reader of the verdict must know: that layers below were not judged. */
export function surroundings(device: Device): Evidence[] {
  const evidence: Evidence[] = [];
  if (device.backingFile !== null) {
    evidence.push({
      what: whatBacks(device),
      seen: device.backingFile,
      source: `/sys/class/block/${device.name}/loop/backing_file`,
    });
  }
  const judged = new Set(chainOf(device).map(({ name }) => name));
  const below = device.disks.filter((disk) => !judged.has(disk));
  if (below.length > 0) {
    evidence.push({
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
