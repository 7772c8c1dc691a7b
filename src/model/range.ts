/** A half-open range of bytes: `start` is inside, `end` is not. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

export function lengthOf(range: Range): number {
  return range.end - range.start;
}

/** Sorted, without empty ranges, touching and overlapping ones joined. */
export function normalise(ranges: readonly Range[]): Range[] {
  const sorted = ranges.filter((range) => range.end > range.start).sort((a, b) => a.start - b.start);
  const joined: { start: number; end: number }[] = [];
  for (const range of sorted) {
    const last = joined.at(-1);
    if (last !== undefined && range.start <= last.end) last.end = Math.max(last.end, range.end);
    else joined.push({ start: range.start, end: range.end });
  }
  return joined;
}

/** The part that two ranges share, or undefined. */
export function intersect(a: Range, b: Range): Range | undefined {
  const start = Math.max(a.start, b.start);
  const end = Math.min(a.end, b.end);
  return start < end ? { start, end } : undefined;
}

/** What of `whole` none of `holes` covers. */
export function subtract(whole: Range, holes: readonly Range[]): Range[] {
  const left: Range[] = [];
  let at = whole.start;
  for (const hole of normalise(holes)) {
    const shared = intersect(whole, hole);
    if (shared === undefined) continue;
    if (shared.start > at) left.push({ start: at, end: shared.start });
    at = Math.max(at, shared.end);
  }
  if (at < whole.end) left.push({ start: at, end: whole.end });
  return left;
}

/** Bytes that a list of ranges covers, counting overlaps once. */
export function total(ranges: readonly Range[]): number {
  return normalise(ranges).reduce((sum, range) => sum + lengthOf(range), 0);
}

/** `[from, to)` cut at every multiple of `step` bytes: the cells of a grid. */
export function* cells(range: Range, step: number): Generator<Range> {
  for (let at = range.start; at < range.end;) {
    const next = Math.min((Math.floor(at / step) + 1) * step, range.end);
    yield { start: at, end: next };
    at = next;
  }
}
