import type { Unstable } from '../model/checkpoint.ts';
import type { Range } from '../model/range.ts';
import type { ReadMap } from '../model/read-map.ts';
import type { BadRange } from './bad-ranges.ts';
import type { ReadingState } from './reading-state.ts';
import type { Manifest, UnreadableRange } from './schema.ts';

/** Unreadable ranges as the manifest holds them, in bytes and in logical sectors. */
export function manifestRanges(ranges: readonly BadRange[], logicalSector: number): UnreadableRange[] {
  return ranges.map(({ start, end, errno, attempts }) => ({
    ...sectorsOf({ start, end }, logicalSector),
    errno,
    attempts,
  }));
}

/** Unstable sectors as the manifest holds them. */
export function unstableRanges(ranges: readonly Unstable[], logicalSector: number): Manifest['read_map']['unstable'] {
  return ranges.map(({ start, end, first, again, when }) => ({
    ...sectorsOf({ start, end }, logicalSector),
    first,
    again,
    when,
  }));
}

/** The logical sectors that a range touches, half-open. */
function sectorsOf(
  { start, end }: Range,
  logicalSector: number,
): Pick<UnreadableRange, 'start' | 'end' | 'first_sector' | 'end_sector'> {
  return {
    start,
    end,
    first_sector: Math.floor(start / logicalSector),
    end_sector: Math.ceil(end / logicalSector),
  };
}

/**
 * What the journal proves of the source's bytes, in the manifest's words.
 * @param map what is proven, less what is doubtful of it
 */
export function readMapSection(
  file: string,
  map: ReadMap,
  { proven, failedReads, unstable, adopted }: ReadingState,
  logicalSector: number,
): Manifest['read_map'] {
  return {
    file,
    good: map.bytes('good'),
    unreadable: map.bytes('unreadable'),
    failed: map.bytes('failed-large') + map.bytes('failed-small'),
    not_tried: map.bytes('not-tried'),
    fill: '00',
    ranges: manifestRanges(proven.unreadable, logicalSector),
    failed_reads: { ...failedReads },
    unstable: unstableRanges(unstable, logicalSector),
    adopted: adopted.map(({ start, end }) => ({ start, end })),
  };
}
