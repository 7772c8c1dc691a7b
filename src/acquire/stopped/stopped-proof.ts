import { createHash } from 'node:crypto';
import { parsePieces } from '../../image/pieces.ts';
import { PARTIAL } from '../../manifest/file-names.ts';
import type { JournalAccount } from '../../manifest/journal-records.ts';
import type { ReadingState } from '../../manifest/reading-state.ts';
import type { PieceDigest } from '../../model/digest.ts';
import { normalise, total, type Range } from '../../model/range.ts';
import { ReadMap } from '../../model/read-map.ts';
import { damaged, rangeKey, type StoppedImage } from './stopped-image.ts';
import type { StoppedJob } from './stopped-job.ts';

/** How a stopped image stands beside what the journal says was read. */
export interface Proof {
  /** Bytes of the image that are not known to be those that were read, though they are before the proven end. */
  readonly doubtful: readonly Range[];
  /** The pieces of which it is known that they differ, as they were read. */
  readonly asRead: readonly PieceDigest[];
  /** How much stands behind the image's bytes, as a sentence. */
  readonly sentence: string;
}

/**
 * Holds the image against the hashes of the data read. Throws `seal.damaged` when it differs, unless the run itself
 * found that it did not read back: then the differences stay what they were, a mismatch.
 * @param listed the list of pieces as they were read; null: it is not the one that was made then
 */
export function proofOf(
  folder: string,
  { account, state }: Pick<StoppedJob, 'account' | 'state'>,
  image: StoppedImage,
  listed: readonly PieceDigest[] | null,
): Proof {
  const { read, readBack } = account;
  if (readBack?.state !== 'mismatch') requireAsTold(folder, state, image);
  if (read?.position !== image.size) {
    return { doubtful: [], asRead: [], sentence: withoutStreamHashes(account, state, image.size) };
  }
  const changed = read.digests.filter(({ algorithm, hex }) => hexOf(image, algorithm) !== hex);
  if (changed.length === 0)
    return { doubtful: [], asRead: [], sentence: readBack?.state === 'mismatch' ? EQUAL_NOW : EQUAL };
  if (readBack?.state !== 'mismatch')
    throw damaged(folder, `its ${changed[0]?.algorithm ?? ''} is no longer the one of the data that was read`);
  const now = new Map(image.found.pieces.map((piece) => [piece.offset, piece.sha256]));
  const asRead = (listed ?? []).filter(({ offset, sha256 }) => now.get(offset) !== sha256);
  if (asRead.length === 0) return { doubtful: [{ start: 0, end: image.size }], asRead, sentence: DIFFERENT };
  if (!asRead.every(touches(readBack.differing)))
    throw damaged(folder, 'it differs from the data that was read in places that did read back');
  return { doubtful: normalise(asRead.map(rangeOf)), asRead, sentence: DIFFERENT };
}

/** Tells whether a piece shares bytes with one of `ranges`; asked in ascending order. */
function touches(ranges: readonly Range[]): (piece: PieceDigest) => boolean {
  let at = 0;
  return ({ offset, length }) => {
    while ((ranges[at]?.end ?? Infinity) <= offset) at += 1;
    return (ranges[at]?.start ?? Infinity) < offset + length;
  };
}

const EQUAL = 'The image was compared with the hashes of the data that was read before the acquisition stopped: equal.';
const EQUAL_NOW =
  'The acquisition found that the image did not read back as it was read; when it was closed it had the hashes of the data that was read. Both stand.';
const DIFFERENT =
  'The image is not the data that was read: the acquisition found so when it read it back, before it stopped. The hashes are of the image.';

/** Pieces, the one under way, and what was placed out of order are in the image as the checkpoints say they were read. */
function requireAsTold(folder: string, state: ReadingState, image: StoppedImage): void {
  const now = new Map(image.found.pieces.map((piece) => [piece.offset, piece]));
  const changed = (at: number): Error => damaged(folder, `from byte ${at} on it is no longer the data that was read`);
  for (const { offset, length, sha256 } of state.pieces) {
    const found = now.get(offset);
    if (found?.length !== length || found.sha256 !== sha256) throw changed(offset);
  }
  for (const { start, end, sha256 } of toldApart(state))
    if (image.ranges.get(rangeKey({ start, end })) !== sha256) throw changed(start);
}

