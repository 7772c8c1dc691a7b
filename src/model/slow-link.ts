import type { ChainLink, DiskChain } from './chain.ts';
import type { Fact } from './device.ts';
import { groupDigits } from './size.ts';
import { visible } from './text.ts';

/** USB links up to this speed, in Mbit/s, are slower than any disk that one would image. USB 2 calls it "high". */
const SLOW_UP_TO = 480;

/**
 * What a bulk transfer gets out of a link, bytes a second: high speed carries 35 to 40 MB/s of its 60, full speed about
 * 1 of its 1.5, low speed is for keyboards. Rounded down: a person who plans by it is not late.
 */
const CARRIES: readonly { readonly upTo: number; readonly bytesPerSecond: number }[] = [
  { upTo: 1.5, bytesPerSecond: 100_000 },
  { upTo: 12, bytesPerSecond: 1_000_000 },
  { upTo: SLOW_UP_TO, bytesPerSecond: 35_000_000 },
];

/** Line rate less its coding, bytes a second, by the speed that sysfs tells: 8 bits in 10 at 5 Gbit/s, 128 in 132 above. */
const CODED: Readonly<Record<number, number>> = { 5000: 500_000_000, 10000: 1_212_121_212, 20000: 2_424_242_424 };

/**
 * What a USB link carries at most, bytes a second. USB 2 and slower as in {@link slowPace}; faster ones by their coding.
 * Null: not known for this speed.
 * @param speed megabits per second, as negotiated
 */
export function usbCarries(speed: number): number | null {
  return CARRIES.find(({ upTo }) => speed <= upTo)?.bytesPerSecond ?? CODED[speed] ?? null;
}

/** The link that sets the pace of a read, and how long it will take. An estimate: nothing was measured. */
export interface SlowPace {
  /** Kernel name of the hub or bridge. */
  readonly link: string;
  readonly role: ChainLink['role'];
  /** Megabits per second, as negotiated. */
  readonly speed: number;
  readonly bytesPerSecond: number;
  /** For the whole size. */
  readonly seconds: number;
}

/**
 * The slowest USB link between host and disk where it is USB 2 or slower; of several the one nearest to the host, which
 * is where a change would help. Null: none is slow, or the chain or a speed is not known.
 * @param size bytes to read
 */
export function slowPace(chain: Fact<DiskChain>, size: number): SlowPace | null {
  if (!chain.known) return null;
  let slowest: { link: ChainLink; speed: number } | null = null;
  for (const link of chain.value.links) {
    const speed = link.usb?.speed ?? null;
    if (speed !== null && speed <= SLOW_UP_TO && speed < (slowest?.speed ?? Infinity)) slowest = { link, speed };
  }
  if (slowest === null) return null;
  const { link, speed } = slowest;
  const bytesPerSecond = usbCarries(speed) ?? Infinity;
  return { link: link.name, role: link.role, speed, bytesPerSecond, seconds: Math.ceil(size / bytesPerSecond) };
}

/** What a slow link means for reading `size` bytes, in a sentence or two for the plan; null where none is known of. */
export function slowLink(chain: Fact<DiskChain>, size: number): string | null {
  const pace = slowPace(chain, size);
  if (pace === null) return null;
  const { link, speed, bytesPerSecond, seconds } = pace;
  return (
    `${generation(speed)} on the way to the disk (${speed} Mbit/s at ${visible(link)}): reading ${groupDigits(size)} bytes takes ` +
    `${aboutHowLong(seconds)} or more, an estimate at ${groupDigits(bytesPerSecond / 1000)} kB/s. ` +
    'Another port, cable or hub is faster if the bridge can do USB 3.'
  );
}

/** `USB 2`, by the speed that was negotiated in Mbit/s. */
function generation(speed: number): string {
  if (speed < SLOW_UP_TO) return 'USB 1';
  return speed < 5000 ? 'USB 2' : 'USB 3';
}

/** For people, rounded up: `about 4 hours`, `about 12 minutes`, `less than a minute`. */
export function aboutHowLong(seconds: number): string {
  if (seconds < 60) return 'less than a minute';
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 120) return `about ${minutes} minutes`;
  const hours = Math.ceil(minutes / 60);
  return hours < 48 ? `about ${hours} hours` : `about ${Math.ceil(hours / 24)} days`;
}
