import { ByteQueue } from './byte-queue.ts';

/** Bytes of what start-up files print, at most, before anything of a disk comes. */
const MOST_NOISE = 1024 * 1024;

/**
 * What comes on standard output: after one line of ours the bytes of the orders, each followed by a line of its own. Anything
 * that somebody else prints among them makes that line stand elsewhere than it was told: bytes are never taken for a disk's
 * by their number alone.
 */
export class ChannelBytes {
  readonly #word: string;
  readonly #came = new ByteQueue();
  /** What start-up files print, up to our line; null: it was there. */
  #before: Buffer | null = Buffer.alloc(0);

  constructor(word: string) {
    this.#word = word;
  }

  /** Behind the first line. */
  get length(): number {
    return this.#came.length;
  }

  /** False: what is printed before the first line comes to no end. */
  push(part: Buffer): boolean {
    this.#came.push(this.#before === null ? part : this.#afterNoise(part));
    return (this.#before?.length ?? 0) <= MOST_NOISE;
  }

  /** Bytes of the line behind an order. */
  endBytes(id: number): number {
    return this.#end(id).length;
  }

  /** Takes an order's bytes and the line behind them, once all of it has come; null: that is not the line. */
  cut(id: number, bytes: number): Buffer[] | null {
    const parts = this.#came.cut(bytes);
    const end = this.#end(id);
    return Buffer.concat(this.#came.cut(end.length)).equals(end) ? parts : null;
  }

  #end(id: number): Buffer {
    return Buffer.from(`\n${this.#word} end ${id}\n`);
  }

  #afterNoise(part: Buffer): Buffer {
    const all = Buffer.concat([this.#before ?? Buffer.alloc(0), part]);
    const line = `\n${this.#word} ready\n`;
    const at = all.indexOf(line);
    this.#before = at === -1 ? all : null;
    return at === -1 ? Buffer.alloc(0) : all.subarray(at + line.length);
  }
}
