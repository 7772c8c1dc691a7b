import type { Chunk } from '../model/chunk.ts';
import * as shared from './memory.ts';

/** Thrown inside a worker when another part of the pipeline failed. */
export class RingAborted extends Error {
  constructor() {
    super('the ring was aborted');
    this.name = 'RingAborted';
  }
}

/** A consumer's end of the ring for a worker thread: `next` blocks the thread. */
export class BlockingConsumer {
  readonly #memory: shared.RingMemory;
  readonly #words: Int32Array;
  readonly #headers: Float64Array;
  readonly #tail: number;
  readonly #onMark: (mark: number) => void;
  #mark = 0;

  /** `onMark` is called, from within `next`, when everything before the mark was given back and nothing after it was taken. */
  constructor(memory: shared.RingMemory, consumer: number, onMark: (mark: number) => void = () => undefined) {
    this.#onMark = onMark;
    this.#memory = memory;
    this.#words = shared.words(memory);
    this.#headers = shared.headers(memory);
    this.#tail = shared.tailIndex(consumer);
  }

  /** The next chunk, or null at the end. Throws {@link RingAborted}. */
  next(): Chunk | null {
    const position = Atomics.load(this.#words, this.#tail);
    for (;;) {
      const signal = Atomics.load(this.#words, shared.SIGNAL);
      const state = Atomics.load(this.#words, shared.STATE);
      if (state === shared.ABORTED) throw new RingAborted();
      const head = Atomics.load(this.#words, shared.HEAD);
      // After the head was seen: a slot published after a mark was set must not hide the mark.
      this.#heedMark(position);
      if (head > position) return this.#chunk(position);
      if (state === shared.ENDED) return null;
      Atomics.wait(this.#words, shared.SIGNAL, signal);
    }
  }

  /** Gives the slot back. The worker then posts a message, so that the main thread looks. */
  release(): void {
    Atomics.add(this.#words, this.#tail, 1);
  }

  #heedMark(position: number): void {
    const mark = Atomics.load(this.#words, shared.MARK);
    if (mark === this.#mark || Atomics.load(this.#words, shared.MARK_AT) !== position) return;
    this.#mark = mark;
    this.#onMark(mark);
  }

  #chunk(position: number): Chunk {
    const at = (position % this.#memory.slots) * 2;
    const length = this.#headers[at + 1] ?? 0;
    return { offset: this.#headers[at] ?? 0, bytes: shared.slotView(this.#memory, position, length) };
  }
}
