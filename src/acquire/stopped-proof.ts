import { createHash } from 'node:crypto';
import { parsePieces } from '../image/pieces.ts';
import { PARTIAL } from '../manifest/file-names.ts';
import { provenEnd, provenUnreadable, type JournalAccount } from '../manifest/journal-records.ts';
import type { PieceDigest } from '../model/digest.ts';
import { normalise, type Range } from '../model/range.ts';
import { ReadMap } from '../model/read-map.ts';
import { damaged, type StoppedImage } from './stopped-image.ts';

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
  account: JournalAccount,
  image: StoppedImage,
  listed: readonly PieceDigest[] | null,
): Proof {
  const { read, readingFailed, readBack } = account;
  if (read === null) {
    const end = readingFailed === null ? null : provenEnd(account);
    return { doubtful: [], asRead: [], sentence: withoutHashes(end, image.size) };
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

function withoutHashes(proven: number | null, size: number): string {
  if (proven === null)
    return 'The acquisition ended without a word. The image is described as found on disk; what was read, and what of it is here, is not known.';
  const behind = size > proven ? `, of which those from byte ${proven} on are not known to have been read` : '';
  return `Reading or writing failed. The image is described as found on disk, ${size} bytes${behind}; no hash of the data read exists to compare it with.`;
}

/**
 * What is known of each byte: `good` ends where the journal's proof ends, and leaves out what is doubtful. An image
 * file may hold more; nobody knows of what.
 */
export function provenMap(sourceSize: number, account: JournalAccount, doubtful: readonly Range[]): ReadMap {
  const map = new ReadMap(sourceSize);
  map.mark({ start: 0, end: provenEnd(account) }, 'good');
  for (const range of doubtful) map.mark(range, 'not-tried');
  for (const range of provenUnreadable(account)) map.mark(range, 'unreadable');
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
