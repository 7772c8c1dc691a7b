/** What reading has cost at this place so far. */
export interface Costs {
  /** Milliseconds that a failing read takes. */
  readonly failingMs: number;
  /** Milliseconds that a read of one sector takes. */
  readonly sectorMs: number;
}

/** Until it was measured: a sector from a drive's own cache, through a bridge. */
export const USUAL_SECTOR_MS = 0.15;

/** Read sizes that may lie on the way down to a sector. */
const STEPS = [65_536, 4096] as const;

/**
 * The size of the reads with which a failing read of `length` bytes is taken apart: the one that finds a single culprit
 * soonest where it lies worst, at the end. A read of any part fails once more when it holds the culprit, so a step on
 * the way pays only while a failing read costs less than the sector reads that it saves.
 */
export function cellSize(length: number, sector: number, costs: Costs): number {
  return cheapest(length, sector, costs).size;
}

/** With what it takes at most, in milliseconds. A small read costs about what a sector does. */
function cheapest(length: number, sector: number, costs: Costs): { readonly size: number; readonly ms: number } {
  let best = { size: sector, ms: (length / sector) * costs.sectorMs };
  for (const step of STEPS) {
    if (step >= length || step <= sector) continue;
    const ms = (length / step) * costs.sectorMs + costs.failingMs + cheapest(step, sector, costs).ms;
    if (ms < best.ms) best = { size: step, ms };
  }
  return best;
}

/**
 * The size of the next read behind a culprit that was found: what is left of the failing read is probably good, so reads
 * grow as trust does, with what has come since.
 */
export function grownSize(goodSince: number, sector: number, most: number): number {
  let size = sector;
  while (size * 2 <= Math.min(goodSince, most)) size *= 2;
  return size;
}
