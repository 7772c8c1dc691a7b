/**
 * The ring's shared memory and the words in it. One producer publishes slots in order; every consumer sees every
 * slot; the slowest sets the pace. Counters count slots since the start, so that `head - tail` is what is waiting.
 */
export interface RingMemory {
  readonly control: SharedArrayBuffer;
  /** Page-aligned (it is a WebAssembly memory), so that slots can take direct I/O. */
  readonly data: SharedArrayBuffer;
  readonly slots: number;
  /** Bytes; a multiple of 4096. */
  readonly slotBytes: number;
  readonly consumers: number;
}

export const RUNNING = 0;
export const ENDED = 1;
export const ABORTED = 2;

/** Goes up with every change; who waits, waits on this, so that no change can slip in between looking and waiting. */
export const SIGNAL = 0;
export const STATE = 1;
export const HEAD = 2;
/** Counts the marks that were set, and the slots that were published when the last one was. */
export const MARK = 3;
export const MARK_AT = 4;
const TAILS = 5;

const WASM_PAGE = 65_536;

interface SharedMemory {
  readonly buffer: SharedArrayBuffer;
}
declare const WebAssembly: {
  Memory: new (descriptor: { initial: number; maximum: number; shared: true }) => SharedMemory;
};

export function allocateRing(slots: number, slotBytes: number, consumers: number): RingMemory {
  const pages = Math.ceil((slots * slotBytes) / WASM_PAGE);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const control = new SharedArrayBuffer(headerStart(consumers) + slots * 16);
  return { control, data: memory.buffer, slots, slotBytes, consumers };
}

/** Int32 words: signal, state, head, the mark and its place, one tail a consumer. */
export function words(memory: RingMemory): Int32Array {
  return new Int32Array(memory.control, 0, TAILS + memory.consumers);
}

/** Two float64 a slot: byte offset on the source, and length. Float64 holds both exactly up to 2^53. */
export function headers(memory: RingMemory): Float64Array {
  return new Float64Array(memory.control, headerStart(memory.consumers), memory.slots * 2);
}

export function tailIndex(consumer: number): number {
  return TAILS + consumer;
}

/** The bytes of the n-th published slot, `length` of them. */
export function slotView(memory: RingMemory, n: number, length = memory.slotBytes): Uint8Array {
  return Buffer.from(memory.data, (n % memory.slots) * memory.slotBytes, length);
}

function headerStart(consumers: number): number {
  return Math.ceil(((TAILS + consumers) * 4) / 8) * 8;
}
