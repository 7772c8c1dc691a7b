import { locate } from '../image/segments.ts';
import type { Manifest } from '../manifest/schema.ts';
import type { PieceDigest } from '../model/digest.ts';
import type { Segment } from '../model/plan.ts';
import { normalise, subtract, type Range } from '../model/range.ts';
import { visible } from '../model/text.ts';
import type { DamageRange } from './report.ts';

/** Ranges of the logical media by what is wrong with them. They may overlap; the first kind that fits is told. */
export interface Wrong {
  readonly missing: readonly Range[];
  readonly unreadable: readonly Range[];
  /** Pieces whose hash is not the expected one. */
  readonly differing: readonly Range[];
  /** Files whose own hash is right: a piece that lies partly in them differs elsewhere. */
  readonly proven: readonly Range[];
}

/** Damage with its sectors and its places in the files, in order, neighbours of one kind joined. */
export function damageOf(manifest: Manifest, wrong: Wrong): DamageRange[] {
  const gone = normalise([...wrong.missing, ...wrong.unreadable]);
  const sound = normalise([...gone, ...wrong.proven]);
  const touching = joinTouching(wrong.differing, gone);
  const kinds: [DamageRange['kind'], Range[]][] = [
    ['missing', normalise(wrong.missing)],
    ['unreadable', without(wrong.unreadable, normalise(wrong.missing))],
    ['unproven', without(touching.touched, sound)],
    ['differs', without(touching.apart, sound)],
  ];
  const segments = manifest.image.segments.map(({ name, offset, size }) => ({
    name: visible(name),
    offset,
    length: size,
  }));
  const sector = manifest.source.logical_sector;
  return kinds
    .flatMap(([kind, ranges]) => ranges.map((range) => describe(kind, range, segments, sector)))
    .sort((a, b) => a.start - b.start);
}

/** Pieces that hold lost bytes can't be judged for the rest of their bytes. */
function joinTouching(pieces: readonly Range[], gone: readonly Range[]): { touched: Range[]; apart: Range[] } {
  const touched: Range[] = [];
  const apart: Range[] = [];
  let at = 0;
  for (const piece of [...pieces].sort((a, b) => a.start - b.start)) {
    while ((gone[at]?.end ?? Infinity) <= piece.start) at += 1;
    const next = gone[at];
    (next !== undefined && next.start < piece.end ? touched : apart).push(piece);
  }
  return { touched, apart };
}

function without(ranges: readonly Range[], holes: readonly Range[]): Range[] {
  return normalise(ranges).flatMap((range) => (holes.length === 0 ? [range] : subtract(range, holes)));
}

function describe(kind: DamageRange['kind'], range: Range, segments: readonly Segment[], sector: number): DamageRange {
  return {
    ...range,
    kind,
    firstSector: Math.floor(range.start / sector),
    endSector: Math.ceil(range.end / sector),
    places: locate(segments, range).map(({ segment, offset, length }) => ({ file: segment.name, offset, length })),
  };
}

/** The pieces whose hash is not the expected one, or that were not read through. */
export function differing(expected: readonly PieceDigest[], found: readonly PieceDigest[]): Range[] {
  const byOffset = new Map(found.map((piece) => [piece.offset, piece]));
  return expected
    .filter(({ offset, length, sha256 }) => {
      const other = byOffset.get(offset);
      return other?.length !== length || other.sha256 !== sha256;
    })
    .map(({ offset, length }) => ({ start: offset, end: offset + length }));
}
