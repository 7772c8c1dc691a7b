import type { Range } from '../../model/range.ts';

/** What a pass wants done next. Passes are generators: pure decisions, fed with what came of the step before. */
export type Step =
  /** Read in reads that are cut at multiples of `unit`, up to the first that fails; that one is then called `failAs`. */
  | { readonly do: 'read'; readonly range: Range; readonly unit: number; readonly failAs: FailAs }
  | { readonly do: 'mark'; readonly range: Range; readonly status: 'failed-small' }
  | { readonly do: 'again'; readonly range: Range; readonly why: string };

/** Null: it keeps the status that it has. */
export type FailAs = 'failed-large' | 'unreadable' | null;

/** What came of a read. Of other steps: nothing. */
export interface Outcome {
  /** Bytes from the start of the range. */
  readonly good: number;
  readonly failed: boolean;
  /** Milliseconds that the good reads took. */
  readonly ms: number;
}

export type Pass = Generator<Step, void, Outcome>;

/** The read that failed, of a step that gave `good` bytes. */
export function failedCell({ range, unit }: { range: Range; unit: number }, good: number): Range {
  const start = range.start + good;
  return { start, end: cellEnd(start, unit, range.end) };
}

/** The next multiple of `unit` behind `at`, but not behind `end`. */
export function cellEnd(at: number, unit: number, end: number): number {
  return Math.min((Math.floor(at / unit) + 1) * unit, end);
}
