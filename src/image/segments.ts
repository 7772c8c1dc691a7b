import { bug } from '../model/errors.ts';
import type { Segment } from '../model/plan.ts';
import { intersect, type Range } from '../model/range.ts';
import type { ImageFormat } from '../model/request.ts';

/** `.001` to `.999`: what every other tool of the trade reads without asking. */
export const MAX_SEGMENTS = 999;

/** A stretch of one segment: `offset` counts inside the segment. */
interface SegmentPart {
  readonly segment: Segment;
  readonly offset: number;
  readonly length: number;
}

/** How many segments an image of `size` bytes has: at least one. */
export function segmentCount(size: number, format: ImageFormat, segmentSize: number): number {
  return format === 'raw' ? 1 : Math.max(1, Math.ceil(size / segmentSize));
}

/**
 * The image's files in the order of the source's bytes: `STEM.dd` for raw, `STEM.001` … for split. They cover
 * `[0, size)` without gap; only the last may be shorter.
 * More than {@link MAX_SEGMENTS} is a contradiction here: the plan refuses it first.
 */
export function segmentsOf(size: number, format: ImageFormat, segmentSize: number, stem: string): Segment[] {
  if (format === 'raw') return [{ name: `${stem}.dd`, offset: 0, length: size }];
  const count = segmentCount(size, format, segmentSize);
  if (count > MAX_SEGMENTS) throw bug(`${count} segments were asked for; ${MAX_SEGMENTS} have names`);
  return Array.from({ length: count }, (_, index) => {
    const offset = index * segmentSize;
    return {
      name: `${stem}.${String(index + 1).padStart(3, '0')}`,
      offset,
      length: Math.min(segmentSize, size - offset),
    };
  });
}

/** Where a range of the source's bytes lies in the segments, in order. What lies past the last segment has no part. */
export function locate(segments: readonly Segment[], range: Range): SegmentPart[] {
  const parts: SegmentPart[] = [];
  for (const segment of segments) {
    if (segment.offset >= range.end) break;
    const shared = intersect(range, { start: segment.offset, end: segment.offset + segment.length });
    if (shared === undefined) continue;
    parts.push({ segment, offset: shared.start - segment.offset, length: shared.end - shared.start });
  }
  return parts;
}
