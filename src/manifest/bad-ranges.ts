import type { Range } from '../model/range.ts';

/** A place that could not be read: the system's word for it, and how often it was tried. */
export interface BadRange extends Range {
  readonly errno: string;
  readonly attempts: number;
}

/** What is unreadable by now: a later word on a place takes the earlier one's, a place that was read is out of it. */
export class BadRanges {
  #list: BadRange[] = [];

  constructor(list: readonly BadRange[] = []) {
    this.#list = [...list];
  }

  /** Sorted, without overlap; touching ones that tell the same are joined. */
  get list(): BadRange[] {
    return joined(this.#list);
  }

  put(range: BadRange): void {
    if (range.end > range.start) this.#replace(range, [range]);
  }

  clear(range: Range): void {
    if (range.end > range.start) this.#replace(range, []);
  }

  #replace({ start, end }: Range, by: readonly BadRange[]): void {
    let first = 0;
    for (let high = this.#list.length; first < high;) {
      const middle = (first + high) >> 1;
      if ((this.#list[middle]?.end ?? 0) <= start) first = middle + 1;
      else high = middle;
    }
    let last = first;
    while ((this.#list[last]?.start ?? Infinity) < end) last += 1;
    const touched = this.#list.slice(first, last);
    const before = touched.filter((each) => each.start < start).map((each) => ({ ...each, end: start }));
    const after = touched.filter((each) => each.end > end).map((each) => ({ ...each, start: end }));
    this.#list.splice(first, last - first, ...before, ...by, ...after);
  }
}

/** Of a sorted list: touching ranges that tell the same become one. */
export function joined(list: readonly BadRange[]): BadRange[] {
  const out: BadRange[] = [];
  for (const { start, end, errno, attempts } of list) {
    const last = out.at(-1);
    if (last?.end === start && last.errno === errno && last.attempts === attempts)
      out[out.length - 1] = { ...last, end };
    else out.push({ start, end, errno, attempts });
  }
  return out;
}

/** The parts of a sorted list that lie in `within`. */
export function clipped<T extends Range>(list: readonly T[], within: Range): T[] {
  return list.flatMap((range) => {
    const start = Math.max(range.start, within.start);
    const end = Math.min(range.end, within.end);
    return start < end ? [{ ...range, start, end }] : [];
  });
}
