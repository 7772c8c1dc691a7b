import type { Clock } from '../system/clock.ts';

/**
 * Waits for one thing after the other, thousands of times a second, each with a limit: one timer and one listener serve them
 * all. (`within` makes both for every wait, which took a third of the time of a stream.)
 */
export class Patience {
  readonly #clock: Clock;
  readonly #stop: AbortSignal;
  readonly #closed = new AbortController();
  /** Ends the wait that goes on; null: none does. */
  #settle: ((why: 'late' | 'stopped' | 'told') => void) | null = null;
  #deadline = 0;
  /** Until when the timer sleeps, and what wakes it. */
  #asleep: { readonly until: number; readonly wake: AbortController } | null = null;
  readonly #stopped = (): void => this.#settle?.('stopped');

  constructor(clock: Clock, stop: AbortSignal) {
    this.#clock = clock;
    this.#stop = stop;
    stop.addEventListener('abort', this.#stopped);
  }

  /** What comes of the work; `late` after so many milliseconds, `stopped`, or `told` where {@link interrupt} was called. One at a time. */
  until<T>(ms: number, work: Promise<T>): Promise<T | 'late' | 'stopped' | 'told'> {
    // Who was told to stop already waits for nothing, however much is there.
    if (this.#stop.aborted) return Promise.resolve('stopped');
    this.#deadline = this.#clock.monotonicMs() + ms;
    return new Promise((resolve, reject) => {
      const settle = (this.#settle = (why): void => {
        this.#settle = null;
        resolve(why);
      });
      const isOver = (): void => {
        if (this.#settle === settle) this.#settle = null;
      };
      work.then(isOver, isOver);
      work.then(resolve, reject);
      if (this.#asleep !== null && this.#asleep.until > this.#deadline) this.#asleep.wake.abort();
      if (this.#asleep === null) void this.#watch();
    });
  }

  /** Ends the wait that goes on: there is news of another kind. */
  interrupt(): void {
    this.#settle?.('told');
  }

  close(): void {
    this.#stop.removeEventListener('abort', this.#stopped);
    this.#closed.abort();
    this.#asleep?.wake.abort();
  }

  async #watch(): Promise<void> {
    while (!this.#closed.signal.aborted && this.#settle !== null) {
      const left = this.#deadline - this.#clock.monotonicMs();
      if (left <= 0) {
        this.#settle('late');
        break;
      }
      const wake = new AbortController();
      this.#asleep = { until: this.#deadline, wake };
      await this.#clock.sleep(left, wake.signal);
    }
    this.#asleep = null;
  }
}
