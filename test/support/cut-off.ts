import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { normalise, type Range } from '../../src/model/range.ts';
import { manifestOf, type Desk } from './exhibit.ts';
import { exhibitHere } from './in-process.ts';
import { sh } from './loop.ts';
import { imageFiles, sumOf } from './stock-tools.ts';

/** What an image must be in the end. */
export interface Truth {
  /** With zeros where the disk gives nothing. */
  readonly due: Buffer;
  readonly bad: readonly Range[];
  readonly pieceSize: number;
}

/** A journal's record, of what this file judges by. */
export interface Told {
  readonly type: string;
  readonly data: {
    readonly position?: number;
    readonly from?: number;
    readonly pieces_from?: number;
    readonly pieces?: readonly string[];
    readonly tail?: { readonly offset: number; readonly length: number; readonly sha256: string } | null;
    readonly extents?: readonly (Range & { readonly sha256: string })[];
    readonly marks?: readonly (Range & { readonly status: string })[];
    readonly complete?: boolean;
  };
}

/** Where a stopped acquisition stands, by a reading of its journal of our own. */
export interface Standing {
  readonly records: readonly Told[];
  /** Of the last checkpoint; 0: there is none. */
  readonly position: number;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** `content` as an image of it must be, with nothing where it is bad. */
export function truthOf(content: Buffer, bad: readonly Range[], pieceSize: number): Truth {
  const due = Buffer.from(content);
  for (const { start, end } of bad) due.fill(0, start, end);
  return { due, bad, pieceSize };
}

/** The whole lines of a journal, whose chain must hold. */
export function recordsOf(folder: string, item = 'HDD-01'): Told[] {
  const path = join(folder, `${item}.journal.jsonl`);
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
  let prev = '0'.repeat(64);
  return lines.map((line, n) => {
    const record = JSON.parse(line) as Told & { readonly n: number; readonly prev: string };
    assert.deepEqual([record.n, record.prev], [n, prev], `record ${n} of ${path}`);
    prev = sha256(Buffer.from(line));
    return record;
  });
}

/** The image's bytes as they lie there, under whatever name; pieces of a split one put together. */
export function imageBytes(folder: string): Buffer {
  // Cut off between link and unlink, a file has both names.
  const files = imageFiles(folder).filter((path) => !path.endsWith('.partial') || !existsSync(path.slice(0, -8)));
  return Buffer.concat(files.map((path) => readFileSync(path)));
}

/**
 * Whatever ended the job: all that its journal promises is so, on disk and in the source. Throws what is not.
 * @param image what is there; null: it is read from the folder
 */
export function requirePromises(folder: string, item: string, truth: Truth, image = imageBytes(folder)): Standing {
  const records = recordsOf(folder, item);
  let position = 0;
  let pieces = 0;
  for (const [n, { type, data }] of records.entries()) {
    const at = `record ${n} (${type}) of ${folder}`;
    if (type === 'resumed' && records.slice(0, n).every((each) => each.data.complete !== true))
      assert.equal(data.from, position, `${at} goes on elsewhere than at the last checkpoint`);
    if (type !== 'checkpoint') continue;
    const now = data.position ?? -1;
    assert.ok(now >= position, `${at} goes back`);
    position = now;
    assert.equal(data.pieces_from, pieces, at);
    for (const hex of data.pieces ?? []) {
      assert.equal(hex, sha256(truth.due.subarray(pieces, pieces + truth.pieceSize)), `${at}: the piece at ${pieces}`);
      pieces = Math.min(pieces + truth.pieceSize, truth.due.length);
    }
    if (data.tail) {
      const { offset, length, sha256: hex } = data.tail;
      assert.deepEqual([offset, offset + length], [pieces, position], at);
      assert.equal(hex, sha256(truth.due.subarray(offset, offset + length)), `${at}: its tail`);
    } else assert.equal(pieces, position, at);
    for (const { start, end, sha256: hex } of data.extents ?? []) {
      assert.equal(hex, sha256(truth.due.subarray(start, end)), `${at}: [${start}, ${end})`);
      assert.ok(image.subarray(start, end).equals(truth.due.subarray(start, end)), `${at}: [${start}, ${end}) is lost`);
    }
    requireMarks(at, data.marks ?? [], truth);
  }
  assert.ok(image.length >= position, `${folder}: ${image.length} bytes are there, ${position} were promised`);
  assert.ok(image.subarray(0, position).equals(truth.due.subarray(0, position)), `${folder}: promised bytes are lost`);
  return { records, position };
}

/** What is called read can be read, what is called unreadable can't. */
function requireMarks(at: string, marks: readonly (Range & { readonly status: string })[], { bad }: Truth): void {
  for (const { start, end, status } of marks) {
    const touching = bad.filter((range) => range.start < end && start < range.end);
    if (status === 'good') assert.deepEqual(touching, [], `${at}: [${start}, ${end}) can't have been read`);
    if (status === 'unreadable')
      assert.ok(
        touching.some((range) => range.start <= start && end <= range.end),
        `${at}: [${start}, ${end}) can be read`,
      );
  }
}

/**
 * A finished acquisition is what an uninterrupted one is: image, hashes by stock tools, map, manifest, signatures.
 * @param sessions how many it took; null: not known
 */
export async function requireWhole(
  desk: Pick<Desk, 'signers'>,
  folder: string,
  item: string,
  truth: Truth,
  sessions: number | null,
): Promise<void> {
  const files = imageFiles(folder);
  assert.ok(files.length > 0 && files.every((path) => !path.endsWith('.partial')), readdirSync(folder).join(' '));
  assert.ok(imageBytes(folder).equals(truth.due), `${folder}: the image is not what is due`);
  const manifest = manifestOf(folder, item);
  assert.equal(manifest.outcome, truth.bad.length > 0 ? 'complete-with-unreadable' : 'complete');
  for (const { algorithm, hex } of manifest.digests) {
    assert.equal(hex, createHash(algorithm).update(truth.due).digest('hex'), `${folder}: ${algorithm}`);
    assert.equal(sumOf(`${algorithm}sum`, ...files), hex);
  }
  // Neighbours that were tried more or less often stand there as two.
  assert.deepEqual(normalise(manifest.read_map.ranges), truth.bad);
  sh('ddrescuelog', '-t', join(folder, `${item}.map`));
  assert.equal(manifest.read_back.state, 'match');
  requirePromises(folder, item, truth);
  if (sessions !== null) requireSessions(folder, item, sessions);
  const { code, stdout } = await exhibitHere(['verify', folder, '--signers', desk.signers]);
  assert.equal(code, 0, stdout);
}

/** What is asked of one session of the manifest; what is not named is not asked. */
export interface SessionDue {
  readonly how?: 'finished' | 'stopped' | 'without-a-word';
  readonly examiner?: string;
  readonly station?: string;
  readonly version?: string;
  readonly verdict?: string;
  readonly from?: number;
}

/** The manifest's `sessions`: one for each time that somebody sat down to it, in order, the last one finished. */
export function requireSessions(folder: string, item: string, count: number, due: readonly SessionDue[] = []): void {
  const { sessions } = manifestOf(folder, item);
  assert.equal(sessions.length, count, `${folder}: ${sessions.length} sessions`);
  for (const [n, wanted] of due.entries()) {
    const { how, examiner, station, tool_version, verdict, from } = sessions[n] ?? assert.fail(`no session ${n}`);
    const told = { how, examiner, station: station.hostname, version: tool_version, verdict, from };
    assert.deepEqual({ ...told, ...wanted }, told, `session ${n}`);
  }
}
