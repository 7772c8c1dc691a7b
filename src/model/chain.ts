/** How a disk reaches this station, as the path through sysfs names it. `unknown` is told, never guessed. */
export const BUSES = [
  'usb',
  'sata',
  'pata',
  'nvme',
  'sas',
  'scsi',
  'mmc',
  'virtio',
  'firewire',
  'loop',
  'virtual',
  'unknown',
] as const;
export type Bus = (typeof BUSES)[number];

/** What a USB device says of itself in its descriptors; sysfs has a copy, nothing is asked. */
export interface UsbIdentity {
  /** Four lower-case hex digits each. */
  readonly vendorId: string;
  readonly productId: string;
  readonly manufacturer: string | null;
  readonly product: string | null;
  readonly serial: string | null;
  /** bcdDevice as sysfs writes it, `0100`. */
  readonly revision: string | null;
  /** Megabits per second of the link that was negotiated: 12, 480, 5000, 10000, 20000. */
  readonly speed: number | null;
  /** Bulk-only transport, or USB attached SCSI; null for a device that is no mass storage, or where it can't be told. */
  readonly transport: 'bot' | 'uas' | null;
}

/** The same as it is written down, in manifests, reports and JSON: one spelling for all of them. */
export interface UsbRecord {
  vendor_id: string;
  product_id: string;
  manufacturer: string | null;
  product: string | null;
  serial: string | null;
  revision: string | null;
  speed: number | null;
  transport: 'bot' | 'uas' | null;
}

export function usbRecord({ vendorId, productId, ...rest }: UsbIdentity): UsbRecord {
  const { manufacturer, product, serial, revision, speed, transport } = rest;
  return { vendor_id: vendorId, product_id: productId, manufacturer, product, serial, revision, speed, transport };
}

/** Strings of a SCSI INQUIRY as the kernel keeps them, blanks at the ends taken off. Bridges often fill in their own. */
export interface InquiryStrings {
  readonly vendor: string;
  readonly product: string;
  readonly revision: string;
}

/** One ancestor of a disk in sysfs. */
export interface ChainLink {
  readonly role: 'controller' | 'hub' | 'bridge' | 'disk';
  /** Kernel name of its folder: `0000:00:14.0`, `2-1`, `sdb`. */
  readonly name: string;
  /** Its folder below /sys/devices. */
  readonly sysfs: string;
  /** The kernel driver bound to it: `xhci_hcd`, `uas`, `ahci`, `nvme`. */
  readonly driver: string | null;
  readonly usb: UsbIdentity | null;
  /** `8086:a36d`: vendor and device of a PCI function. */
  readonly pci: string | null;
  readonly inquiry: InquiryStrings | null;
}

/** The way from the host's controller to a disk: that disk's own ancestors, in this order, and nobody else's. */
export interface DiskChain {
  readonly bus: Bus;
  /** Controller first, disk last. */
  readonly links: readonly ChainLink[];
}

/**
 * The bridge of a disk: the nearest ancestor that is one. A write blocker is looked for here and nowhere else: one that
 * is merely plugged into the same station, or the same hub, protects another disk.
 */
export function bridgeOf(chain: DiskChain): ChainLink | null {
  return chain.links.findLast(({ role }) => role === 'bridge') ?? null;
}
