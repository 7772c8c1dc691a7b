import { lengthOf, type Range } from '../../model/range.ts';
import { PROBE_LIMIT } from '../probe-protocol.ts';
import { Jump } from './jump.ts';
import { cellEnd, failedCell, type Pass } from './step.ts';

export interface CopyOrder {
  /** What is not tried, in order. */
  readonly ranges: readonly Range[];
  readonly blockBytes: number;
  /** Of the source, in bytes. */
  readonly size: number;
  /** Leaves out what lies behind failing and slow reads; a later pass comes back. */
  readonly skips: boolean;
}

/** Large reads from the front: what can be had easily comes first. */
export function* forward({ ranges, blockBytes, size, skips }: CopyOrder): Pass {
  const jump = new Jump(size, skips);
  let from = 0;
  for (const range of ranges) {
    for (let at = Math.max(from, range.start); at < range.end;) {
      // Several blocks in one go, as long as all is well.
      const most = jump.calm ? PROBE_LIMIT : blockBytes;
      const step = { range: { start: at, end: cellEnd(at, most, range.end) }, unit: blockBytes };
      const outcome = yield { do: 'read', ...step, failAs: 'failed-large' };
      at = outcome.failed ? failedCell(step, outcome.good).end : step.range.end;
      at += jump.after(outcome, lengthOf(step.range));
      from = at;
    }
  }
}

/** The same from the back: a bad area is then come at from its other side. */
export function* backward({ ranges, blockBytes, size, skips }: CopyOrder): Pass {
  const jump = new Jump(size, skips);
  let from = size;
  for (const range of ranges.toReversed()) {
    for (let at = Math.min(from, range.end); at > range.start;) {
      const start = Math.max(range.start, Math.floor((at - 1) / blockBytes) * blockBytes);
      const step = { range: { start, end: at }, unit: blockBytes };
      const outcome = yield { do: 'read', ...step, failAs: 'failed-large' };
      at = start - jump.after(outcome, lengthOf(step.range));
      from = at;
    }
  }
}
