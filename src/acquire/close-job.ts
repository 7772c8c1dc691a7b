import { createHash } from 'node:crypto';
import { formatPieces } from '../image/pieces.ts';
import type { Manifest } from '../manifest/schema.ts';
import type { Signer } from '../manifest/sign.ts';
import { closeFolder } from './close-folder.ts';
import { imageFiles, manifestBody } from './finish.ts';
import { countersSection, runsSection } from './guard-section.ts';
import type { AfterReading } from './hold.ts';
import type { AcquireResult } from './job.ts';
import { manifestRanges } from './read-recorder.ts';
import type { ReadOutcome } from './read-stage.ts';
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
  const { job, journal, start } = story;
  const { ports, plan, signer, emit } = job;
  emit({ type: 'stage', stage: 'seal', status: 'start' });
  const disturbances = story.clockWatch.stop();
  const finishedMs = ports.clock.wallMs();
  await journal.append('closing', { image: checked.published ? 'published' : 'left as .partial', disturbances });
  const body = manifestBody({
    start,
    createdMs: ports.clock.wallMs(),
    finishedMs,
    durationMs: Math.floor(ports.clock.monotonicMs() - story.startedMono),
    identityAfter: checked.after.identity,
    verdictAfter: checked.after.verdict,
    countersAfter: countersSection(checked.after.counters),
    askedAfter: runsSection(checked.after.asked),
    folderSynced: await ports.files.syncFolder(plan.folder.path),
    disturbances,
    findings: [...checked.after.findings, ...readAgainFindings(read)],
    runs: read.recorder.runs,
    runCount: read.recorder.runCount,
    engines: read.engines,
    image: imageFiles(read.written, read.segmentHashes, !checked.published),
    digests: read.digests,
    piecesSha256: createHash('sha256').update(formatPieces(read.pieces)).digest('hex'),
    piecesCount: read.pieces.length,
    map: read.recorder.map,
    unreadable: manifestRanges(read.recorder.unreadableRanges, plan.logicalSector),
    readBack: checked.back,
    sourceCheck: checked.second,
    journal: { records: journal.count, head: journal.head },
    signing: signingSection(signer),
    incompleteReason: null,
  });
  const closed = await closeFolder(ports.files, plan.folder.path, plan.folder.stem, body, signer, emit);
  emit({ type: 'stage', stage: 'seal', status: 'done', detail: signer === null ? 'unsigned' : 'signed' });
  return {
    ended: 'closed',
    outcome: closed.manifest.outcome,
    folder: plan.folder.path,
    manifestName: closed.manifestName,
    seal: closed.seal,
    digests: closed.manifest.digests.map(({ algorithm, hex }) => ({ algorithm, hex })),
    unreadableBytes: closed.manifest.read_map.unreadable,
    unreadableRanges: closed.manifest.read_map.ranges.length,
    readBack: checked.back.state,
    sourceCheck: checked.second.state,
  };
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
