import { busWords } from './chain-text.ts';
import type { DiskChain } from './chain.ts';
import { known, unknown, type Fact } from './device.ts';
import { usbCarries } from './slow-link.ts';

/** What the kernel tells of a link beside the chain itself. Unknown also where the disk has no such link. */
export interface LinkSpeeds {
  /** Gbit/s of a SATA link as negotiated: 1.5, 3, 6. */
  readonly sata: Fact<number>;
  /** Gigatransfers a second and lanes, as negotiated, of the PCI function nearest to the disk. */
  readonly pcie: Fact<{ readonly gigatransfers: number; readonly lanes: number }>;
}

/** The most that comes through a link. What the disk behind it gives may be far less. */
export interface LinkRate {
  readonly bytesPerSecond: number;
  /** `USB, 5000 Mbit/s at 2-1`; raw. */
  readonly words: string;
}

/** The narrowest place that is known between this station and a disk. Unknown where none is; never a guess. */
export function linkRate(chain: Fact<DiskChain>, speeds: LinkSpeeds): Fact<LinkRate> {
  if (!chain.known) return chain;
  const { bus } = chain.value;
  if (bus === 'usb') return usbRate(chain.value);
  if (bus === 'sata') return sataRate(speeds.sata);
  if (bus === 'nvme') return pcieRate(speeds.pcie);
  return unknown(`what a link of this kind (${busWords(bus)}) carries is not known`);
}

/** Of several links of the same speed the one nearest to the host. */
function usbRate({ links }: DiskChain): Fact<LinkRate> {
  const told = links.flatMap(({ name, usb }) => (usb?.speed == null ? [] : [{ name, speed: usb.speed }]));
  const [first, ...others] = told;
  if (first === undefined) return unknown('no speed of a USB link is told');
  const slowest = others.reduce((best, each) => (each.speed < best.speed ? each : best), first);
  const bytesPerSecond = usbCarries(slowest.speed);
  const words = `USB, ${slowest.speed} Mbit/s at ${slowest.name}`;
  return bytesPerSecond === null
    ? unknown(`what it carries is not known (${words})`)
    : known({ bytesPerSecond, words });
}

/** SATA codes 8 bits in 10. */
function sataRate(speed: Fact<number>): Fact<LinkRate> {
  if (!speed.known) return speed;
  return known({ bytesPerSecond: Math.floor(speed.value * 1e8), words: `SATA, ${speed.value} Gbit/s` });
}

/** PCI Express codes 8 bits in 10 up to 5 GT/s (generation 2), 128 in 130 above. */
function pcieRate(speed: LinkSpeeds['pcie']): Fact<LinkRate> {
  if (!speed.known) return speed;
  const { gigatransfers, lanes } = speed.value;
  const coded = gigatransfers <= 5 ? 8 / 10 : 128 / 130;
  const bytesPerSecond = Math.floor(((gigatransfers * 1e9 * coded) / 8) * lanes);
  return known({ bytesPerSecond, words: `PCI Express, ${gigatransfers} GT/s on ${lanes} lanes` });
}
