import type { UsbSpec } from './usb-disk.ts';

/** A write blocker that public lists name (13d7:0001 of usb.ids). Strings and serial are made up. */
export const BLOCKER = {
  vendorId: '13d7',
  productId: '0001',
  manufacturer: 'Tableau',
  product: 'Forensic SATA Bridge',
  serial: '000ECC0100000001',
  inquiry: ['Tableau', 'Forensic Bridge', '0100'],
  readOnly: true,
  mebibytes: 1,
} as const satisfies UsbSpec;

/** The same where it declares nothing. */
export const SILENT_BLOCKER = { ...BLOCKER, serial: '000ECC0100000002', readOnly: false } as const satisfies UsbSpec;

/** An ordinary bridge, which blocks nothing. Strings and serial are made up. */
export const BRIDGE = {
  vendorId: '152d',
  productId: '0578',
  manufacturer: 'JMicron',
  product: 'USB to SATA Bridge',
  serial: 'BR0000000001',
  inquiry: ['JMicron', 'Generic DISK', '0109'],
  readOnly: false,
  mebibytes: 1,
} as const satisfies UsbSpec;

/** An ordinary bridge whose disk declares itself write-protected, on a USB 2 link. */
export const READ_ONLY_BRIDGE = {
  ...BRIDGE,
  serial: 'BR0000000002',
  readOnly: true,
  speed: 'high-speed',
} as const satisfies UsbSpec;

/** A write blocker of a maker that there is none of, with an id that only the bench's own hardware data knows. It declares nothing. */
export const MADE_UP_BLOCKER = {
  ...BLOCKER,
  vendorId: 'f0be',
  productId: '0001',
  manufacturer: 'Acme',
  product: 'WB1',
  serial: 'AC0000000001',
  inquiry: ['Acme', 'WB1', '0100'],
  readOnly: false,
} as const satisfies UsbSpec;
