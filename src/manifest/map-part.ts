import type { Range } from '../model/range.ts';
import type { MapEntry, ReadMap } from '../model/read-map.ts';
import { clipped } from './bad-ranges.ts';

/** What a map says of a range, in order, cut at its ends. Costs O(log n) and what it gives. */
export function entriesIn({ entries }: ReadMap, range: Range): MapEntry[] {
  let first = 0;
  for (let high = entries.length; first < high;) {
    const middle = (first + high) >> 1;
    if ((entries[middle]?.end ?? 0) <= range.start) first = middle + 1;
    else high = middle;
  }
  let last = first;
  while ((entries[last]?.start ?? Infinity) < range.end) last += 1;
  return clipped(entries.slice(first, last), range);
}
