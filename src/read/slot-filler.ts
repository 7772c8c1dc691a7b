import type { FreeSlot, RingWriter } from '../ring/ring.ts';
import type { Clock } from '../system/clock.ts';

/** How long what was read may wait for its slot to be full, in milliseconds. */
const PATIENCE_MS = 1000;

/**
 * Packs a stream of bytes of any sizes into ring slots, in order of offset. A slot that has waited for a second is
 * published as it is: a drive that takes its time does not keep what it gave from being recorded. Only whole sectors are
 * published before the end: a job may be cut off there, and a disk can't be read on from the middle of a sector.
 */
export class SlotFiller {
  readonly #out: RingWriter;
  readonly #clock: Clock;
  readonly #closed = new AbortController();
  readonly #sector: number;
  #slot: FreeSlot | null = null;
  #filled = 0;
  /** What came of a sector that is not whole, while no slot is open. */
  #carried = new Uint8Array(0);
  #offset: number;
  /** When the first byte went into the open slot. */
  #since = 0;
  #watching = false;

  /**
   * @param offset where the first byte lies; a multiple of `sector`
   * @param sector bytes
   */
  constructor(out: RingWriter, offset: number, sector: number, clock: Clock) {
    this.#out = out;
    this.#sector = sector;
    this.#offset = offset;
    this.#clock = clock;
  }

  /** Offset on the source of the next byte. */
  get position(): number {
    return this.#offset + this.#filled + this.#carried.length;
  }

  async append(bytes: Uint8Array): Promise<void> {
    for (let taken = 0; taken < bytes.length;) {
      const slot = (this.#slot ??= await this.#open());
      const part = bytes.subarray(taken, taken + slot.bytes.length - this.#filled);
      slot.bytes.set(part, this.#filled);
      this.#filled += part.length;
      taken += part.length;
      if (this.#filled === slot.bytes.length) this.flush();
    }
    if (!this.#watching && this.#filled > 0) void this.#watch();
  }

  /** Publishes the whole sectors in the open slot. */
  flush(): void {
    const rest = this.#filled % this.#sector;
    if (this.#slot === null || this.#filled === rest) return;
    const kept = this.#slot.bytes.slice(this.#filled - rest, this.#filled);
    this.#publish(this.#filled - rest);
    this.#carried = kept;
  }

  /**
   * Publishes what is left; nothing comes any more. A part of a sector is dropped, unless the source ends in it.
   * @param end of what was to come
   */
  async close(end: number): Promise<void> {
    this.#closed.abort();
    if (this.position !== end) {
      this.flush();
      return;
    }
    if (this.#carried.length > 0) this.#slot = await this.#open();
    if (this.#filled > 0) this.#publish(this.#filled);
  }

  async #open(): Promise<FreeSlot> {
    const slot = await this.#out.slot();
    slot.bytes.set(this.#carried);
    this.#filled = this.#carried.length;
    this.#carried = new Uint8Array(0);
    this.#since = this.#clock.monotonicMs();
    return slot;
  }

  #publish(length: number): void {
    this.#out.publish(this.#offset, length);
    this.#offset += length;
    this.#filled = 0;
    this.#slot = null;
  }

  async #watch(): Promise<void> {
    this.#watching = true;
    while (this.#filled > 0 && !this.#closed.signal.aborted) {
      const left = this.#since + PATIENCE_MS - this.#clock.monotonicMs();
      if (left <= 0) {
        this.flush();
        // Less than a sector stays.
        this.#since = this.#clock.monotonicMs();
      } else await this.#clock.sleep(left, this.#closed.signal);
    }
    this.#watching = false;
  }
}
