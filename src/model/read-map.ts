import { bug } from './errors.ts';
import { intersect, lengthOf, type Range } from './range.ts';

/**
 * Every byte of the source is at any time exactly one of these. The names and their order follow GNU ddrescue's
 * mapfile (`?`, `*`, `/`, `-`, `+`), so that the map can be exchanged with it.
 */
export type ReadStatus = 'not-tried' | 'failed-large' | 'failed-small' | 'unreadable' | 'good';

/** ddrescue's letters, in its mapfile and wherever a map is shown without colours. */
export const STATUS_LETTERS: Readonly<Record<ReadStatus, string>> = {
  'not-tried': '?',
  'failed-large': '*',
  'failed-small': '/',
  unreadable: '-',
  good: '+',
};

export interface MapEntry extends Range {
  readonly status: ReadStatus;
}

/** What is known of each byte of a source of `size` bytes: contiguous entries, equal neighbours merged. */
export class ReadMap {
  readonly size: number;
  #entries: MapEntry[];

  constructor(size: number, entries?: readonly MapEntry[]) {
    this.size = size;
    this.#entries = size === 0 ? [] : [{ start: 0, end: size, status: 'not-tried' }];
    for (const entry of entries ?? []) this.mark(entry, entry.status);
  }

  get entries(): readonly MapEntry[] {
    return this.#entries;
  }

  /** Gives a range a new status. The usual case, the next range of a sequential read, costs O(1). */
  mark(range: Range, status: ReadStatus): void {
    if (range.start < 0 || range.end > this.size)
      throw bug(`read map: [${range.start}, ${range.end}) lies outside the source`);
    if (range.end <= range.start) return;
    const first = this.#indexAt(range.start);
    const last = this.#indexAt(range.end - 1);
    const before = this.#entries[first];
    const after = this.#entries[last];
    if (before === undefined || after === undefined) throw bug('read map: an index went astray');
    const pieces: MapEntry[] = [];
    if (before.start < range.start) pieces.push({ start: before.start, end: range.start, status: before.status });
    pieces.push({ start: range.start, end: range.end, status });
    if (after.end > range.end) pieces.push({ start: range.end, end: after.end, status: after.status });
    const from = Math.max(0, first - 1);
    const to = Math.min(this.#entries.length, last + 2);
    const around = [...this.#entries.slice(from, first), ...pieces, ...this.#entries.slice(last + 1, to)];
    this.#entries.splice(from, to - from, ...merge(around));
  }

  /** The ranges that have this status, in order. */
  ranges(status: ReadStatus): Range[] {
    return this.#entries.filter((entry) => entry.status === status).map(({ start, end }) => ({ start, end }));
  }

  /** Bytes that have this status. */
  bytes(status: ReadStatus): number {
    return this.#entries.reduce((sum, entry) => sum + (entry.status === status ? lengthOf(entry) : 0), 0);
  }

  #indexAt(offset: number): number {
    let low = 0;
    let high = this.#entries.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#entries[middle]?.start ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** A stretch over which two maps of one source tell one thing each. */
export interface MapPair extends Range {
  readonly was: ReadStatus;
  readonly now: ReadStatus;
}

/** Two maps of one source beside each other, from its start to its end. */
export function beside(then: ReadMap, now: ReadMap): MapPair[] {
  const pairs: MapPair[] = [];
  let old = 0;
  for (const entry of now.entries) {
    while ((then.entries[old]?.end ?? Infinity) <= entry.start) old += 1;
    for (let at = old; at < then.entries.length; at += 1) {
      const before = then.entries[at];
      if (before === undefined || before.start >= entry.end) break;
      const shared = intersect(before, entry);
      if (shared !== undefined) pairs.push({ ...shared, was: before.status, now: entry.status });
    }
  }
  return pairs;
}

/** Touching entries of one status become one. */
export function merge(entries: readonly MapEntry[]): MapEntry[] {
  const merged: MapEntry[] = [];
  for (const entry of entries) {
    const last = merged.at(-1);
    if (last?.status === entry.status && last.end === entry.start)
      merged[merged.length - 1] = { ...last, end: entry.end };
    else merged.push(entry);
  }
  return merged;
}
