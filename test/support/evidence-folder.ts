import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatMapfile } from '../../src/image/mapfile.ts';
import { formatPieces } from '../../src/image/pieces.ts';
import { segmentsOf } from '../../src/image/segments.ts';
import { formatAllowedSigners, MANIFEST_NAMESPACE, SUMS_NAMESPACE } from '../../src/manifest/allowed-signers.ts';
import { piecesTouched } from '../../src/manifest/consistency.ts';
import { encodeManifest } from '../../src/manifest/encode.ts';
import { folderNames, PARTIAL } from '../../src/manifest/file-names.ts';
import { checkChain, NO_RECORD } from '../../src/manifest/journal-chain.ts';
import type { Manifest } from '../../src/manifest/schema.ts';
import { sessionsOf } from '../../src/manifest/sessions.ts';
import { formatSums, sealOf } from '../../src/manifest/sums.ts';
import { formatVerifyText } from '../../src/manifest/verify-text.ts';
import { fingerprintOf } from '../../src/manifest/sign-blob.ts';
import type { PieceDigest } from '../../src/model/digest.ts';
import type { Segment } from '../../src/model/plan.ts';
import { cells, type Range } from '../../src/model/range.ts';
import { ReadMap } from '../../src/model/read-map.ts';
import { signByHand, type MadeKey } from '../manifest/sign-support.ts';
import { sampleManifest } from './sample-manifest.ts';
import { journalOf, toldBy, type Told } from './told.ts';

export { journalOf, toldBy, type Told } from './told.ts';

const STEM = 'ITEM-7';
export const SIGNER = 'Ann Lee';
export const PIECE = 65_536;
/** Not a multiple of the piece size: pieces lie across segments. */
const SEGMENT = 102_400;
/** 585 sectors of 512 bytes: four whole pieces and a short one, three segments. */
export const SIZE = 299_520;

export interface FolderSpec {
  readonly parent: string;
  readonly format?: 'raw' | 'split';
  /** Null: unsigned. */
  readonly key: MadeKey | null;
  readonly data?: Buffer;
  /** Bytes that were read before it stopped. */
  readonly stoppedAt?: number;
  readonly unreadable?: readonly Range[];
  /** Sizes of split segments, where they are not to be alike. */
  readonly cuts?: readonly number[];
  /** Changes the manifest before it is written; the journal is that of the changed one. */
  readonly change?: (manifest: Manifest) => Manifest;
  /** Changes what the journal tells. */
  readonly tell?: (told: readonly Told[]) => readonly Told[];
}

