import { createHash } from 'node:crypto';
import { formatPieces } from '../image/pieces.ts';
import { mapCells } from '../model/map-cells.ts';
import { normalise } from '../model/range.ts';
import { SENT_STATE, sentWords, wayWords } from '../manifest/report-received.ts';
import type { ReceivedSection } from '../manifest/received-schema.ts';
import { proofWords, stateWords } from '../manifest/report-remote.ts';
import type { Manifest } from '../manifest/schema.ts';
import type { Signer } from '../manifest/sign.ts';
import { visible } from '../model/text.ts';
import { readAccount, requireAccount } from './account.ts';
import { closeFolder } from './close-folder.ts';
import { imageFiles, manifestBody } from './finish.ts';
import { countersSection, runsSection } from './guard-section.ts';
import type { AfterReading } from './hold.ts';
import type { AcquireResult } from './job.ts';
import type { ReadOutcome } from './reading/read-stage.ts';
import type { Story } from './story.ts';

export interface Checked {
  readonly after: AfterReading;
  readonly back: Manifest['read_back'];
  readonly second: Manifest['source_check'];
  /** False: `.partial` stays, because two readings differ. */
  readonly published: boolean;
}

/** The journal's last record, then report, manifest, signatures, sums: what makes a folder of evidence out of files. */
export async function closeJob(story: Story, read: ReadOutcome, checked: Checked): Promise<AcquireResult> {
  const { job, journal } = story;
  const { ports, plan, signer, emit } = job;
  emit({ type: 'stage', stage: 'seal', status: 'start' });
  const disturbances = story.clockWatch.stop();
  const finishedMs = ports.clock.wallMs();
  await journal.append('closing', { image: checked.published ? 'published' : 'left as .partial', disturbances });
  const told = await readAccount(story);
  const body = manifestBody({
    ...told,
    toolVersion: ports.host.toolVersion,
    createdMs: ports.clock.wallMs(),
    finishedMs,
    durationMs: told.earlierMs + Math.floor(ports.clock.monotonicMs() - story.startedMono),
    identityAfter: checked.after.identity,
    verdictAfter: checked.after.verdict,
    countersAfter: checked.after.identity === null ? null : countersSection(checked.after.counters),
    askedAfter: runsSection(checked.after.asked),
    folderSynced: await ports.files.syncFolder(plan.folder.path),
    findings: [...checked.after.findings, ...readAgainFindings(read)],
    engines: read.engines,
    image: imageFiles(read.written, read.segmentHashes, !checked.published),
    digests: read.digests,
    piecesSha256: createHash('sha256').update(formatPieces(read.pieces)).digest('hex'),
    piecesCount: read.pieces.length,
    map: told.state.map,
    readBack: checked.back,
    sourceCheck: checked.second,
    journal: { records: journal.count, head: journal.head },
    signing: signingSection(signer),
    incompleteReason: null,
  });
  requireAccount(body, told.records);
  const closed = await closeFolder(ports.files, plan.folder.path, plan.folder.stem, body, signer, emit);
  emit({ type: 'stage', stage: 'seal', status: 'done', detail: signer === null ? 'unsigned' : 'signed' });
  const { image, read_map, sessions, source } = closed.manifest;
  return {
    ended: 'closed',
    outcome: closed.manifest.outcome,
    folder: plan.folder.path,
    manifestName: closed.manifestName,
    seal: closed.seal,
    digests: closed.manifest.digests.map(({ algorithm, hex }) => ({ algorithm, hex })),
    unreadableBytes: read_map.unreadable,
    // Touching ones that failed differently are one gap to a person.
    unreadableRanges: normalise(read_map.ranges).length,
    readBack: checked.back.state,
    sourceCheck: checked.second.state,
    failedReads: read_map.failed_reads,
    unstablePlaces: read_map.unstable.length,
    sessions: sessions.length,
    pauses: sessions.reduce((sum, { pauses }) => sum + pauses.length, 0),
    remote:
      source.remote === null ? null : { state: visible(stateWords(source.remote)), proof: proofWords(source.remote) },
    received: source.received === null ? null : receivedWords(source.received, image.size),
    map: mapCells(told.state.map),
  };
}

function receivedWords(received: ReceivedSection, size: number): { state: string; way: string; proof: string } {
  return { state: SENT_STATE, way: wayWords(received), proof: sentWords(received, size) };
}

export function signingSection(signer: Signer | null): Manifest['signing'] {
  if (signer === null) return { state: 'unsigned' };
  return { state: 'signed', principal: signer.principal, fingerprint: signer.fingerprint, key_type: signer.keyType };
}

/** Places that failed once and then gave their bytes: no gap, but somebody should know. */
function readAgainFindings(read: ReadOutcome): { level: 'warning'; code: string; message: string }[] {
  return read.recorder.again.map(({ range, why }) => ({
    level: 'warning',
    code: 'read.again',
    message: `bytes [${range.start}, ${range.end}): ${why}`,
  }));
}
