import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { formatMapfile } from '../image/mapfile.ts';
import { formatPieces } from '../image/pieces.ts';
import { ExhibitError } from '../model/errors.ts';
import type { Emit } from '../model/event.ts';
import { ReadMap } from '../model/read-map.ts';
import { visible } from '../model/text.ts';
import { folderNames } from '../manifest/file-names.ts';
import { Journal } from '../manifest/journal.ts';
import type { Signer } from '../manifest/sign.ts';
import type { Ports } from '../system/ports.ts';
import { imageDigests, type ImageDigests } from '../verify/image-digests.ts';
import { closeFolder, type ClosedFolder } from './close-folder.ts';
import { signingSection } from './close-job.ts';
import { manifestBody, type ImageFile } from './finish.ts';
import { claim } from './open-folder.ts';
import { manifestRanges } from './read-recorder.ts';
import { readStoppedJob, type StoppedJob } from './stopped-job.ts';

export interface SealIncompleteWork {
  readonly ports: Ports;
  readonly folder: string;
  readonly stem: string;
  readonly reason: string;
  /** Null: `--unsigned` was the job's own choice, and no key is there now. */
  readonly signer: Signer | null;
  readonly emit: Emit;
  readonly stop: AbortSignal;
}

/**
 * Closes an acquisition that stopped: what is on disk is hashed as it is, held against what the journal says was
 * read, described as incomplete, and signed. Throws `damage` when the image is not what the journal says.
 */
export async function sealIncomplete(work: SealIncompleteWork): Promise<ClosedFolder> {
  const { ports, folder, stem } = work;
  const names = folderNames(stem);
  const path = join(folder, names.journal);
  const journal = await Journal.reopen(ports.files, ports.clock, path, async (fd) => claim(ports, fd, folder));
  try {
    const job = readStoppedJob(await ports.files.readBytes(path), path);
    const parts = await imageParts(work, job);
    const size = parts.reduce((sum, part) => sum + part.length, 0);
    refuseLostBytes(folder, job, size);
    const found = await hashImage(work, job, parts, size);
    refuseChangedBytes(folder, job, found);
    const map = mapOf(job, size);
    const pieces = formatPieces(found.pieces);
    await ports.files.replaceFile(join(folder, names.pieces), pieces);
    await ports.files.replaceFile(join(folder, names.map), formatMapfile(map, ports.host.toolVersion));
    // A report of a closing that was cut off; no signature covers it yet.
    await ports.files.unlink(join(folder, names.report)).catch(() => undefined);
    await journal.append('sealed-incomplete', { reason: work.reason, size, station: ports.host.hostname });
    const body = manifestBody({
      start: job.start,
      createdMs: ports.clock.wallMs(),
      finishedMs: job.lastRecordMs,
      durationMs: job.durationMs,
      identityAfter: null,
      verdictAfter: null,
      folderSynced: await ports.files.syncFolder(folder),
      disturbances: [],
      findings: [{ level: 'warning', code: 'seal.incomplete', message: job.provenance }],
      runs: job.runs,
      runCount: job.readerRuns,
      engines: job.engines,
      image: await segmentFiles(parts, job, found),
      digests: found.digests,
      piecesSha256: createHash('sha256').update(pieces).digest('hex'),
      piecesCount: found.pieces.length,
      map,
      unreadable: manifestRanges(job.unreadable, job.start.head.source.logical_sector),
      readBack: job.start.head.acquisition.settings.read_back
        ? { state: 'not-done', why: 'the acquisition stopped before it' }
        : { state: 'waived' },
      sourceCheck: { state: 'not-done' },
      journal: { records: journal.count, head: journal.head },
      signing: signingSection(work.signer),
      incompleteReason: work.reason,
    });
    return await closeFolder(ports.files, folder, stem, body, work.signer);
  } finally {
    await journal.close();
  }
}

interface Part {
  readonly name: string;
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}

/** The image files that are there, in order, up to the first that is missing or short. */
async function imageParts({ ports, folder }: SealIncompleteWork, job: StoppedJob): Promise<Part[]> {
  const parts: Part[] = [];
  for (const segment of job.start.segments) {
    for (const name of [`${segment.name}.partial`, segment.name]) {
      const found = await ports.files.statOrNull(join(folder, name));
      if (found === null) continue;
      if (found.size > segment.length) throw damaged(folder, `${name} is longer than what could have been written`);
      parts.push({
        name,
        path: join(folder, name),
        offset: segment.offset,
        length: Math.min(found.size, segment.length),
      });
      break;
    }
    const last = parts.at(-1);
    if (last?.offset !== segment.offset || last.length < segment.length) break;
  }
  return parts;
}

async function hashImage(
  work: SealIncompleteWork,
  job: StoppedJob,
  parts: readonly Part[],
  size: number,
): Promise<ImageDigests> {
  const { settings } = job.start.head.acquisition;
  const found = await imageDigests(work.ports, {
    parts,
    wanted: { start: 0, end: size },
    hashes: settings.hashes,
    pieceSize: settings.piece_size,
    segmentSize: settings.format === 'split' ? settings.segment_size : null,
    onProgress: (done) => {
      work.emit({ type: 'progress', stage: 'seal', done, total: size, unreadable: 0 });
    },
    stop: work.stop,
  });
  if (!found.complete)
    throw new ExhibitError(
      'interrupted',
      'interrupted',
      'Stopped while the image was hashed; the folder is as it was.',
    );
  if (found.missing.length === 0) return found;
  throw damaged(work.folder, 'some of its bytes can not be read back');
}

function refuseLostBytes(folder: string, job: StoppedJob, size: number): void {
  if (job.synced === null || size === job.synced.position) return;
  throw damaged(folder, `its image holds ${size} bytes; the journal says that ${job.synced.position} were written`);
}

function refuseChangedBytes(folder: string, job: StoppedJob, found: ImageDigests): void {
  for (const { algorithm, hex } of job.synced?.digests ?? []) {
    const now = found.digests.find((digest) => digest.algorithm === algorithm);
    if (now?.hex !== hex) throw damaged(folder, `its ${algorithm} is no longer the one of the data that was read`);
  }
}

function damaged(folder: string, what: string): ExhibitError {
  return new ExhibitError(
    'damage',
    'seal.damaged',
    `${visible(folder)} was changed after the acquisition stopped: ${what}.`,
    {
      hint: 'It is not signed. Keep it as it is, find out what changed it, and image the source again.',
    },
  );
}

/** What is known of each byte: nothing at all when the job ended without a word. */
function mapOf(job: StoppedJob, size: number): ReadMap {
  const map = new ReadMap(job.start.size);
  if (!job.readingKnown) return map;
  map.mark({ start: 0, end: size }, 'good');
  for (const range of job.unreadable)
    if (range.start < size) map.mark({ start: range.start, end: Math.min(range.end, size) }, 'unreadable');
  return map;
}

async function segmentFiles(parts: readonly Part[], job: StoppedJob, found: ImageDigests): Promise<ImageFile[]> {
  const whole = found.digests.find((digest) => digest.algorithm === 'sha256')?.hex ?? '';
  const split = job.start.head.acquisition.settings.format === 'split';
  return parts.map((part, index) => ({
    name: part.name,
    offset: part.offset,
    size: part.length,
    sha256: split ? (found.segments[index]?.sha256 ?? EMPTY_SHA256) : whole,
  }));
}

/** SHA-256 of no bytes: a segment that was made and not written to. */
const EMPTY_SHA256 = createHash('sha256').digest('hex');
