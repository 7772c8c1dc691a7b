import type { FreeSlot, RingWriter } from '../ring/ring.ts';

/** Packs a stream of bytes of any sizes into ring slots, in order of offset. */
export class SlotFiller {
  readonly #out: RingWriter;
  #slot: FreeSlot | null = null;
  #filled = 0;
  #offset: number;

  constructor(out: RingWriter, offset: number) {
    this.#out = out;
    this.#offset = offset;
  }

  /** Offset on the source of the next byte. */
  get position(): number {
    return this.#offset + this.#filled;
  }

  async append(bytes: Uint8Array): Promise<void> {
    for (let taken = 0; taken < bytes.length;) {
      this.#slot ??= await this.#out.slot();
      const part = bytes.subarray(taken, taken + this.#slot.bytes.length - this.#filled);
      this.#slot.bytes.set(part, this.#filled);
      this.#filled += part.length;
      taken += part.length;
      if (this.#filled === this.#slot.bytes.length) this.flush();
    }
  }

  /** Publishes what is in the open slot. */
  flush(): void {
    if (this.#filled === 0) return;
    this.#out.publish(this.#offset, this.#filled);
    this.#offset += this.#filled;
    this.#filled = 0;
    this.#slot = null;
  }
}
