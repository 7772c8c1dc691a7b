import type { Bus, ChainLink, InquiryStrings } from '../model/chain.ts';
import type { Ports } from '../system/ports.ts';
import type { SysBlock } from './block.ts';
import { isVirtual, type Part, type PartKind } from './chain-path.ts';
import { driverOf, told } from './told.ts';
import { interfaceTransport, usbIdentity } from './usb-device.ts';

/** Folders that are a controller of their own. A SCSI host is one only where nothing else stands for it. */
const CONTROLLERS: readonly PartKind[] = ['ata', 'ide', 'nvme', 'mmc', 'virtio'];

/** The links of a chain, controller first. Throws when something on the way can't be read. */
export async function linksOf(
  ports: Ports,
  parts: readonly Part[],
  bus: Bus,
  disk: SysBlock,
): Promise<readonly ChainLink[]> {
  const platform = await platformController(ports, parts);
  const links: ChainLink[] = [];
  for (const part of parts) {
    const link = await linkOf(ports, parts, part, part === platform, bus);
    if (link !== null) links.push(link);
  }
  if (bus === 'usb' && !links.some(({ role }) => role === 'bridge')) {
    throw new Error(`there is no USB device between ${disk.name} and the root hub`);
  }
  return [
    ...links,
    await diskLink(
      ports,
      disk,
      parts.some(({ kind }) => kind === 'scsi-device'),
    ),
  ];
}

/** The disk itself. `scsi`: it answered an INQUIRY, whose strings the kernel keeps. */
export async function diskLink(ports: Ports, disk: SysBlock, scsi: boolean): Promise<ChainLink> {
  return {
    ...plainLink('disk', disk.name, disk.folder),
    driver: await driverOf(ports, `${disk.folder}/device`),
    inquiry: scsi ? await inquiryOf(ports, `${disk.folder}/device`) : null,
  };
}

async function linkOf(
  ports: Ports,
  parts: readonly Part[],
  part: Part,
  isPlatform: boolean,
  bus: Bus,
): Promise<ChainLink | null> {
  const { kind, name, folder } = part;
  if (kind === 'usb' || kind === 'usb-root') return usbLink(ports, parts, part);
  if (kind === 'firewire') {
    const unit = parts.find((other) => other.kind === 'firewire-unit');
    return {
      ...plainLink('bridge', name, folder),
      driver: unit === undefined ? null : await driverOf(ports, unit.folder),
    };
  }
  if (kind === 'sas-expander') return plainLink('hub', name, folder);
  if (kind === 'scsi-host' && (bus === 'scsi' || bus === 'sas')) {
    return {
      ...plainLink('controller', name, folder),
      driver: await told(ports, `${folder}/scsi_host/${name}/proc_name`),
    };
  }
  const isPci = kind === 'pci' && part === parts.findLast((other) => other.kind === 'pci');
  if (!isPci && !isPlatform && !CONTROLLERS.includes(kind)) return null;
  return {
    ...plainLink('controller', name, folder),
    driver: await driverOf(ports, folder),
    pci: isPci ? await pciIds(ports, folder) : null,
  };
}

/** The last USB device on the way is the bridge; those above it are hubs. */
async function usbLink(ports: Ports, parts: readonly Part[], part: Part): Promise<ChainLink> {
  const { name, folder } = part;
  const isBridge = part.kind === 'usb' && part === parts.findLast(({ kind }) => kind === 'usb');
  if (!isBridge) {
    return {
      ...plainLink('hub', name, folder),
      driver: await driverOf(ports, folder),
      usb: await usbIdentity(ports, folder, null),
    };
  }
  const own = parts.find(({ kind, name: other }) => kind === 'usb-interface' && other.startsWith(`${name}:`));
  return {
    ...plainLink('bridge', name, folder),
    driver: own === undefined ? null : await driverOf(ports, own.folder),
    usb: await usbIdentity(ports, folder, own === undefined ? null : await interfaceTransport(ports, own.folder)),
  };
}

/**
 * A controller that is no PCI function, or sits on one (a USB core of a system on a chip): the nearest folder with a
 * driver above the first part of a bus.
 */
async function platformController(ports: Ports, parts: readonly Part[]): Promise<Part | null> {
  const first = parts.findIndex(({ kind }) => kind !== 'pci' && kind !== 'other');
  const above = first < 0 ? parts : parts.slice(0, first);
  for (const part of above.slice(above.findLastIndex(({ kind }) => kind === 'pci') + 1).reverse()) {
    if (!isVirtual(part.folder) && (await driverOf(ports, part.folder)) !== null) return part;
  }
  return null;
}

/** As lspci writes them: `8086:a36d`. */
async function pciIds(ports: Ports, folder: string): Promise<string | null> {
  const ids = [await told(ports, `${folder}/vendor`), await told(ports, `${folder}/device`)];
  return ids.every((id) => id !== null && /^0x[0-9a-f]{4}$/i.test(id))
    ? ids.map((id) => id?.slice(2).toLowerCase()).join(':')
    : null;
}

async function inquiryOf(ports: Ports, folder: string): Promise<InquiryStrings | null> {
  const [vendor, product, revision] = [
    await told(ports, `${folder}/vendor`),
    await told(ports, `${folder}/model`),
    await told(ports, `${folder}/rev`),
  ];
  if (vendor === null && product === null) return null;
  return { vendor: vendor ?? '', product: product ?? '', revision: revision ?? '' };
}

function plainLink(role: ChainLink['role'], name: string, sysfs: string): ChainLink {
  return { role, name, sysfs, driver: null, usb: null, pci: null, inquiry: null };
}
