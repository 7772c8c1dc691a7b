import type { RemoteProgram } from '../model/remote.ts';
import type { Clock } from '../system/clock.ts';

const MIB = 1024 * 1024;
const SMALLEST_RANGE = 64 * 1024;

/** How a disk is cut into ranges: bytes of each, and how many are ordered ahead on each channel. */
interface Ranges {
  readonly rangeBytes: number;
  readonly ahead: number;
}

/**
 * What is under way is lost with the link, and lies in memory here: no more than it takes. Around dd each range is a fork or
 * four there; python3 has none, and smaller ones are still in the processor's cache when they are hashed here (measured).
 */
const USUAL: Readonly<Record<RemoteProgram, Ranges>> = {
  dd: { rangeBytes: 8 * MIB, ahead: 2 },
  python3: { rangeBytes: 4 * MIB, ahead: 3 },
};

export function rangesFor(program: RemoteProgram, limitRate: number | null): Ranges {
  const { rangeBytes, ahead } = USUAL[program];
  return { rangeBytes: rangeFor(limitRate, rangeBytes), ahead };
}

/** Paces what is ordered, so that no more than so many bytes a second are read over there. First come, first served. */
export class RateLimit {
  readonly #clock: Clock;
  readonly #rate: number | null;
  /** When the next order may go. */
  #free = -Infinity;

  /** @param rate bytes a second; null: no limit */
  constructor(clock: Clock, rate: number | null) {
    this.#clock = clock;
    this.#rate = rate;
  }

  /** Resolves when so many bytes may be ordered, earlier when `stop` aborts. Orders go in the order they were asked in. */
  async take(bytes: number, stop?: AbortSignal): Promise<void> {
    if (this.#rate === null) return;
    const now = this.#clock.monotonicMs();
    const begin = Math.max(now, this.#free);
    this.#free = begin + (bytes * 1000) / this.#rate;
    if (begin > now) await this.#clock.sleep(begin - now, stop);
  }
}

/** Bytes of a range under a limit: about half a second's worth, so that the disk over there is read evenly. */
function rangeFor(rate: number | null, most: number): number {
  if (rate === null) return most;
  const fitting = 2 ** Math.floor(Math.log2(Math.max(rate / 2, SMALLEST_RANGE)));
  return Math.min(fitting, most);
}
