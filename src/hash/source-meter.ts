import { bug } from '../model/errors.ts';
import type { Ring, RingWriter } from '../ring/ring.ts';
import type { Resume } from './resume.ts';

/** The ring as the producer sees it. Measures how fast the source fills it for the first time, and knows where it stands. */
export class SourceMeter implements RingWriter {
  readonly #ring: Ring;
  readonly #nowMs: () => number;
  readonly #resume: Resume | undefined;
  readonly firstSlots: Promise<number | null>;
  #resolve!: (rate: number | null) => void;
  #started = 0;
  #bytes = 0;
  #first = 0;
  #seen = 0;
  #end: number | null = null;
  #publishedBefore = 0;

  constructor(ring: Ring, nowMs: () => number, resume?: Resume) {
    this.#ring = ring;
    this.#nowMs = nowMs;
    this.#resume = resume;
    this.firstSlots = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  get slotBytes(): number {
    return this.#ring.slotBytes;
  }

  slot(): ReturnType<RingWriter['slot']> {
    return this.#ring.slot();
  }

  publish(offset: number, length: number): void {
    if (this.#resume !== undefined) this.#heedResume(this.#resume, offset, length);
    this.#ring.publish(offset, length);
    this.#end = offset + length;
    this.#seen += 1;
    // The first slot carries the start of the reader and the disk's spin-up; it does not count.
    if (this.#seen === 1) {
      this.#started = this.#nowMs();
      this.#first = length;
    } else {
      this.#bytes += length;
    }
    const elapsed = this.#nowMs() - this.#started;
    if (this.#seen >= this.#ring.memory.slots - 1 || (this.#seen >= 3 && elapsed > 1500)) this.#resolve(this.#rate());
  }

  /** Bytes that went into the ring so far. */
  get published(): number {
    return this.#first + this.#bytes;
  }

  /** Of these, bytes that streams with a state hash. */
  get publishedAfterStates(): number {
    return this.published - this.#publishedBefore;
  }

  /** The end of what was published, in bytes of the stream; null: nothing was. */
  get end(): number | null {
    return this.#end;
  }

  /** No more is to come, or not until somebody who needs the rate has gone on: it is told from what there is. */
  ended(): void {
    this.#resolve(this.#seen < 4 ? null : this.#rate());
  }

  /** A hash that goes on from a state is right only when exactly the bytes from there on follow. */
  #heedResume(resume: Resume, offset: number, length: number): void {
    const expected = this.#end ?? resume.from;
    if (offset !== expected) throw bug(`byte ${offset} was published where byte ${expected} must come`);
    if (offset >= resume.position) return;
    if (offset + length > resume.position)
      throw bug(`a chunk at byte ${offset} lies across byte ${resume.position}, where the hashes go on`);
    this.#publishedBefore += length;
  }

  #rate(): number {
    return Math.floor((this.#bytes / Math.max(this.#nowMs() - this.#started, 0.001)) * 1000);
  }
}
