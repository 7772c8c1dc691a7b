import type { VerdictName } from '../../src/model/verdict.ts';
import type { DiskKind } from './guest/all-disks.ts';

/** The verdict on every disk of the virtual bench as a list shows it, which asks no disk anything; no lab attests anything. */
export const LISTED_VERDICTS: Readonly<Record<DiskKind, VerdictName>> = {
  sata: 'none-observed',
  nvme: 'none-observed',
  stick: 'kernel-flag-only',
  uas: 'none-observed',
  'hub-stick': 'none-observed',
  virtio: 'none-observed',
  pata: 'none-observed',
  sas: 'none-observed',
  card: 'none-observed',
  // It has a read/write switch: that it is there says little, until it declares that it protects.
  'usb-blocker': 'kernel-flag-only',
  'usb-silent-blocker': 'none-observed',
  'usb-bridge': 'none-observed',
  'usb-read-only-bridge': 'kernel-flag-only',
  'scsi-4kn': 'kernel-flag-only',
};

/** When the disk was asked, by its plan. Each takes seconds in there: what other scenarios ask is not asked here. */
export const ASKED_VERDICTS = {
  sata: 'none-observed',
  nvme: 'none-observed',
  'usb-bridge': 'none-observed',
} as const satisfies Partial<Record<DiskKind, VerdictName>>;

export type AskedKind = keyof typeof ASKED_VERDICTS;
