/** What reading has cost at this place so far. */
export interface Costs {
  /** Milliseconds that a failing read takes. */
  readonly failingMs: number;
  /** Milliseconds that a read of one sector takes. */
  readonly sectorMs: number;
}

/** Until it was measured: a sector from a drive's own cache, through a bridge. */
export const USUAL_SECTOR_MS = 0.15;

/** Read sizes on the way down to a sector where many small reads would cost more than one more failing one. */
const STEPS = [65_536, 4096] as const;

/**
 * The size of the reads with which a failing read of `length` bytes is taken apart. A read of any part of it fails as
 * often as it holds the culprit, so a larger step pays only while a failing read costs less than the sectors it saves.
 */
export function cellSize(length: number, sector: number, { failingMs, sectorMs }: Costs): number {
  if (failingMs > (length / sector) * sectorMs) return sector;
  return STEPS.find((step) => step < length && step > sector) ?? sector;
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
