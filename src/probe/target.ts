import { known, unknown, type Device, type Fact } from '../model/device.ts';
import type { Sectors } from './smartctl.ts';

/** The disk that questions go to. */
export interface AskedDisk {
  readonly path: string;
  /** Kernel name. */
  readonly name: string;
  /** As the kernel has it; null for the disk around a named partition. */
  readonly capacity: Sectors | null;
}

/**
 * Which disk to ask for a device that was named: itself, the disk around a partition, the disk behind a loop device.
 * Where several disks lie below, or none, there is nobody to ask.
 */
export function diskToAsk(device: Device): Fact<AskedDisk> {
  const { behind, kind, path } = device;
  if (!behind.known) return unknown(`what lies behind ${path} is not known: ${behind.why}`);
  if (behind.value !== null) return diskToAsk(behind.value);
  if (kind === 'mapper' || kind === 'raid') {
    return unknown(
      `${path} is put together from other devices (${device.disks.join(', ')}): each disk would have to be named itself`,
    );
  }
  if (!device.physical) return unknown(`${path} has no hardware of its own that could be asked`);
  if (kind === 'optical')
    return unknown(`${path} is an optical drive: what a drive says of itself is nothing of its medium`);
  const whole = kind === 'partition' ? `/dev/${device.wholeDisk}` : path;
  return known({
    path: whole,
    name: device.wholeDisk,
    capacity: kind === 'partition' ? null : { count: device.size / device.logicalSector, size: device.logicalSector },
  });
}
