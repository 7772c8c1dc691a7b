import type { Manifest } from '../manifest/schema.ts';
import { ExhibitError } from '../model/errors.ts';
import { alignUp, groupDigits } from '../model/size.ts';
import { intersect, normalise, subtract, type Range } from '../model/range.ts';
import type { ImagePart } from '../read/image-reader.ts';
import { samplePieces } from './sample.ts';
import type { StoredFolder } from './stored-folder.ts';

/** What of the image is to be looked at. Both null: all of it. */
export interface Selection {
  /** Bytes of the logical media. */
  readonly range: Range | null;
  readonly sample: { readonly count: number; readonly seed: string } | null;
}

/** Which bytes will be read, and which can't be. */
export interface ImagePlan {
  readonly whole: boolean;
  /** Whole pieces that were asked for, in order. */
  readonly chosen: readonly Range[];
  /** Of `chosen`, the pieces that have bytes in the folder: only these are read. */
  readonly read: readonly Range[];
  readonly parts: readonly ImagePart[];
  /** Bytes that the files do not hold. */
  readonly missing: readonly Range[];
  /** Bytes in files that we may not read. */
  readonly dark: readonly Range[];
}

/** Throws `verify.range` or `verify.sample` (fault `usage`) for a choice that the image does not have. */
export function choosePieces({ image, pieces }: Manifest, { range, sample }: Selection): Range[] {
  const whole = { start: 0, end: image.size };
  if (range !== null && (range.end <= range.start || range.end > image.size)) {
    const message = `--range ${range.start}:${range.end} is not a part of the image, which has ${groupDigits(image.size)} bytes.`;
    throw new ExhibitError('usage', 'verify.range', message, {
      hint: `Give START:END in bytes, up to ${image.size}; END is not inside.`,
    });
  }
  const touched = pieceAligned(range ?? whole, pieces.size, image.size);
  if (sample === null) return normalise([touched]);
  if (!Number.isSafeInteger(sample.count) || sample.count < 1) {
    throw new ExhibitError('usage', 'verify.sample', `--sample ${sample.count} is not a number of pieces.`);
  }
  const first = touched.start / pieces.size;
  const count = Math.ceil((touched.end - touched.start) / pieces.size);
  return normalise(
    samplePieces(count, sample.count, sample.seed).map((index) => {
      const start = (first + index) * pieces.size;
      return { start, end: Math.min(start + pieces.size, image.size) };
    }),
  );
}

export async function planImage(folder: StoredFolder, manifest: Manifest, selection: Selection): Promise<ImagePlan> {
  const { image, pieces } = manifest;
  const chosen = choosePieces(manifest, selection);
  const missing: Range[] = [];
  const dark: Range[] = [];
  const parts: ImagePart[] = [];
  for (const { name, offset, size } of image.segments) {
    const whole = { start: offset, end: offset + size };
    const opened = await folder.canOpen(name);
    if (!opened.ok) (opened.status === 'damaged' ? missing : dark).push(whole);
    else {
      parts.push({ path: folder.pathOf(name), offset, length: size });
      missing.push({ start: Math.min(offset + opened.value, whole.end), end: whole.end });
    }
  }
  const there = subtract({ start: 0, end: image.size }, [...missing, ...dark]);
  const readable = normalise(there.map((range) => pieceAligned(range, pieces.size, image.size)));
  return {
    whole: selection.range === null && selection.sample === null,
    chosen,
    read: chosen.flatMap((range) => shared(range, readable)),
    parts,
    missing: chosen.flatMap((range) => shared(range, normalise(missing))),
    dark: chosen.flatMap((range) => shared(range, normalise(dark))),
  };
}

/** The part of `range` that each of `others` shares with it. */
export function shared(range: Range, others: readonly Range[]): Range[] {
  return others.flatMap((other) => intersect(range, other) ?? []);
}

function pieceAligned(range: Range, pieceSize: number, imageSize: number): Range {
  return {
    start: Math.floor(range.start / pieceSize) * pieceSize,
    end: Math.min(alignUp(range.end, pieceSize), imageSize),
  };
}
