import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { formatMapfile } from '../../image/mapfile.ts';
import { formatPieces } from '../../image/pieces.ts';
import { imageEnd, mayBeLonger } from '../../manifest/consistency-journal.ts';
import { folderNames } from '../../manifest/file-names.ts';
import { Journal } from '../../manifest/journal.ts';
import { checkChain, JOURNAL_LIMIT } from '../../manifest/journal-chain.ts';
import { PIECES_LIMIT } from '../../image/pieces.ts';
import type { Manifest } from '../../manifest/schema.ts';
import { receivedTold } from '../../manifest/received-account.ts';
import { remoteTold } from '../../manifest/remote-account.ts';
import { sessionsOf } from '../../manifest/sessions.ts';
import type { Signer } from '../../manifest/sign.ts';
import { verdictOnStop } from '../../guard/verdict.ts';
import { errnoOf } from '../../model/errors.ts';
import type { Emit } from '../../model/event.ts';
import type { Ports } from '../../system/ports.ts';
import { requireAccount } from '../account.ts';
import { closeFolder, type ClosedFolder } from '../close-folder.ts';
import { signingSection } from '../close-job.ts';
import { manifestBody, type EndFacts } from '../finish.ts';
import { closingNames, removeLeftovers } from './leftovers.ts';
import { claim } from '../open-folder.ts';
import { readStoppedImage, type StoppedImage } from './stopped-image.ts';
import { laterFindings, readStoppedJob, type StoppedJob } from './stopped-job.ts';
import { piecesAsRead, proofOf, provenMap, refuseFinishedNames, toldApart, type Proof } from './stopped-proof.ts';

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
    const job = readStoppedJob(await ports.files.readBytes(path, JOURNAL_LIMIT), path, stem);
    const end = imageEnd(job.state);
    const written = { atLeast: end, atMost: mayBeLonger(job.account) ? job.start.size : end };
    const image = await readStoppedImage(work, job.start, written, toldApart(job.state));
    refuseFinishedNames(folder, job.account, image);
    const proof = proofOf(folder, job, image, piecesAsRead(job.account, await piecesFile(work)));
    await journal.append('sealed-incomplete', sealedData(work, image, proof));
    await writeSidecars(work, job, image, proof);
    const { records } = checkChain(await ports.files.readBytes(path, JOURNAL_LIMIT));
    const body = manifestBody({
      ...endFacts(job, image, proof),
      // Of the journal with the record of this closing: a session that it closes did not finish.
      sessions: sessionsOf(records),
      remote: remoteTold(records),
      received: receivedTold(records),
      toolVersion: ports.host.toolVersion,
      createdMs: ports.clock.wallMs(),
      folderSynced: await ports.files.syncFolder(folder),
      journal: { records: journal.count, head: journal.head },
      signing: signingSection(work.signer),
      incompleteReason: work.reason,
    });
    requireAccount(body, records);
    return await closeFolder(ports.files, folder, stem, body, work.signer, work.emit);
  } finally {
    await journal.close();
  }
}

async function piecesFile({ ports, folder, stem }: SealIncompleteWork): Promise<Buffer | null> {
  return ports.files.readBytes(join(folder, folderNames(stem).pieces), PIECES_LIMIT).catch((error: unknown) => {
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
  { state }: StoppedJob,
  { found }: StoppedImage,
  { doubtful }: Proof,
): Promise<void> {
  const names = folderNames(stem);
  const map = provenMap(state, doubtful);
  const due = [names.pieces, names.map, names.report, ...closingNames(stem)];
  await removeLeftovers(ports.files, folder, due, emit);
  await ports.files.replaceFile(join(folder, names.pieces), formatPieces(found.pieces));
  await ports.files.replaceFile(join(folder, names.map), formatMapfile(map, ports.host.toolVersion));
  // A report of a closing that was cut off; no signature covers it yet.
  await ports.files.unlink(join(folder, names.report)).catch(() => undefined);
}

type FromJournal = Omit<
  EndFacts,
  | 'sessions'
  | 'remote'
  | 'received'
  | 'toolVersion'
  | 'createdMs'
  | 'folderSynced'
  | 'journal'
  | 'signing'
  | 'incompleteReason'
>;

/** The journal's account of the run, the image as it is, and nothing that neither of them tells. Pure. */
function endFacts(job: StoppedJob, { files, found }: StoppedImage, { doubtful, sentence }: Proof): FromJournal {
  const { start, account, state } = job;
  const { sourceAfter, stopped } = account;
  return {
    start,
    state,
    finishedMs: job.lastRecordMs,
    durationMs: job.durationMs,
    identityAfter: sourceAfter?.identity ?? null,
    verdictAfter:
      (stopped === null ? null : verdictOnStop(stopped.code, stopped.message)) ?? sourceAfter?.verdict ?? null,
    countersAfter: sourceAfter?.counters ?? null,
    askedAfter: sourceAfter?.asked ?? [],
    findings: [...laterFindings(job), { level: 'warning', code: 'seal.incomplete', message: sentence }],
    engines: state.engines,
    image: files,
    digests: found.digests,
    piecesSha256: createHash('sha256').update(formatPieces(found.pieces)).digest('hex'),
    piecesCount: found.pieces.length,
    map: provenMap(state, doubtful),
    readBack: account.readBack ?? readBackNotMade(start.head.acquisition.settings.read_back),
    sourceCheck: account.sourceCheck ?? { state: 'not-done' },
  };
}

function readBackNotMade(wanted: boolean): Manifest['read_back'] {
  return wanted ? { state: 'not-done', why: 'the acquisition stopped before it' } : { state: 'waived' };
}