/** Bytes without repetition, the same in every run. */
export function sampleData(seed: string, size = SIZE): Buffer {
  const blocks = Array.from({ length: Math.ceil(size / 32) }, (_, index) =>
    createHash('sha256').update(`${seed}:${index}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, size);
}

/** An evidence folder as exhibit leaves it, made from the format's own parts and signed by the real ssh-keygen. */
export function makeEvidence(spec: FolderSpec): string {
  const folder = join(spec.parent, STEM);
  mkdirSync(folder, { recursive: true });
  const source = spec.data ?? sampleData('disk');
  const data = source.subarray(0, spec.stoppedAt ?? source.length);
  const change = spec.change ?? ((same) => same);
  const made = manifestFor(spec, source.length, data);
  const { bytes, records, head } = journalOf((spec.tell ?? ((same) => same))(toldBy(change(made))));
  const sessions = sessionsOf(checkChain(bytes).records);
  const manifest = { ...made, sessions, journal: { ...made.journal, records, head } };
  writeSidecars(folder, manifest, spec, source.length, data);
  writeFileSync(join(folder, manifest.journal.file), bytes);
  const files = manifest.files.map((file) => ({ ...file, ...measure(folder, file.name) }));
  writeManifest(folder, change({ ...manifest, files }));
  sealFolder(folder, spec.key);
  return folder;
}

export function manifestPath(folder: string): string {
  const [name] = readdirSync(folder).filter((each) => each.endsWith('.manifest.json'));
  return join(folder, name ?? 'missing');
}

export function readManifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(manifestPath(folder), 'utf8')) as Manifest;
}

export function writeManifest(folder: string, manifest: Manifest): void {
  writeFileSync(join(folder, folderNames(STEM).manifest), encodeManifest(manifest));
}

/** Lists and signatures anew, over whatever lies there: what exhibit does last, and what a forger does. */
export function sealFolder(folder: string, key: MadeKey | null): void {
  const manifest = readManifestOf(folder);
  const names = folderNames(STEM);
  const bytes = readFileSync(join(folder, names.manifest));
  const signer = key === null ? null : { principal: SIGNER, fingerprint: fingerprintOfKey(key) };
  if (key !== null) {
    writeFileSync(join(folder, names.manifestSignature), signByHand(key, MANIFEST_NAMESPACE, bytes));
    writeFileSync(join(folder, 'allowed_signers'), formatAllowedSigners(SIGNER, key.publicKey));
  }
  const manifestSha256 = sha256(bytes);
  writeFileSync(join(folder, 'VERIFY.txt'), formatVerifyText(manifest, { manifestSha256, signer }));
  const later = [names.manifest, 'VERIFY.txt', ...(key === null ? [] : [names.manifestSignature, 'allowed_signers'])];
  const listed = [...manifest.files.map((file) => file.name), ...later];
  writeSums(folder, listed, key);
}

export function writeSums(folder: string, names: readonly string[], key: MadeKey | null): void {
  const sums = formatSums(names.map((name) => ({ name, sha256: measure(folder, name).sha256 })));
  writeFileSync(join(folder, 'SHA256SUMS'), sums);
  if (key !== null) writeFileSync(join(folder, 'SHA256SUMS.sig'), signByHand(key, SUMS_NAMESPACE, sums));
}

export function sealOfFolder(folder: string): string {
  return sealOf(readFileSync(join(folder, 'SHA256SUMS')));
}

function fingerprintOfKey(key: MadeKey): string {
  return fingerprintOf(Buffer.from(key.publicKey.split(' ')[1] ?? '', 'base64'));
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function piecesOf(data: Buffer): PieceDigest[] {
  return [...cells({ start: 0, end: data.length }, PIECE)].map(({ start, end }) => ({
    offset: start,
    length: end - start,
    sha256: sha256(data.subarray(start, end)),
  }));
}

function measure(folder: string, name: string): { size: number; sha256: string } {
  const path = join(folder, name);
  return { size: statSync(path).size, sha256: sha256(readFileSync(path)) };
}

/** Writes image, pieces, map, journal and report. */
function writeSidecars(folder: string, manifest: Manifest, spec: FolderSpec, size: number, data: Buffer): void {
  const names = folderNames(STEM);
  for (const { name, offset, size: length } of manifest.image.segments) {
    writeFileSync(join(folder, name), data.subarray(offset, offset + length));
  }
  writeFileSync(join(folder, names.pieces), formatPieces(piecesOf(data)));
  const map = new ReadMap(size);
  map.mark({ start: 0, end: data.length }, 'good');
  for (const range of spec.unreadable ?? []) map.mark(range, 'unreadable');
  writeFileSync(join(folder, names.map), formatMapfile(map, '0.1.0'));
  writeFileSync(join(folder, names.report), 'The report.\n');
}

function cut(sizes: readonly number[]): Segment[] {
  let offset = 0;
  return sizes.map((length, index) => {
    offset += length;
    return { name: `${STEM}.${String(index + 1).padStart(3, '0')}`, offset: offset - length, length };
  });
}

function manifestFor(spec: FolderSpec, size: number, data: Buffer): Manifest {
  const sample = sampleManifest();
  const names = folderNames(STEM);
  const format = spec.format ?? 'raw';
  const stopped = spec.stoppedAt !== undefined;
  const unreadable = spec.unreadable ?? [];
  const bad = unreadable.reduce((sum, range) => sum + range.end - range.start, 0);
  const segments = (spec.cuts === undefined ? segmentsOf(data.length, format, SEGMENT, STEM) : cut(spec.cuts)).map(
    ({ name, offset, length }) => ({
      name: stopped ? name + PARTIAL : name,
      offset,
      size: length,
      sha256: sha256(data.subarray(offset, offset + length)),
    }),
  );
  const blank = { size: 0, sha256: '' };
  return {
    ...sample,
    outcome: stopped ? 'incomplete' : bad > 0 ? 'complete-with-unreadable' : 'complete',
    incomplete_reason: stopped ? 'the drive died' : null,
    source: { ...sample.source, size },
    acquisition: {
      ...sample.acquisition,
      findings: [
        ...sample.acquisition.findings,
        ...(stopped ? [{ level: 'warning' as const, code: 'interrupted', message: 'stopped by the operator' }] : []),
      ],
      settings: { ...sample.acquisition.settings, format, segment_size: SEGMENT, piece_size: PIECE },
    },
    image: { format, size: data.length, complete: !stopped, segments },
    digests: (['md5', 'sha256'] as const).map((algorithm) => ({
      algorithm,
      hex: createHash(algorithm).update(data).digest('hex'),
      engine: 'native',
    })),
    pieces: {
      file: names.pieces,
      size: PIECE,
      count: Math.ceil(data.length / PIECE),
      sha256: sha256(Buffer.from(formatPieces(piecesOf(data)))),
      with_unreadable: piecesTouched(unreadable, data.length, PIECE),
    },
    read_map: {
      ...sample.read_map,
      file: names.map,
      good: data.length - bad,
      unreadable: bad,
      not_tried: size - data.length,
      ranges: unreadable.map(({ start, end }) => ({
        start,
        end,
        first_sector: start / 512,
        end_sector: end / 512,
        errno: 'EIO',
        attempts: 3,
      })),
    },
    read_back: stopped ? { state: 'not-done', why: 'it stopped before' } : sample.read_back,
    journal: { file: names.journal, records: 0, head: NO_RECORD },
    files: [
      ...segments.map(({ name }) => ({ ...blank, name, role: 'image' as const })),
      { ...blank, name: names.pieces, role: 'pieces' },
      { ...blank, name: names.map, role: 'map' },
      { ...blank, name: names.journal, role: 'journal' },
      { ...blank, name: names.report, role: 'report' },
    ],
    signing:
      spec.key === null
        ? { state: 'unsigned' }
        : { state: 'signed', principal: SIGNER, fingerprint: fingerprintOfKey(spec.key), key_type: 'ssh-ed25519' },
  };
}
