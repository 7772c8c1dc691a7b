/** Waits for work, but not longer than until a signal aborts: one listener for a whole job, however many waits. */
export class StopGate {
  readonly #signal: AbortSignal;
  #wake: (() => void) | null = null;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#wake?.(), { once: true });
  }

  async wait<T>(work: Promise<T>): Promise<T | 'stopped'> {
    if (this.#signal.aborted) {
      // Nobody will hear of it any more: its failure must not end the process.
      work.catch(() => undefined);
      return 'stopped';
    }
    return new Promise((resolve, reject) => {
      this.#wake = () => {
        resolve('stopped');
      };
      work.then(resolve, reject);
    });
  }
}
