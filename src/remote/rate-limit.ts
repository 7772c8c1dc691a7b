import type { Clock } from '../system/clock.ts';

const SMALLEST_RANGE = 64 * 1024;

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
export function rangeFor(rate: number | null, most: number): number {
  if (rate === null) return most;
  const fitting = 2 ** Math.floor(Math.log2(Math.max(rate / 2, SMALLEST_RANGE)));
  return Math.min(fitting, most);
}
