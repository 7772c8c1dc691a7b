import { createHash, type Hash } from 'node:crypto';
import type { Extent } from '../../model/checkpoint.ts';
import { cells } from '../../model/range.ts';

/** Bytes. */
const LARGEST = 16 * 1024 * 1024;

/**
 * Hashes what is put into the image out of order, as it was read: a stretch that goes on where the one before ended
 * stays one extent, up to the end of its piece (of its 16 MiB, where pieces are larger) and up to {@link take}. So an
 * extent ends with its piece at the latest: no piece is called as read before everything in it was checked.
 */
export class Extents {
  readonly #grid: number;
  readonly #all: Extent[];
  #taken: number;
  #open: { start: number; end: number; hash: Hash } | null = null;

  constructor(pieceSize: number, before: readonly Extent[] = []) {
    this.#grid = Math.min(LARGEST, pieceSize);
    this.#all = [...before];
    this.#taken = before.length;
  }

  add(offset: number, bytes: Uint8Array): void {
    if (this.#open?.end !== offset) this.#close();
    for (const cell of cells({ start: offset, end: offset + bytes.length }, this.#grid)) {
      this.#open ??= { start: cell.start, end: cell.start, hash: createHash('sha256') };
      this.#open.hash.update(bytes.subarray(cell.start - offset, cell.end - offset));
      this.#open.end = cell.end;
      if (cell.end % this.#grid === 0) this.#close();
    }
  }

  /** Those that are new since the last time. The one under way ends here. */
  take(): Extent[] {
    this.#close();
    const fresh = this.#all.slice(this.#taken);
    this.#taken = this.#all.length;
    return fresh;
  }

  /** All there are, in order of their place. */
  get sorted(): readonly Extent[] {
    this.#close();
    return [...this.#all].sort((a, b) => a.start - b.start);
  }

  #close(): void {
    if (this.#open === null) return;
    const { start, end, hash } = this.#open;
    this.#all.push({ start, end, sha256: hash.digest('hex') });
    this.#open = null;
  }
}
