import type { UsbIdentity } from '../model/chain.ts';
import type { Ports } from '../system/ports.ts';
import { driverOf, told } from './told.ts';

/**
 * What the kernel keeps of a USB device's descriptors.
 * @param transport as {@link transportOf} tells; null for a hub
 * @throws when it tells no ids: whatever stands there must never be taken for the next device above it
 */
export async function usbIdentity(
  ports: Ports,
  folder: string,
  transport: UsbIdentity['transport'],
): Promise<UsbIdentity> {
  return {
    vendorId: await idOf(ports, `${folder}/idVendor`),
    productId: await idOf(ports, `${folder}/idProduct`),
    manufacturer: await told(ports, `${folder}/manufacturer`),
    product: await told(ports, `${folder}/product`),
    serial: await told(ports, `${folder}/serial`),
    revision: await told(ports, `${folder}/bcdDevice`),
    speed: speedOf(await told(ports, `${folder}/speed`)),
    transport,
  };
}

/** How an interface carries SCSI: what its driver and its protocol number agree on, or the one of them that tells. */
export async function interfaceTransport(ports: Ports, folder: string): Promise<UsbIdentity['transport']> {
  return transportOf(await driverOf(ports, folder), await told(ports, `${folder}/bInterfaceProtocol`));
}

/** usb-storage also speaks the older CB and CBI (protocols 00, 01), which are neither. Pure. */
function transportOf(driver: string | null, protocol: string | null): UsbIdentity['transport'] {
  const byDriver = driver === 'uas' ? 'uas' : driver === 'usb-storage' ? 'bot' : null;
  if (protocol === null) return byDriver;
  const byProtocol = protocol === '62' ? 'uas' : protocol === '50' ? 'bot' : null;
  return byDriver === null || byDriver === byProtocol ? byProtocol : null;
}

async function idOf(ports: Ports, path: string): Promise<string> {
  const text = (await told(ports, path))?.toLowerCase() ?? null;
  if (text === null) throw new Error(`there is no ${path}`);
  if (!/^[0-9a-f]{4}$/.test(text)) throw new Error(`${path} says "${text}"`);
  return text;
}

/** `1.5`, `12`, `480`, `5000`: Mbit/s. The kernel writes `unknown` while a device is being set up. */
function speedOf(text: string | null): number | null {
  return text !== null && /^\d+(\.\d+)?$/.test(text) ? Number(text) : null;
}
