import { PC_DISKS, type PcDiskName } from '../host/disks.ts';
import type { Bench } from './bench.ts';
import type { BenchDisk } from './disks.ts';
import { BLOCKER, BRIDGE, READ_ONLY_BRIDGE, SILENT_BLOCKER } from './usb-specs.ts';

export type DiskKind =
  PcDiskName | 'usb-blocker' | 'usb-silent-blocker' | 'usb-bridge' | 'usb-read-only-bridge' | 'scsi-4kn';

/** Every kind of disk at once: by the name of its folder below `test/fixtures/bench/`. */
export async function allDisks(bench: Bench): Promise<Record<DiskKind, BenchDisk>> {
  const plugged = {
    'usb-blocker': (await bench.usb(BLOCKER)).disk,
    'usb-silent-blocker': (await bench.usb(SILENT_BLOCKER)).disk,
    'usb-bridge': (await bench.usb(BRIDGE)).disk,
    'usb-read-only-bridge': (await bench.usb(READ_ONLY_BRIDGE)).disk,
    'scsi-4kn': await bench.scsi('dev_size_mb=8', 'sector_size=4096', 'wp=1'),
  };
  const built: Partial<Record<PcDiskName, BenchDisk>> = {};
  for (const name of Object.keys(PC_DISKS) as PcDiskName[]) built[name] = await bench.built(name);
  return { ...(built as Record<PcDiskName, BenchDisk>), ...plugged };
}
