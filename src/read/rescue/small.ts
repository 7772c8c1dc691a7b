import { lengthOf, type Range } from '../../model/range.ts';
import { grownSize } from '../cell-size.ts';
import { PROBE_LIMIT } from '../probe-protocol.ts';
import { cellEnd, failedCell, type Pass, type Step } from './step.ts';

/** Sectors asked for in one go, in bytes. */
const LOT = 65_536;

/**
 * Trims each run in which large reads failed: sector by sector from the front to the first that fails; on in growing
 * reads, since what is left is probably good, to the next failure; sector by sector from the back. What is between is
 * left to the next pass.
 */
export function* edges(runs: readonly Range[], sector: number): Pass {
  for (const run of runs) {
    const first = yield* upToFailure(run, sector);
    if (first === null) {
      yield { do: 'again', range: run, why: 'a large read failed here, smaller reads gave every byte' };
      continue;
    }
    const left = yield* inGrowingReads({ start: first.end, end: run.end }, sector);
    if (left === null) continue;
    const middle = yield* downToFailure(left, sector);
    if (lengthOf(middle) > 0) yield { do: 'mark', range: middle, status: 'failed-small' };
  }
}

/** Every sector by itself. */
export function* sectors(runs: readonly Range[], sector: number): Pass {
  for (const run of runs) {
    for (let at = run.start; at < run.end;) {
      const failed = yield* upToFailure({ start: at, end: run.end }, sector);
      at = failed?.end ?? run.end;
    }
  }
}

/** Every sector by itself, from the last to the first. */
export function* sectorsBackward(runs: readonly Range[], sector: number): Pass {
  for (const run of runs.toReversed()) {
    for (let end = run.end; end > run.start;) {
      const start = lastSector(run, end, sector);
      yield readSector({ start, end }, sector);
      end = start;
    }
  }
}

/** The first sector that fails, or null. */
function* upToFailure(range: Range, sector: number): Generator<Step, Range | null, { good: number; failed: boolean }> {
  for (let at = range.start; at < range.end;) {
    const step = readSector({ start: at, end: cellEnd(at, LOT, range.end) }, sector);
    const { failed, good } = yield step;
    if (failed) return failedCell(step, good);
    at = step.range.end;
  }
  return null;
}

/** What is left of the range when a read failed, that read included unless it was of one sector; null: all was good. */
function* inGrowingReads(
  range: Range,
  sector: number,
): Generator<Step, Range | null, { good: number; failed: boolean }> {
  let trust = 0;
  for (let at = range.start; at < range.end;) {
    const size = grownSize(trust, sector, PROBE_LIMIT);
    const step = { range: { start: at, end: cellEnd(at, size, range.end) }, unit: size };
    const single = lengthOf(step.range) <= sector;
    const { failed, good } = yield { do: 'read', ...step, failAs: single ? 'unreadable' : null };
    trust += good;
    at = failed && !single ? at + good : step.range.end;
    if (failed) return { start: at, end: range.end };
  }
  return null;
}

/** What is left in front of the last sector that fails. */
function* downToFailure(range: Range, sector: number): Generator<Step, Range, { good: number; failed: boolean }> {
  let end = range.end;
  while (end > range.start) {
    const start = lastSector(range, end, sector);
    const { failed } = yield readSector({ start, end }, sector);
    end = start;
    if (failed) break;
  }
  return { start: range.start, end };
}

function readSector(range: Range, sector: number): Extract<Step, { do: 'read' }> {
  return { do: 'read', range, unit: sector, failAs: 'unreadable' };
}

function lastSector(range: Range, end: number, sector: number): number {
  return Math.max(range.start, Math.floor((end - 1) / sector) * sector);
}
