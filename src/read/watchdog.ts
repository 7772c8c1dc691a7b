import type { Clock } from '../system/clock.ts';

/** Bites once when a single wait has lasted too long: one timer for all the waits of a reader, however short they are. */
export class Watchdog {
  readonly #clock: Clock;
  readonly #limitMs: number | null;
  readonly #bite: () => void;
  readonly #closed = new AbortController();
  #since: number | null = null;
  #running = false;
  #bitten = false;

  /** @param limitMs null: it never bites */
  constructor(clock: Clock, limitMs: number | null, bite: () => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#bite = bite;
  }

  /** A wait begins now; also: it has just moved on. */
  begin(): void {
    if (this.#limitMs === null) return;
    this.#since = this.#clock.monotonicMs();
    if (!this.#running) void this.#watch(this.#limitMs);
  }

  /** A wait has lasted too long, since it was last told to forget. */
  get hasBitten(): boolean {
    return this.#bitten;
  }

  forget(): void {
    this.#bitten = false;
  }

  /** Nothing is waited for. */
  end(): void {
    this.#since = null;
  }

  close(): void {
    this.#since = null;
    this.#closed.abort();
  }

  async #watch(limitMs: number): Promise<void> {
    this.#running = true;
    while (this.#since !== null) {
      const left = this.#since + limitMs - this.#clock.monotonicMs();
      if (left <= 0) {
        this.#since = null;
        this.#bitten = true;
        this.#bite();
      } else {
        await this.#clock.sleep(left, this.#closed.signal);
      }
    }
    this.#running = false;
  }
}
