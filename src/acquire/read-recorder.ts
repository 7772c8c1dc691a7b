import { ReadMap } from '../model/read-map.ts';
import type { Range } from '../model/range.ts';
import type { ReaderRun, ReadLog, Unreadable } from '../read/reader.ts';
import type { UnreadableRange } from '../manifest/schema.ts';

/** Runs of the reader kept for the manifest; a disk with thousands of bad places restarts dd as often. */
const RUNS_KEPT = 1000;

/** Collects what a reader did: the read map, unreadable ranges, and every run of the reading program. */
export class ReadRecorder implements ReadLog {
  readonly map: ReadMap;
  readonly runs: ReaderRun[] = [];
  readonly again: { range: Range; why: string }[] = [];
  readonly #unreadable: Unreadable[] = [];
  #runCount = 0;

  constructor(size: number) {
    this.map = new ReadMap(size);
  }

  get unreadableRanges(): readonly Unreadable[] {
    return this.#unreadable;
  }

  #unreadableBytes = 0;

  get unreadableBytes(): number {
    return this.#unreadableBytes;
  }

  /** Runs that happened, kept or not. */
  get runCount(): number {
    return this.#runCount;
  }

  good(range: Range): void {
    this.map.mark(range, 'good');
  }

  unreadable(range: Unreadable): void {
    this.map.mark(range, 'unreadable');
    this.#unreadableBytes += range.end - range.start;
    const last = this.#unreadable.at(-1);
    if (last?.end === range.start && last.errno === range.errno && last.attempts === range.attempts) {
      this.#unreadable[this.#unreadable.length - 1] = { ...last, end: range.end };
    } else {
      this.#unreadable.push(range);
    }
  }

  readAgain(range: Range, why: string): void {
    this.again.push({ range, why });
  }

  run(run: ReaderRun): void {
    this.#runCount += 1;
    if (this.runs.length < RUNS_KEPT) this.runs.push(run);
  }

  /** Forgets everything at and behind `end`: read, but not written to the image. */
  cutAt(end: number): void {
    if (end < this.map.size) this.map.mark({ start: end, end: this.map.size }, 'not-tried');
    const kept = this.#unreadable
      .filter((range) => range.start < end)
      .map((range) => ({ ...range, end: Math.min(range.end, end) }));
    this.#unreadable.splice(0, this.#unreadable.length, ...kept);
    this.#unreadableBytes = kept.reduce((sum, range) => sum + range.end - range.start, 0);
    const again = this.again.filter(({ range }) => range.end <= end);
    this.again.splice(0, this.again.length, ...again);
  }
}

/** Unreadable ranges as the manifest holds them, in bytes and in logical sectors. */
export function manifestRanges(ranges: readonly Unreadable[], logicalSector: number): UnreadableRange[] {
  return ranges.map(({ start, end, errno, attempts }) => ({
    start,
    end,
    first_sector: Math.floor(start / logicalSector),
    end_sector: Math.ceil(end / logicalSector),
    errno,
    attempts,
  }));
}
