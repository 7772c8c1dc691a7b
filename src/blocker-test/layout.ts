import type { Range } from '../model/range.ts';

/** A copy of the marker's header stands in the first and in the last bytes of the disk. */
export const HEADER_BYTES = 4096;
/** Between header and pattern nothing is left out: this much at both ends of the disk is known content. */
const ENDS_BYTES = 1024 * 1024;
/** Known content in between: this much at each eighth of the disk. */
const SPOT_BYTES = 64 * 1024;
/** Below this the spots would run into each other. */
export const SMALLEST_DISK = 16 * 1024 * 1024;

/** Which bytes of a scratch disk of this size hold what. Bytes, half-open, ascending, not overlapping. */
export interface Layout {
  readonly firstHeader: Range;
  readonly lastHeader: Range;
  /** The pattern's ranges. */
  readonly pattern: readonly Range[];
}

/** @param size bytes, a multiple of 512 and at least {@link SMALLEST_DISK} */
export function layoutOf(size: number): Layout {
  const spots = [1, 2, 3, 4, 5, 6, 7].map((eighth) => {
    const start = alignDown(Math.floor(size / 8) * eighth, SPOT_BYTES);
    return { start, end: start + SPOT_BYTES };
  });
  return {
    firstHeader: { start: 0, end: HEADER_BYTES },
    lastHeader: { start: size - HEADER_BYTES, end: size },
    pattern: [
      { start: HEADER_BYTES, end: ENDS_BYTES },
      ...spots,
      { start: size - ENDS_BYTES, end: size - HEADER_BYTES },
    ],
  };
}

/** Where writes are attempted. `window` is known content that is compared after every attempt. */
export interface Place {
  readonly name: 'start' | 'middle' | 'end';
  readonly window: Range;
  /** The one logical sector that a write of one sector goes to: the disk's first, its middle one, its last. */
  readonly sector: Range;
}

/** @param sector bytes of a logical sector, 512 or 4096 */
export function placesOf(size: number, sector: number): readonly Place[] {
  const middle = alignDown(Math.floor(size / 8) * 4, SPOT_BYTES);
  return [
    { name: 'start', window: { start: 0, end: SPOT_BYTES }, sector: { start: 0, end: sector } },
    {
      name: 'middle',
      window: { start: middle, end: middle + SPOT_BYTES },
      sector: { start: middle, end: middle + sector },
    },
    { name: 'end', window: { start: size - SPOT_BYTES, end: size }, sector: { start: size - sector, end: size } },
  ];
}

function alignDown(value: number, unit: number): number {
  return Math.floor(value / unit) * unit;
}
