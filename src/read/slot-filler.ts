import type { FreeSlot, RingWriter } from '../ring/ring.ts';
import type { Clock } from '../system/clock.ts';

/** How long what was read may wait for its slot to be full, in milliseconds. */
const PATIENCE_MS = 1000;

/**
 * Packs a stream of bytes of any sizes into ring slots, in order of offset. A slot that has waited for a second is
 * published as it is: a drive that takes its time does not keep what it gave from being recorded.
 */
export class SlotFiller {
  readonly #out: RingWriter;
  readonly #clock: Clock;
  readonly #closed = new AbortController();
  #slot: FreeSlot | null = null;
  #filled = 0;
  #offset: number;
  /** When the first byte went into the open slot. */
  #since = 0;
  #watching = false;

  constructor(out: RingWriter, offset: number, clock: Clock) {
    this.#out = out;
    this.#offset = offset;
    this.#clock = clock;
  }

  /** Offset on the source of the next byte. */
  get position(): number {
    return this.#offset + this.#filled;
  }

  async append(bytes: Uint8Array): Promise<void> {
    for (let taken = 0; taken < bytes.length;) {
      this.#slot ??= await this.#out.slot();
      if (this.#filled === 0) this.#since = this.#clock.monotonicMs();
      const part = bytes.subarray(taken, taken + this.#slot.bytes.length - this.#filled);
      this.#slot.bytes.set(part, this.#filled);
      this.#filled += part.length;
      taken += part.length;
      if (this.#filled === this.#slot.bytes.length) this.flush();
    }
    if (!this.#watching && this.#filled > 0) void this.#watch();
  }

  /** Publishes what is in the open slot. */
  flush(): void {
    if (this.#filled === 0) return;
    this.#out.publish(this.#offset, this.#filled);
    this.#offset += this.#filled;
    this.#filled = 0;
    this.#slot = null;
  }

  /** Publishes what is left; nothing comes any more. */
  close(): void {
    this.flush();
    this.#closed.abort();
  }

  async #watch(): Promise<void> {
    this.#watching = true;
    while (this.#filled > 0) {
      const left = this.#since + PATIENCE_MS - this.#clock.monotonicMs();
      if (left <= 0) this.flush();
      else await this.#clock.sleep(left, this.#closed.signal);
    }
    this.#watching = false;
  }
}
