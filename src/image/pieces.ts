import type { PieceDigest } from '../model/digest.ts';
import { visible } from '../model/text.ts';
import { Faults } from './faults.ts';

/** The pieces file: one line `<hex>  <offset>+<length>` a piece of the logical media. `docs/manifest-format.md`, section 4. */
export type PiecesResult =
  { readonly ok: true; readonly pieces: readonly PieceDigest[] } | { readonly ok: false; readonly faults: string[] };

/** Bytes that are read of a pieces file: that of a 40 TiB disk has 240 MB. */
export const PIECES_LIMIT = 1024 * 1024 * 1024;

const LINE = /^([0-9a-f]{64}) {2}(0|[1-9]\d{0,15})\+([1-9]\d{0,15})$/;

/** One line, `\n` included. */
export function formatPiece(piece: PieceDigest): string {
  return `${piece.sha256}  ${piece.offset}+${piece.length}\n`;
}

export function formatPieces(pieces: Iterable<PieceDigest>): string {
  return Array.from(pieces, formatPiece).join('');
}

/** Reads the whole list. Pieces must start at 0, touch, and have one size, except that the last may be shorter. */
export function parsePieces(text: string): PiecesResult {
  const faults = new Faults();
  const lines = text.split('\n');
  if (lines.pop() !== '') faults.add('the last line does not end: the file was cut off');
  const pieces = lines.flatMap((line, index) => {
    const piece = parsePiece(line);
    if (piece === null)
      faults.add(`line ${index + 1} is not "<sha256>  <offset>+<length>": "${visible(line.slice(0, 100))}"`);
    return piece ?? [];
  });
  if (!faults.any) checkGrid(pieces, faults);
  return faults.any ? { ok: false, faults: faults.list } : { ok: true, pieces };
}

function parsePiece(line: string): PieceDigest | null {
  const match = LINE.exec(line);
  if (match === null) return null;
  const [, sha256 = '', offset, length] = match;
  const piece = { sha256, offset: Number(offset), length: Number(length) };
  return Number.isSafeInteger(piece.offset + piece.length) ? piece : null;
}

function checkGrid(pieces: readonly PieceDigest[], faults: Faults): void {
  const size = pieces[0]?.length ?? 0;
  let end = 0;
  for (const [index, piece] of pieces.entries()) {
    const last = index === pieces.length - 1;
    if (piece.offset !== end)
      faults.add(`line ${index + 1} starts at ${piece.offset}, not where the piece before ends (${end})`);
    if (last ? piece.length > size : piece.length !== size) {
      faults.add(`line ${index + 1} is ${piece.length} bytes long; the piece size is ${size}`);
    }
    end = piece.offset + piece.length;
  }
}
