import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { formatMapfile } from '../image/mapfile.ts';
import { formatPieces } from '../image/pieces.ts';
import { contradictions } from '../manifest/consistency-journal.ts';
import { folderNames } from '../manifest/file-names.ts';
import { checkChain, Journal } from '../manifest/journal.ts';
import { provenEnd, provenUnreadable } from '../manifest/journal-records.ts';
import type { Manifest } from '../manifest/schema.ts';
import type { Signer } from '../manifest/sign.ts';
import { verdictOnStop } from '../guard/verdict.ts';
import { bug, errnoOf } from '../model/errors.ts';
import type { Emit } from '../model/event.ts';
import type { Ports } from '../system/ports.ts';
import { closeFolder, type ClosedFolder } from './close-folder.ts';
import { signingSection } from './close-job.ts';
import { manifestBody, type EndFacts, type ManifestBody } from './finish.ts';
import { closingNames, removeLeftovers } from './leftovers.ts';
import { claim } from './open-folder.ts';
import { manifestRanges } from './read-recorder.ts';
import { readStoppedImage, type StoppedImage } from './stopped-image.ts';
import { laterFindings, readStoppedJob, type StoppedJob } from './stopped-job.ts';
import { piecesAsRead, proofOf, provenMap, refuseFinishedNames, type Proof } from './stopped-proof.ts';

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

/** Pieces that differ, as they were read, in the record of the closing: the list of them is made anew of the image. */
const AS_READ_KEPT = 1000;

/**
 * Closes an acquisition that stopped: what is on disk is hashed as it is, held against what the journal says was
 * read, described as incomplete with everything that the run found out before it stopped, and signed. Throws `damage`
 * when the image is not what the journal says.
 */
export async function sealIncomplete(work: SealIncompleteWork): Promise<ClosedFolder> {
  const { ports, folder, stem } = work;
  const path = join(folder, folderNames(stem).journal);
  const journal = await Journal.reopen(ports.files, ports.clock, path, async (fd) => claim(ports, fd, folder));
  try {
    const job = readStoppedJob(await ports.files.readBytes(path), path);
    const { read } = job.account;
    const written = { atLeast: provenEnd(job.account), atMost: read?.position ?? job.start.size };
    const image = await readStoppedImage(work, job.start, written);
    refuseFinishedNames(folder, job.account, image);
    const proof = proofOf(folder, job.account, image, piecesAsRead(job.account, await piecesFile(work)));
    await journal.append('sealed-incomplete', sealedData(work, image, proof));
    await writeSidecars(work, job, image, proof);
    const body = manifestBody({
      ...endFacts(job, image, proof),
      createdMs: ports.clock.wallMs(),
      folderSynced: await ports.files.syncFolder(folder),
      journal: { records: journal.count, head: journal.head },
      signing: signingSection(work.signer),
      incompleteReason: work.reason,
    });
    requireAccount(body, await ports.files.readBytes(path));
    return await closeFolder(ports.files, folder, stem, body, work.signer, work.emit);
  } finally {
    await journal.close();
  }
}

async function piecesFile({ ports, folder, stem }: SealIncompleteWork): Promise<Buffer | null> {
  return ports.files.readBytes(join(folder, folderNames(stem).pieces)).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  });
}

function sealedData({ reason, ports }: SealIncompleteWork, { size }: StoppedImage, { asRead }: Proof) {
  const differing = asRead.slice(0, AS_READ_KEPT).map((piece) => ({ ...piece }));
  return { reason, size, station: ports.host.hostname, differing, differing_count: asRead.length };
}

/** Made anew of the image: a stopped run may have left them half-made, or of bytes that were never written. */
async function writeSidecars(
  { ports, folder, stem, emit }: SealIncompleteWork,
  { start, account }: StoppedJob,
  { found }: StoppedImage,
  { doubtful }: Proof,
): Promise<void> {
  const names = folderNames(stem);
  const map = provenMap(start.size, account, doubtful);
  const due = [names.pieces, names.map, names.report, ...closingNames(stem)];
  await removeLeftovers(ports.files, folder, due, emit);
  await ports.files.replaceFile(join(folder, names.pieces), formatPieces(found.pieces));
  await ports.files.replaceFile(join(folder, names.map), formatMapfile(map, ports.host.toolVersion));
  // A report of a closing that was cut off; no signature covers it yet.
  await ports.files.unlink(join(folder, names.report)).catch(() => undefined);
}

type FromJournal = Omit<EndFacts, 'createdMs' | 'folderSynced' | 'journal' | 'signing' | 'incompleteReason'>;

/** The journal's account of the run, the image as it is, and nothing that neither of them tells. Pure. */
function endFacts(job: StoppedJob, { files, found }: StoppedImage, { doubtful, sentence }: Proof): FromJournal {
  const { start, account } = job;
  const { read, readingFailed, sourceAfter, stopped, closing } = account;
  const reader = read ?? readingFailed;
  return {
    start,
    finishedMs: job.lastRecordMs,
    durationMs: job.durationMs,
    identityAfter: sourceAfter?.identity ?? null,
    verdictAfter:
      (stopped === null ? null : verdictOnStop(stopped.code, stopped.message)) ?? sourceAfter?.verdict ?? null,
    countersAfter: sourceAfter?.counters ?? null,
    askedAfter: sourceAfter?.asked ?? [],
    disturbances: stopped?.disturbances ?? closing?.disturbances ?? [],
    findings: [...laterFindings(job), { level: 'warning', code: 'seal.incomplete', message: sentence }],
    runs: reader?.runs ?? [],
    runCount: reader?.reader_runs ?? 0,
    engines: read?.engines ?? [],
    image: files,
    digests: found.digests,
    piecesSha256: createHash('sha256').update(formatPieces(found.pieces)).digest('hex'),
    piecesCount: found.pieces.length,
    map: provenMap(start.size, account, doubtful),
    unreadable: manifestRanges(provenUnreadable(account), start.head.source.logical_sector),
    readBack: account.readBack ?? readBackNotMade(start.head.acquisition.settings.read_back),
    sourceCheck: account.sourceCheck ?? { state: 'not-done' },
  };
}

function readBackNotMade(wanted: boolean): Manifest['read_back'] {
  return wanted ? { state: 'not-done', why: 'the acquisition stopped before it' } : { state: 'waived' };
}

/** Nobody puts a name under an account that is not the journal's. */
function requireAccount(body: ManifestBody, journal: Buffer): void {
  const faults = contradictions(body, checkChain(journal).records);
  if (faults.length > 0) throw bug(`the manifest contradicts the journal: ${faults.join('; ')}`);
}
