import { bridgeOf, type Bus, type ChainLink, type DiskChain, type UsbIdentity } from './chain.ts';
import type { Fact } from './device.ts';

const BUS_WORDS: Readonly<Record<Bus, string>> = {
  usb: 'USB',
  sata: 'SATA',
  pata: 'PATA (IDE)',
  nvme: 'NVMe',
  sas: 'SAS',
  scsi: 'SCSI',
  mmc: 'SD/MMC',
  virtio: 'virtio',
  firewire: 'FireWire',
  loop: 'loop',
  virtual: 'virtual',
  unknown: 'unknown bus',
};

/**
 * What a disk hangs on, as a technician says it: `USB 5G UAS: 152d:0578 JMicron Generic`, `SATA: ahci 0000:00:17.0`.
 * Holds what the bridge says of itself: raw, to be made visible before it is shown.
 */
export function hangsOn(chain: Fact<DiskChain>): string {
  if (!chain.known) return '?';
  const { bus } = chain.value;
  const bridge = bridgeOf(chain.value);
  const words = [BUS_WORDS[bus], ...speedWords(bridge?.usb ?? null)].join(' ');
  const what = bridge === null ? controllerWords(chain.value.links) : bridgeWords(bridge);
  return what === '' ? words : `${words}: ${what}`;
}

/** The way to a disk, by which it is known again: `usb: 0000:00:14.0 > 2-1 152d:0578 BR01 > sdb`. Raw. */
export function chainIdentity({ bus, links }: DiskChain): string {
  const words = links.map(({ name, usb }) =>
    usb === null ? name : [name, `${usb.vendorId}:${usb.productId}`, usb.serial ?? '(no serial)'].join(' '),
  );
  return `${bus}: ${words.join(' > ')}`;
}

/** The bus as people call it. */
export function busWords(bus: Bus): string {
  return BUS_WORDS[bus];
}

/** `480M BOT`: the speed of the bridge's own link, and how it carries SCSI. */
function speedWords(usb: UsbIdentity | null): string[] {
  if (usb === null) return [];
  return [usb.speed === null ? '' : shortSpeed(usb.speed), usb.transport?.toUpperCase() ?? ''].filter(
    (word) => word !== '',
  );
}

function shortSpeed(speed: number): string {
  return speed < 1000 ? `${speed}M` : `${speed / 1000}G`;
}

/** A bridge by its ids, and its make and model in its own words. */
export function bridgeWords({ name, usb }: ChainLink): string {
  if (usb === null) return name;
  const strings = [usb.manufacturer, usb.product].filter((text) => text !== null);
  return [`${usb.vendorId}:${usb.productId}`, ...strings].join(' ');
}

/** The last controller with a driver says most: `ahci 0000:00:17.0`. */
function controllerWords(links: readonly ChainLink[]): string {
  const controllers = links.filter(({ role }) => role === 'controller');
  const chosen = controllers.findLast(({ driver }) => driver !== null) ?? controllers.at(-1);
  return chosen === undefined ? '' : [chosen.driver, chosen.name].filter((word) => word !== null).join(' ');
}
