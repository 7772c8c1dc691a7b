import { createHash } from 'node:crypto';
import { formatPieces } from '../../src/image/pieces.ts';
import type { Manifest } from '../../src/manifest/schema.ts';
import { cells } from '../../src/model/range.ts';
import { startOf } from './sample-start.ts';
import { toldBy, withSessions, type Told } from './told.ts';

/** SHA-256 of a piece, by its content or, where nobody has that, by its place. */
export type HashOf = (start: number, end: number) => string;

const byPlace: HashOf = (start, end) => createHash('sha256').update(`${start}-${end}`).digest('hex');

export const UNSTABLE = {
  start: 512,
  end: 1024,
  first: 'a'.repeat(64),
  again: 'b'.repeat(64),
  when: 'reconnected',
};

const NOTHING = { unreadable: [], read_again: [], unstable: [], reader_runs: 0, runs: [] };

/** A checkpoint of a stream that went on from `from` to `position`, all of it good but for `more`. */
export function checkpointOf(
  manifest: Manifest,
  hash: HashOf,
  from: number,
  position: number,
  more: object = {},
): Told {
  const { size } = manifest.pieces;
  const first = from === manifest.source.size ? from : Math.floor(from / size) * size;
  const all = [...cells({ start: first, end: position }, size)];
  const whole = all.filter(({ start, end }) => end - start === size || end === manifest.source.size);
  const last = all.at(-1);
  const tail =
    last === undefined || whole.includes(last)
      ? null
      : { offset: last.start, length: last.end - last.start, sha256: hash(last.start, last.end) };
  const marks = from < position ? [{ start: from, end: position, status: 'good' }] : [];
  const pieces = whole.map(({ start, end }) => hash(start, end));
  const failed_reads = { count: 0, ms: 0 };
  const data = { position, states: [], pieces_from: first, pieces, tail, extents: [], marks, failed_reads, ...NOTHING };
  return { type: 'checkpoint', data: { ...data, ...more } };
}

export function resumedAt(manifest: Manifest, from: number, examiner: string): Told {
  const { head } = startOf(manifest);
  const station = { ...head.station, hostname: 'bench2' };
  const acquisition = { ...head.acquisition, started: '2026-03-02T10:00:00.000Z', confirmation: 'typed again' };
  return {
    type: 'resumed',
    data: {
      from,
      head: { ...head, case: { ...head.case, examiner }, station, acquisition },
      renamed: [],
      reread: null,
    },
  };
}

/** The disk is pulled out and comes back. */
export function pulledOut(manifest: Manifest, position: number): Told[] {
  const { source, guard } = startOf(manifest).head;
  const identity = { model: null, wwn: null, diskseq: '8', chain: null, ...source.identity_before };
  const verdict = { name: guard.verdict, meaning: guard.meaning, evidence: guard.evidence };
  const back = { waited_ms: 2500, path: '/dev/sdz', real_path: '/dev/sdz', held_by: source.held_by };
  const reread = { start: 0, end: 4096, differing: [UNSTABLE] };
  return [
    { type: 'paused', data: { position, code: 'source.vanished', message: 'it is gone' } },
    { type: 'reconnected', data: { ...back, identity, verdict, counters: guard.counters_before, reread } },
  ];
}

/**
 * A complete acquisition of two sessions, and its journal: a disconnect at 4500, a stop at 6000,
 * another examiner who goes on.
 */
export function resumed(sample: Manifest, hash: HashOf = byPlace): { manifest: Manifest; told: Told[] } {
  const { size } = sample.source;
  const list = [...cells({ start: 0, end: size }, sample.pieces.size)].map(({ start, end }) => ({
    offset: start,
    length: end - start,
    sha256: hash(start, end),
  }));
  const pieces = { ...sample.pieces, sha256: createHash('sha256').update(formatPieces(list)).digest('hex') };
  const failed_reads = { count: 3, ms: 6140 };
  const unstable = [{ ...UNSTABLE, first_sector: 1, end_sector: 2 }];
  const read_map = { ...sample.read_map, failed_reads, unstable };
  const files = sample.files.map((file) => (file.role === 'pieces' ? { ...file, sha256: pieces.sha256 } : file));
  const manifest = { ...sample, pieces, read_map, files };
  const [begin, ...end] = toldBy(manifest);

  const told: Told[] = [
    begin!,
    { type: 'engines', data: { engines: [] } },
    checkpointOf(manifest, hash, 0, 4500),
    ...pulledOut(manifest, 4500),
    checkpointOf(manifest, hash, 4500, 6000, { failed_reads: { count: 2, ms: 4000 }, unstable: [UNSTABLE] }),
    { type: 'stopped', data: { code: 'interrupted', message: 'stopped by the operator', disturbances: [] } },
    resumedAt(manifest, 6000, 'R. Roe'),
    checkpointOf(manifest, hash, 6000, size, { failed_reads }),
    ...end,
  ];
  return { manifest: withSessions(manifest, told), told };
}
