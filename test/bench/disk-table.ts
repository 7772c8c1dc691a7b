import type { DiskKind } from './guest/all-disks.ts';
import { MIB } from './guest/medium.ts';

/** What is true of every disk of the virtual bench: transport, write protection, bytes, logical sector, serial. */
export const DISK_TABLE: Readonly<Record<DiskKind, readonly [string | null, boolean, number, number, string | null]>> =
  {
    sata: ['sata', false, 16 * MIB, 512, 'WD-BENCH0001'],
    nvme: ['nvme', false, 16 * MIB, 512, 'NV-BENCH0002'],
    stick: ['usb', true, 16 * MIB, 512, 'US-BENCH0003'],
    uas: ['usb', false, 16 * MIB, 512, 'UA-BENCH0004'],
    'hub-stick': ['usb', false, 16 * MIB, 512, 'US-BENCH0005'],
    virtio: ['virtio', false, 16 * MIB, 512, 'VB-BENCH0006'],
    pata: ['ata', false, 16 * MIB, 512, 'WD-BENCH0007'],
    sas: ['sas', false, 16 * MIB, 512, 'SA-BENCH0008'],
    // QEMU gives all of its cards this one.
    card: ['mmc', false, 16 * MIB, 512, '0xdeadbeef'],
    'usb-blocker': ['usb', true, MIB, 512, '000ECC0100000001'],
    'usb-silent-blocker': ['usb', false, MIB, 512, '000ECC0100000002'],
    'usb-bridge': ['usb', false, MIB, 512, 'BR0000000001'],
    'usb-read-only-bridge': ['usb', true, MIB, 512, 'BR0000000002'],
    // The kernel makes its serial up, another one at every loading: what can be compared is null.
    'scsi-4kn': ['scsi', true, 8 * MIB, 4096, null],
  };
