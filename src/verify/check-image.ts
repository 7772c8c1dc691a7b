import { createHash } from 'node:crypto';
import type { Manifest } from '../manifest/schema.ts';
import type { PieceDigest } from '../model/digest.ts';
import { total, type Range } from '../model/range.ts';
import type { Ports } from '../system/ports.ts';
import { differing } from './damage.ts';
import { imageDigests, type ImageDigests } from './image-digests.ts';
import { planImage, shared, type ImagePlan, type Selection } from './image-plan.ts';
import { judgeImage, type ImageFindings } from './image-verdict.ts';
import { interrupted } from './interrupted.ts';
import type { StoredFolder } from './stored-folder.ts';

export interface ImageQuestion {
  readonly folder: StoredFolder;
  readonly manifest: Manifest;
  /** The list of pieces that the manifest names; null: it is not to be had. */
  readonly pieces: readonly PieceDigest[] | null;
  readonly selection: Selection;
  readonly onProgress: (done: number, total: number) => void;
  readonly stop: AbortSignal;
}

/** Reads the image once and judges its bytes by stream hashes, files and pieces. */
export async function checkImage(ports: Ports, question: ImageQuestion): Promise<ImageFindings> {
  const { folder, manifest, pieces, selection, stop } = question;
  const plan = await planImage(folder, manifest, selection);
  const streams = plan.whole && plan.missing.length === 0 && plan.dark.length === 0;
  const bytes = total(plan.read);
  const found = await imageDigests(ports, {
    parts: plan.parts,
    wanted: { start: 0, end: manifest.image.size },
    only: plan.read,
    hashes: streams ? manifest.digests.map((digest) => digest.algorithm) : [],
    pieceSize: manifest.pieces.size,
    segmentSize: plan.whole ? segmentGrid(manifest) : null,
    onProgress: (done) => {
      question.onProgress(done, bytes);
    },
    stop,
  });
  if (stop.aborted) throw interrupted();
  const fileHashes = plan.whole ? await hashesOfFiles(folder, manifest, found, streams) : new Map<string, string>();
  return judgeImage({
    manifest,
    plan,
    found,
    streams,
    fileHashes,
    differing: pieces === null ? null : differing(expectedPieces(pieces, plan), found.pieces),
    seed: selection.sample?.seed ?? null,
  });
}

function expectedPieces(pieces: readonly PieceDigest[], plan: ImagePlan): PieceDigest[] {
  const inside = within(plan.chosen);
  return pieces.filter((piece) => {
    const range = { start: piece.offset, end: piece.offset + piece.length };
    return inside(range) && shared(range, plan.dark).length === 0;
  });
}

/** Tells whether a range lies inside one of `ranges`; asked in ascending order. */
function within(ranges: readonly Range[]): (range: Range) => boolean {
  let at = 0;
  return ({ start, end }) => {
    while ((ranges[at]?.end ?? Infinity) <= start) at += 1;
    const now = ranges[at];
    return now !== undefined && now.start <= start && end <= now.end;
  };
}

/** The size of which all segments are, the last one at most; null when they are not alike or there is only one. */
function segmentGrid({ image }: Manifest): number | null {
  const full = image.segments.filter((segment) => segment.size > 0);
  const size = full[0]?.size ?? 0;
  const alike = full.every((segment, index) => {
    const last = index === full.length - 1;
    return segment.offset === index * size && (last ? segment.size <= size : segment.size === size);
  });
  return full.length > 1 && alike ? size : null;
}

/** The SHA-256 of each image file that has all its bytes, from the one reading wherever that gave it. */
async function hashesOfFiles(
  folder: StoredFolder,
  manifest: Manifest,
  found: ImageDigests,
  streams: boolean,
): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  const grid = segmentGrid(manifest);
  const bySpan = new Map(found.segments.map((span) => [`${span.offset}+${span.length}`, span.sha256]));
  const stream = streams ? found.digests.find((digest) => digest.algorithm === 'sha256')?.hex : undefined;
  for (const { name, offset, size } of manifest.image.segments) {
    const look = await folder.look(name);
    if (look.kind !== 'file' || look.size !== size) continue;
    const span = bySpan.get(`${offset}+${size}`);
    if (size === 0) hashes.set(name, createHash('sha256').digest('hex'));
    else if (size === manifest.image.size && stream !== undefined) hashes.set(name, stream);
    else if (grid !== null && span !== undefined) hashes.set(name, span);
    else {
      const read = await folder.sha256(name);
      if (read.ok) hashes.set(name, read.value.sha256);
    }
  }
  return hashes;
}
