import { MAX_SEGMENTS } from '../image/segments.ts';
import type { SourceFacts } from '../model/plan.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** One line of the piece list: 64 hex digits, two spaces, `<offset>+<length>` of at most 33 letters, line end. */
const PIECE_LINE = 100;

/** Map, journal, manifest, report, signatures, and what the file system itself takes for their names and blocks. */
const RECORDS = 32 * MIB;

/** Bytes to read. */
export function sourceSize(source: SourceFacts): number {
  return source.kind === 'block' ? source.device.size : source.size;
}

/** Bytes that image and sidecars may take at the destination. */
export function spaceNeeded(size: number, pieceSize: number): number {
  return size + Math.ceil(size / pieceSize) * PIECE_LINE + RECORDS;
}

/**
 * A segment size with which an image of `size` bytes fits 999 segments and the destination's file limit (bytes; null:
 * none), or null when there is none. Round where it can be: a power of two from 1 GiB up.
 */
export function workingSegmentSize(size: number, fileLimit: number | null): number | null {
  const least = Math.max(GIB, size / MAX_SEGMENTS);
  const round = 2 ** Math.ceil(Math.log2(least));
  if (fileLimit === null || round <= fileLimit) return round;
  const largest = Math.floor(fileLimit / MIB) * MIB;
  return largest > 0 && Math.ceil(size / largest) <= MAX_SEGMENTS ? largest : null;
}

/** A size as the command line takes it: `2G`, `4095M`, `4096`. */
export function sizeText(bytes: number): string {
  const units = [
    ['T', 1024 * GIB],
    ['G', GIB],
    ['M', MIB],
    ['K', KIB],
  ] as const;
  const unit = units.find(([, size]) => bytes >= size && bytes % size === 0);
  return unit === undefined ? String(bytes) : `${bytes / unit[1]}${unit[0]}`;
}
