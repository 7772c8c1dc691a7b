import { createHash } from 'node:crypto';
import type { Snapshot } from '../../model/checkpoint.ts';
import type { PieceDigest } from '../../model/digest.ts';
import { ExhibitError } from '../../model/errors.ts';
import { intersect, lengthOf, type Range } from '../../model/range.ts';
import { visible } from '../../model/text.ts';
import type { ReadingState } from '../../manifest/reading-state.ts';
import { readImage } from '../../read/image-reader.ts';
import type { RingWriter } from '../../ring/ring.ts';
import type { Ports } from '../../system/ports.ts';
import { missingBytes, readParts, type PartThere } from './image-parts.ts';

/** What of the image has to pass the lanes again before they can go on. Bytes. */
export interface Replay {
  /** Where lanes without a saved state begin. */
  readonly from: number;
  /** Where the stream stands. */
  readonly position: number;
}

/** Whether the image was held against what was read: until then nothing that the lanes say of it may be put on record. */
export interface Replayed {
  done: boolean;
}

/**
 * A stream whose state can be loaded goes on at once; any other is hashed from the start of the image, and a segment from
 * its own start, for which there is no state either. A piece is hashed from its start.
 * @param allContinue every stream hash has a state that can be loaded here
 */
export function replayOf(position: number, pieceSize: number, allContinue: boolean, split: boolean): Replay {
  const from = allContinue && !split ? Math.floor(position / pieceSize) * pieceSize : 0;
  return { from, position };
}

/** Publishes what the image holds from `from` to `position`. @throws ExhibitError fault `damage` where it holds less */
export async function replayImage(
  ports: Ports,
  parts: readonly PartThere[],
  { from, position }: Replay,
  out: RingWriter,
  stop: AbortSignal,
): Promise<void> {
  const log = {
    missing: (range: { start: number }): void => {
      throw missingBytes(parts.findLast(({ offset }) => offset <= range.start)?.path ?? '', range.start);
    },
    read: (): void => undefined,
  };
  // What is on the medium is read at the end, before anything is signed.
  await readImage(ports, parts, { start: from, end: position }, out, log, stop, 'cache');
}

/**
 * Holds what the image gave against what was read from the source before, by the journal.
 * @throws ExhibitError `resume.damaged` when a piece is not what was read
 */
export function requireAsRead(
  folder: string,
  { pieces, tail }: Pick<ReadingState, 'pieces' | 'tail'>,
  { from, position }: Replay,
  snapshot: Snapshot,
): void {
  const read = [...pieces, ...(tail === null ? [] : [tail])].filter(({ offset }) => offset >= from);
  const found = new Map([...snapshot.pieces, ...(snapshot.tail === null ? [] : [snapshot.tail])].map(byOffset));
  const bad = read.find(({ offset, length, sha256 }) => {
    const now = found.get(offset);
    return now?.length !== length || now.sha256 !== sha256;
  });
  if (bad !== undefined) throw changed(folder, bad.offset, bad.offset + bad.length);
  if (snapshot.position !== position) throw changed(folder, snapshot.position, position);
}

/** What the lanes made of an image that nobody held against the journal is no result. Throws why that was not done. */
export function requireReplayed({ done }: Replayed, failure: { readonly error: unknown } | null): void {
  if (done) return;
  if (failure !== null) throw failure.error;
  throw new ExhibitError('interrupted', 'hash.replay-unfinished', 'Stopped before the image was checked to its end.', {
    hint: 'Nothing new is on record. Resume the job again.',
  });
}

/** Bytes: a larger piece is left to the read-back at the end. */
const PIECE_CHECKED = 64 * 1024 * 1024;

/**
 * Holds those pieces and extents of the image that touch `places` against the journal.
 * @throws ExhibitError `resume.damaged` when one is not what was read
 */
export async function requirePlacesAsRead(
  ports: Ports,
  folder: string,
  parts: readonly PartThere[],
  { pieces, tail, extents }: Pick<ReadingState, 'pieces' | 'tail' | 'extents'>,
  places: readonly Range[],
): Promise<void> {
  const listed = [...pieces, ...(tail === null ? [] : [tail])].map(({ offset, length, sha256 }) => ({
    start: offset,
    end: offset + length,
    sha256,
  }));
  const touched = [...listed, ...extents].filter(
    (each) => lengthOf(each) <= PIECE_CHECKED && places.some((place) => intersect(place, each) !== undefined),
  );
  for (const { start, end, sha256 } of touched) {
    const now = createHash('sha256')
      .update(await readParts(ports, parts, { start, end }))
      .digest('hex');
    if (now !== sha256) throw changed(folder, start, end);
  }
}

function byOffset(piece: PieceDigest): readonly [number, PieceDigest] {
  return [piece.offset, piece];
}

/** The image is not what the journal says was read. */
export function changed(folder: string, start: number, end: number): ExhibitError {
  const message = `The image in ${visible(folder)} was changed after the acquisition stopped: bytes [${start}, ${end}) are not those that were read.`;
  return new ExhibitError('damage', 'resume.damaged', message, {
    hint: 'It is not gone on with, and never signed as good. Keep the folder as it is, find out what changed it, and image the source again.',
  });
}
