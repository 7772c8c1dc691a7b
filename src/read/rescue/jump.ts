import type { Outcome } from './step.ts';

const KIB = 1024;
const SHORTEST = 64 * KIB;
const LONGEST = 1024 * KIB * KIB;
/** Of the source: a jump never leaves out more. */
const LARGEST_PART = 0.02;
/** A read is slow when it took longer than this, and this many times longer than reads usually do here. */
const SLOW_MS = 1000;
const SLOW_TIMES = 10;

/** How much is left out behind a failing or slow read: twice as much each time, until a read is quick and good again. */
export class Jump {
  readonly #longest: number;
  readonly #skips: boolean;
  #length = SHORTEST;
  #bytes = 0;
  #ms = 0;

  constructor(size: number, skips: boolean) {
    this.#skips = skips;
    // A multiple of every sector size, so that reads stay aligned.
    const part = Math.floor((size * LARGEST_PART) / SHORTEST) * SHORTEST;
    this.#longest = Math.max(SHORTEST, Math.min(LONGEST, part));
  }

  /** The read before was good and quick. */
  get calm(): boolean {
    return this.#length === SHORTEST;
  }

  /** Bytes to leave out behind a read of `length` bytes. */
  after(outcome: Outcome, length: number): number {
    const slow = this.#isSlow(outcome);
    if (outcome.good > 0 && !slow) {
      this.#bytes += outcome.good;
      this.#ms += outcome.ms;
    }
    if (!outcome.failed && !slow) {
      this.#length = SHORTEST;
      return 0;
    }
    const jump = this.#length;
    this.#length = Math.min(this.#length * 2, Math.max(this.#longest, SHORTEST * 2));
    return this.#skips && length > 0 ? Math.min(jump, this.#longest) : 0;
  }

  #isSlow({ good, ms }: Outcome): boolean {
    const usual = this.#bytes === 0 ? 0 : (this.#ms / this.#bytes) * good;
    return ms > SLOW_MS && ms > usual * SLOW_TIMES;
  }
}
