/** What reading has cost at this place so far. */
export interface Costs {
  /** Milliseconds that a failing read takes. */
  readonly failingMs: number;
  /** Milliseconds that a read of one sector takes. */
  readonly sectorMs: number;
}

/** Until it was measured: a sector from a drive's own cache, through a bridge. */
export const USUAL_SECTOR_MS = 0.15;

/** The largest reads with which a failing one is taken apart, in bytes. */
const LARGEST_CELL = 65_536;

/**
 * The size of the reads with which a failing read of `length` bytes is taken apart: a power of two of sectors, with
 * which a single culprit is found soonest where it lies worst, at the end. A read of any part fails once more when it
 * holds the culprit, so a step on the way down pays only while that costs less than the sector reads that it saves.
 * @param steps on the way to the sector at most: each is a failing read more
 */
export function cellSize(length: number, sector: number, costs: Costs, steps: number): number {
  return cheapest(length, sector, costs, steps).size;
}

/** With what it takes at most, in milliseconds. A small read costs about what a sector does. */
function cheapest(
  length: number,
  sector: number,
  costs: Costs,
  steps: number,
): { readonly size: number; readonly ms: number } {
  let best = { size: sector, ms: Math.ceil(length / sector) * costs.sectorMs };
  if (steps === 0) return best;
  for (let size = sector * 2; size < length && size <= LARGEST_CELL; size *= 2) {
    const within = cheapest(size, sector, costs, steps - 1).ms;
    const ms = Math.ceil(length / size) * costs.sectorMs + costs.failingMs + within;
    if (ms < best.ms) best = { size, ms };
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
