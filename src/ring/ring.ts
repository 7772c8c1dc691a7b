import type { Chunk } from '../model/chunk.ts';
import { bug } from '../model/errors.ts';
import * as shared from './memory.ts';

/** A slot that the producer may fill. */
export interface FreeSlot {
  readonly bytes: Uint8Array;
}

/** What a producer sees of the ring. */
export interface RingWriter {
  readonly slotBytes: number;
  /** Waits for a free slot. Rejects with the reason when the ring was aborted. */
  slot(): Promise<FreeSlot>;
  /** Hands the first `length` bytes of the slot to every consumer. */
  publish(offset: number, length: number): void;
}

/** What a consumer on the main thread sees of the ring. */
export interface RingReader {
  /** The next chunk, or null at the end. Rejects with the reason when the ring was aborted. */
  next(): Promise<Chunk | null>;
  release(): void;
}

/**
 * The main thread's end of the ring. Consumers in worker threads block in `Atomics.wait`; the main thread must not,
 * so it is woken by {@link poke}, which lanes call for each message of their worker.
 */
export class Ring implements RingWriter {
  readonly memory: shared.RingMemory;
  readonly #words: Int32Array;
  readonly #headers: Float64Array;
  readonly #waiting = new Set<() => void>();
  readonly #absent = new Set<number>();
  #abortReason: unknown = null;
  #granted = false;

  constructor(slots: number, slotBytes: number, consumers: number) {
    this.memory = shared.allocateRing(slots, slotBytes, consumers);
    this.#words = shared.words(this.memory);
    this.#headers = shared.headers(this.memory);
  }

  get slotBytes(): number {
    return this.memory.slotBytes;
  }

  /** Slots published so far. */
  get published(): number {
    return Atomics.load(this.#words, shared.HEAD);
  }

  async slot(): Promise<FreeSlot> {
    await this.#until(() => this.published - this.#slowest() < this.memory.slots);
    this.#granted = true;
    return { bytes: shared.slotView(this.memory, this.published) };
  }

  publish(offset: number, length: number): void {
    if (!this.#granted) throw bug('a ring slot was published that nobody was given');
    if (length < 1 || length > this.slotBytes) throw bug(`a ring slot of ${length} bytes`);
    this.#granted = false;
    const at = (this.published % this.memory.slots) * 2;
    this.#headers[at] = offset;
    this.#headers[at + 1] = length;
    Atomics.add(this.#words, shared.HEAD, 1);
    this.#announce();
  }

  /**
   * Marks the place after the last published slot; every blocking consumer tells when it has got there. Gives the
   * mark's number. There is one at a time: a new one only once every consumer has told of the last.
   */
  mark(): number {
    Atomics.store(this.#words, shared.MARK_AT, this.published);
    const mark = Atomics.add(this.#words, shared.MARK, 1) + 1;
    this.#announce();
    return mark;
  }

  /** The end was told: a consumer may have left. */
  get ended(): boolean {
    return Atomics.load(this.#words, shared.STATE) !== shared.RUNNING;
  }

  /** No more slots will come; consumers finish what is published. */
  end(): void {
    Atomics.compareExchange(this.#words, shared.STATE, shared.RUNNING, shared.ENDED);
    this.#announce();
  }

  /** One failure ends all: everybody who waits is woken and told. The first reason stays. */
  abort(reason: unknown): void {
    if (Atomics.load(this.#words, shared.STATE) === shared.ABORTED) return;
    this.#abortReason = reason;
    Atomics.store(this.#words, shared.STATE, shared.ABORTED);
    this.#announce();
  }

  /** This consumer was counted in, and will not come: nobody waits for it. */
  dismiss(consumer: number): void {
    this.#absent.add(consumer);
    this.poke();
  }

  /** Wakes whoever waits on the main thread to look again. */
  poke(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** A consumer's end for the main thread. */
  reader(consumer: number): RingReader {
    const tail = shared.tailIndex(consumer);
    return {
      next: async () => {
        const position = Atomics.load(this.#words, tail);
        const ended = (): boolean => Atomics.load(this.#words, shared.STATE) === shared.ENDED;
        await this.#until(() => this.published > position || ended());
        if (this.published === position) return null;
        const at = (position % this.memory.slots) * 2;
        const length = this.#headers[at + 1] ?? 0;
        return { offset: this.#headers[at] ?? 0, bytes: shared.slotView(this.memory, position, length) };
      },
      release: () => {
        Atomics.add(this.#words, tail, 1);
        this.poke();
      },
    };
  }

  #slowest(): number {
    let slowest = this.published;
    for (let consumer = 0; consumer < this.memory.consumers; consumer += 1) {
      if (this.#absent.has(consumer)) continue;
      slowest = Math.min(slowest, Atomics.load(this.#words, shared.tailIndex(consumer)));
    }
    return slowest;
  }

  #announce(): void {
    Atomics.add(this.#words, shared.SIGNAL, 1);
    Atomics.notify(this.#words, shared.SIGNAL);
    this.poke();
  }

  async #until(condition: () => boolean): Promise<void> {
    for (;;) {
      if (Atomics.load(this.#words, shared.STATE) === shared.ABORTED) throw this.#abortReason;
      if (condition()) return;
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#waiting.delete(wake);
          resolve();
        };
        this.#waiting.add(wake);
      });
    }
  }
}
