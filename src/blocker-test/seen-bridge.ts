import { attributeText } from '../discover/attribute.ts';
import { blockOfNumber } from '../discover/block.ts';
import { resolveLinks } from '../discover/root.ts';
import type { InquiryStrings, UsbIdentity } from '../model/chain.ts';
import type { Ports } from '../system/ports.ts';

/** What this host sees of whatever stands between itself and a disk, as sysfs has it; nothing is asked of it. */
export interface SeenBridge {
  /** The disk's folder below /sys/devices, which names every ancestor. */
  readonly sysfs: string;
  /** The nearest ancestor that is a USB device: this disk's bridge, and nobody else's. */
  readonly usb: UsbIdentity | null;
  /** A blocker often answers INQUIRY with strings of its own; as often it passes the disk's on. */
  readonly inquiry: InquiryStrings | null;
}

/** @param number `major:minor` of the disk */
export async function seeBridge(ports: Ports, number: string): Promise<SeenBridge> {
  const block = await blockOfNumber(ports, number);
  if (block === null) return { sysfs: '', usb: null, inquiry: null };
  return {
    sysfs: block.folder,
    usb: await usbAbove(ports, block.folder),
    inquiry: await inquiryOf(ports, `${block.folder}/device`),
  };
}

async function usbAbove(ports: Ports, folder: string): Promise<UsbIdentity | null> {
  let driver: string | null = null;
  for (let above = folder; above.startsWith('/sys/devices/'); above = above.slice(0, above.lastIndexOf('/'))) {
    const vendorId = await attributeText(ports, `${above}/idVendor`);
    // The interface, between disk and USB device, is what the driver binds to.
    if (vendorId === null) driver = (await driverOf(ports, above)) ?? driver;
    else return identity(ports, above, vendorId, driver);
  }
  return null;
}

async function identity(ports: Ports, folder: string, vendorId: string, driver: string | null): Promise<UsbIdentity> {
  const text = (file: string): Promise<string | null> => attributeText(ports, `${folder}/${file}`);
  const speed = Number(await text('speed'));
  return {
    vendorId,
    productId: (await text('idProduct')) ?? '',
    manufacturer: await text('manufacturer'),
    product: await text('product'),
    serial: await text('serial'),
    revision: await text('bcdDevice'),
    speed: Number.isSafeInteger(speed) && speed > 0 ? speed : null,
    transport: driver === 'usb-storage' ? 'bot' : driver === 'uas' ? 'uas' : null,
  };
}

async function driverOf(ports: Ports, folder: string): Promise<string | null> {
  const target = await resolveLinks(ports, `${folder}/driver`).catch(() => null);
  return target === null ? null : target.slice(target.lastIndexOf('/') + 1);
}

async function inquiryOf(ports: Ports, folder: string): Promise<InquiryStrings | null> {
  const [vendor, product, revision] = await Promise.all(
    ['vendor', 'model', 'rev'].map((file) => attributeText(ports, `${folder}/${file}`)),
  );
  if (vendor == null && product == null) return null;
  return { vendor: vendor ?? '', product: product ?? '', revision: revision ?? '' };
}
