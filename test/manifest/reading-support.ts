import { createHash } from 'node:crypto';
import { formatPieces } from '../../src/image/pieces.ts';
import type { JournalRecord } from '../../src/manifest/journal-chain.ts';
import { readingState, type ReadingState } from '../../src/manifest/reading-state.ts';
import type { MapEntry, ReadStatus } from '../../src/model/read-map.ts';
import { sampleManifest } from '../support/sample-manifest.ts';
import { startOf } from '../support/sample-start.ts';

const PIECE = 4096;
export const SIZE = 10_000;
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
export type Data = Record<string, unknown>;

export function begin(recovery: 'in-line' | 'deferred' = 'in-line'): Told {
  return ['begin', { head: { acquisition: { settings: { piece_size: PIECE, recovery } } } }];
}

export type Told = readonly [type: string, data: Data];

export function records(told: readonly Told[]): JournalRecord[] {
  const at = '2026-03-01T09:15:00.000Z';
  return told.map(([type, data], n) => ({ n, prev: '0'.repeat(64), at, mono_ms: n, type, data }));
}

export function fold(...told: Told[]): { state: ReadingState; faults: readonly string[] } {
  return readingState(records(told), SIZE);
}

const reader = {
  unreadable: [],
  read_again: [],
  unstable: [],
  failed_reads: { count: 0, ms: 0 },
  reader_runs: 0,
  runs: [],
};

/** A checkpoint of a stream that hashed [from, position), whose pieces are told by their offsets. */
export function checkpoint(from: number, position: number, more: Data = {}): Told {
  const first = from === SIZE ? SIZE : Math.floor(from / PIECE) * PIECE;
  const pieces: string[] = [];
  let end = first;
  for (; end + PIECE <= position || (end < position && position === SIZE); end += PIECE)
    pieces.push(sha256(`piece ${end}`));
  const tail = end < position ? { offset: end, length: position - end, sha256: sha256('tail') } : null;
  const marks = from < position ? [{ start: from, end: position, status: 'good' }] : [];
  const data = { position, states: [], pieces_from: first, pieces, tail, extents: [], marks, ...reader, ...more };
  return ['checkpoint', data];
}

export const PIECES = [0, 4096, 8192].map((offset) => ({
  offset,
  length: Math.min(PIECE, SIZE - offset),
  sha256: sha256(`piece ${offset}`),
}));

export function read(more: Data = {}): Told {
  const digests = [{ algorithm: 'sha256', engine: 'native', hex: sha256('all') }];
  const lists = { pieces_sha256: sha256(formatPieces(PIECES)), segments_sha256: [sha256('all')] };
  return ['read', { position: SIZE, complete: true, digests, engines: [], ...lists, ...reader, ...more }];
}

export const failed = (position: number, more: Data = {}): Told => [
  'reading-failed',
  { position, message: 'full', ...reader, ...more },
];
export const bad = (start: number, end: number, attempts = 3) => ({ start, end, errno: 'EIO', attempts });
export const mark = (start: number, end: number, status: ReadStatus): MapEntry => ({ start, end, status });
export const extent = (start: number, end: number) => ({ start, end, sha256: sha256(`${start}`) });
export const mapText = (entries: readonly MapEntry[]): string =>
  entries.map(({ start, end, status }) => `${start}-${end} ${status}`).join(', ');

/** The next session, of the same people and tools. */
export function resumed(from: number): Told {
  return ['resumed', { from, head: startOf(sampleManifest()).head }];
}

/** So many runs of the reading program. */
export function runs(count: number): Data {
  const run = { argv: ['dd'], from: 0, to: 1, delivered: 1, exit: 0, signal: null, stderr: '' };
  return { runs: Array.from({ length: count }, () => run) };
}
