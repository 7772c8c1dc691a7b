/** What a folder on the way to a disk is, by the name that the kernel gave it. */
export type PartKind =
  | 'pci'
  | 'usb-root'
  | 'usb'
  | 'usb-interface'
  | 'firewire'
  | 'firewire-unit'
  | 'sas'
  | 'sas-expander'
  | 'ata'
  | 'ide'
  | 'nvme'
  | 'mmc'
  | 'virtio'
  | 'scsi-host'
  | 'scsi-device'
  | 'other';

/** One folder above a disk's own. */
export interface Part {
  readonly kind: PartKind;
  readonly name: string;
  /** Below /sys/devices. */
  readonly folder: string;
}

const SHAPES: readonly (readonly [PartKind, RegExp])[] = [
  ['pci', /^[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/],
  ['usb-root', /^usb\d+$/],
  ['usb', /^\d+-\d+(\.\d+)*$/],
  ['usb-interface', /^\d+-\d+(\.\d+)*:\d+\.\d+$/],
  ['firewire', /^fw\d+$/],
  ['firewire-unit', /^fw\d+\.\d+$/],
  ['sas-expander', /^expander-\d+:\d+$/],
  ['sas', /^(port|end_device)-\d+(:\d+)+$/],
  ['ata', /^ata\d+$/],
  ['ide', /^ide\d+$/],
  ['nvme', /^nvme\d+$/],
  ['mmc', /^mmc\d+$/],
  ['virtio', /^virtio\d+$/],
  ['scsi-host', /^host\d+$/],
  ['scsi-device', /^\d+:\d+:\d+:\d+$/],
];

const DEVICES = '/sys/devices/';

/** The folders above a disk's own, from the machine down. A shape of USB counts only below a root hub. Pure. */
export function partsAbove(folder: string): Part[] {
  const names = folder.slice(DEVICES.length).split('/').slice(0, -1);
  const parts: Part[] = [];
  let at = DEVICES.slice(0, -1);
  for (const name of names) {
    at += `/${name}`;
    const shape = SHAPES.find(([, pattern]) => pattern.test(name))?.[0] ?? 'other';
    const stray = (shape === 'usb' || shape === 'usb-interface') && !parts.some(({ kind }) => kind === 'usb-root');
    parts.push({ kind: stray ? 'other' : shape, name, folder: at });
  }
  return parts;
}

export function isVirtual(folder: string): boolean {
  return folder.startsWith(`${DEVICES}virtual/`);
}