/** What the checkpoints tell the hash of that the list of pieces does not cover. */
export function toldApart({ tail, extents, pieces }: ReadingState): readonly (Range & { readonly sha256: string })[] {
  const own = tail === null ? [] : [{ ...rangeOf(tail), sha256: tail.sha256 }];
  const covered = toldEnd({ tail, pieces });
  return [...own, ...extents.filter(({ end }) => end > covered)];
}

function toldEnd({ tail, pieces }: Pick<ReadingState, 'tail' | 'pieces'>): number {
  const last = tail ?? pieces.at(-1);
  return last === undefined ? 0 : last.offset + last.length;
}

function withoutStreamHashes({ read, readingFailed }: JournalAccount, state: ReadingState, size: number): string {
  const told = toldEnd(state);
  const apart = total(state.extents.filter(({ end }) => end > told));
  const known = read !== null || readingFailed !== null;
  const proven = state.proven.end;
  const how = !known ? 'The acquisition ended without a word.' : read === null ? FAILED : 'Reading stopped.';
  if (told + apart === 0) {
    if (!known)
      return `${how} The image is described as found on disk; what was read, and what of it is here, is not known.`;
    const behind = size > proven ? `, of which those from byte ${proven} on are not known to have been read` : '';
    return `${how} The image is described as found on disk, ${size} bytes${behind}; no hash of the data read exists to compare it with.`;
  }
  return [
    `${how} The image is described as found on disk, ${size} bytes.`,
    `Its first ${told} bytes${apart === 0 ? '' : `, and ${apart} bytes behind them that were read out of order,`} were compared with the hashes of the data that was read: equal.`,
    ...(proven > told ? [`Bytes ${told} to ${proven - 1} were read, and no hash of them exists to compare with.`] : []),
    ...(size > proven ? ['What else is in it is not known to have been read.'] : []),
  ].join(' ');
}

const FAILED = 'Reading or writing failed.';

/**
 * What is known of each byte: `good` is what the journal proves, less what is doubtful. An image file may hold more;
 * nobody knows of what.
 */
export function provenMap({ proven }: ReadingState, doubtful: readonly Range[]): ReadMap {
  const map = new ReadMap(proven.map.size, proven.map.entries);
  for (const range of doubtful) map.mark(range, 'not-tried');
  for (const range of proven.unreadable) map.mark(range, 'unreadable');
  return map;
}

/** Only what was read back, or not to be, and did not differ was given its own name; nobody else gives it. */
export function refuseFinishedNames(
  folder: string,
  { readBack, sourceCheck }: JournalAccount,
  image: StoppedImage,
): void {
  const back = readBack?.state === 'match' || readBack?.state === 'waived';
  if (back && sourceCheck !== null && sourceCheck.state !== 'mismatch') return;
  const renamed = image.files.find(({ name }) => !name.endsWith(PARTIAL));
  if (renamed !== undefined)
    throw damaged(
      folder,
      `${renamed.name} bears the name of a finished image; it was called ${renamed.name}${PARTIAL}`,
    );
}

/** The pieces as they were read, if these bytes are the list that was made of them then. */
export function piecesAsRead({ read }: JournalAccount, bytes: Uint8Array | null): readonly PieceDigest[] | null {
  if (bytes === null || createHash('sha256').update(bytes).digest('hex') !== read?.pieces_sha256) return null;
  const parsed = parsePieces(Buffer.from(bytes).toString('latin1'));
  return parsed.ok ? parsed.pieces : null;
}

function hexOf({ found }: StoppedImage, algorithm: string): string | undefined {
  return found.digests.find((digest) => digest.algorithm === algorithm)?.hex;
}

function rangeOf({ offset, length }: PieceDigest): Range {
  return { start: offset, end: offset + length };
}
