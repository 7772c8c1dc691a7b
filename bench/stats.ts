/** The arithmetic of the figures, apart from what measures them. */

/** Of no values: 0. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

/**
 * The one of the middle by a figure of each, with all that belongs to it; of an even number the larger of the two there.
 * @throws Error where there is none
 */
export function middleOne<T>(all: readonly T[], figure: (each: T) => number): T {
  const middle = [...all].sort((a, b) => figure(a) - figure(b))[all.length >> 1];
  if (middle === undefined) throw new Error('there is no middle of nothing');
  return middle;
}

export function round(value: number, digits: number): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}

/** `a / b`; null where either is missing, or there is nothing to divide by: no figure is made up. */
export function ratio(a: number | null | undefined, b: number | null | undefined): number | null {
  if (a === null || a === undefined || b === null || b === undefined || b === 0) return null;
  return a / b;
}

/** The same, begun with another, `by` places on. */
export function rotated<T>(all: readonly T[], by: number): T[] {
  const first = all.length === 0 ? 0 : by % all.length;
  return [...all.slice(first), ...all.slice(0, first)];
}
