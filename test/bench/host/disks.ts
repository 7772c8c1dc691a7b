/** A disk of the emulated PC. */
export interface PcDisk {
  /** Its devices, as QEMU is told; the disk itself is the last. */
  readonly devices: readonly string[];
  readonly readOnly?: boolean;
  /** What the kernel has to load for it, beyond what it has loaded at boot. */
  readonly modules?: readonly string[];
  /** Where sysfs has it, below /sys/devices. */
  readonly below: string;
}

const PCI = 'pci0000:00/0000:00:';

/**
 * Everything that is soldered in. Its content is zeros. Fixed places: captures stay alike. Models and serials are
 * made up.
 */
export const PC_DISKS = {
  sata: { devices: ['ide-hd,bus=ide.0,serial=WD-BENCH0001,model=EXHIBIT SATA DISK,ver=1.0'], below: `${PCI}1f.2` },
  nvme: { devices: ['nvme,addr=4,serial=NV-BENCH0002'], below: `${PCI}04.0` },
  stick: {
    devices: ['usb-storage,bus=usb.0,port=1,serial=US-BENCH0003'],
    readOnly: true,
    below: `${PCI}03.0/usb2/2-1`,
  },
  uas: {
    devices: [
      'usb-uas,id=uas,bus=usb.0,port=2,serial=US-BENCH0004',
      'scsi-hd,bus=uas.0,vendor=EXHIBIT,product=UAS DISK,serial=UA-BENCH0004',
    ],
    below: `${PCI}03.0/usb2/2-2`,
  },
  'hub-stick': {
    devices: ['usb-hub,bus=usb.0,port=3', 'usb-storage,bus=usb.0,port=3.1,serial=US-BENCH0005'],
    below: `${PCI}03.0/usb1/1-3/1-3.1`,
  },
  virtio: { devices: ['virtio-blk-pci,addr=7,serial=VB-BENCH0006'], modules: ['virtio_blk'], below: `${PCI}07.0` },
  pata: {
    devices: ['piix4-ide,id=pata,addr=8', 'ide-hd,bus=pata.0,serial=WD-BENCH0007,model=EXHIBIT PATA DISK,ver=1.0'],
    modules: ['ata_piix'],
    below: `${PCI}08.0`,
  },
  sas: {
    devices: [
      'mptsas1068,id=sas,addr=9',
      'scsi-hd,bus=sas.0,vendor=EXHIBIT,product=SAS DISK,serial=SA-BENCH0008,wwn=0x5000c50000000008',
    ],
    modules: ['mptsas'],
    below: `${PCI}09.0`,
  },
  card: {
    devices: ['sdhci-pci,addr=a', 'sd-card'],
    modules: ['sdhci-pci', 'mmc_block'],
    below: `${PCI}0a.0`,
  },
} as const satisfies Record<string, PcDisk>;

export type PcDiskName = keyof typeof PC_DISKS;

/** QEMU's arguments; `NAME.img` is in its working folder. */
export function pcDiskArgv(): string[] {
  return Object.entries<PcDisk>(PC_DISKS).flatMap(([name, { devices, readOnly }]) => [
    ...['-drive', `if=none,id=drive-${name},file=${name}.img,format=raw,read-only=${readOnly === true ? 'on' : 'off'}`],
    ...devices.slice(0, -1).flatMap((device) => ['-device', device]),
    ...['-device', `${devices.at(-1) ?? ''},drive=drive-${name}`],
  ]);
}
