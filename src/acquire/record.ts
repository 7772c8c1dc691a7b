import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { formatMapfile } from '../image/mapfile.ts';
import { formatPieces } from '../image/pieces.ts';
import { unknown } from '../model/device.ts';
import { ExhibitError, messageOf } from '../model/errors.ts';
import { mapCells } from '../model/map-cells.ts';
import { shellQuote, visible } from '../model/text.ts';
import { folderNames } from '../manifest/file-names.ts';
import type { JournalData } from '../manifest/journal.ts';
import { destinationError } from '../sink/destination-error.ts';
import { checkAfterReading, type AfterReading } from './hold.ts';
import { countersSection, runsSection } from './guard-section.ts';
import type { AcquireResult } from './job.ts';
import { isThere } from './stopped/leftovers.ts';
import type { ReadRecorder } from './reading/read-recorder.ts';
import type { ReadFailure, ReadOutcome } from './reading/read-stage.ts';
import { leaveSide, tellSide } from './side-record.ts';
import type { Story } from './story.ts';
import { withWayOn } from './stopped/way-on.ts';

/** What reading came to, complete or not: with it a stopped job can be held against its image. */
export async function recordReading({ journal, attached }: Story, read: ReadOutcome): Promise<void> {
  await tellSide(attached.side, journal);
  await journal.append('read', {
    position: read.position,
    complete: read.complete,
    digests: read.digests,
    engines: read.engines,
    pieces_sha256: createHash('sha256').update(formatPieces(read.pieces)).digest('hex'),
    segments_sha256: read.segmentHashes,
    ...readerData(read.recorder),
  });
}

/** What the reader did and could not do, in the journal's words. */
function readerData(recorder: ReadRecorder): JournalData {
  return {
    unreadable: recorder.unreadableRanges,
    read_again: recorder.again.map(({ range, why }) => ({ start: range.start, end: range.end, why })),
    unstable: recorder.unstable,
    failed_reads: recorder.failedReads,
    reader_runs: recorder.runCount,
    runs: recorder.runs,
  };
}

/** What was sent is never looked at: there is no look after it either. */
const NOT_LOOKED: AfterReading = {
  ...{ identity: null, verdict: null, counters: unknown('it was sent'), asked: [], findings: [], refusal: null },
};

/** Looks at the source after a reading, and puts on record what it is like before that can end the run. */
export async function lookAfter({ job, attached, journal }: Story): Promise<AfterReading> {
  if (attached.side.listen !== undefined) return NOT_LOOKED;
  const after = await checkAfterReading(job.plan, attached.taken);
  const findings = after.findings.map(({ level, code, message }) => ({ level, code, message }));
  const counters = countersSection(after.counters);
  const { identity, verdict } = after;
  await journal.append('source-after', { identity, verdict, counters, asked: runsSection(after.asked), findings });
  if (after.refusal !== null) throw after.refusal;
  return after;
}

/** Looks a last time at what is watched while it is read. Throws what was seen, so that no end of a job hides it. */
export async function endWatch({ attached }: Story): Promise<void> {
  const sign = await attached.endWatch();
  if (sign !== null) throw sign;
}

/** The person stopped it: what was read is on disk and said so. */
export async function stopped(story: Story, read: ReadOutcome, stage: string): Promise<AcquireResult> {
  const { position, recorder } = read;
  // Not the person: what was seen of the source ended it, or ends it now.
  await endWatch(story);
  await leaveSide(story);
  const disturbances = story.clockWatch.stop();
  const message = 'stopped by the operator';
  await story.journal.append('stopped', { code: 'interrupted', message, stage, position, disturbances });
  const { folder, size } = story.job.plan;
  return {
    ended: 'stopped',
    folder: folder.path,
    position,
    size,
    good: recorder.map.bytes('good'),
    unreadableBytes: recorder.unreadableBytes,
    failedReads: recorder.failedReads,
    map: mapCells(recorder.map),
  };
}

/**
 * Hashing or writing failed: the record and the map first, as far as the destination still takes them. The record
 * before the map, which can be made of it.
 */
export async function giveUp(story: Story, { error, position, recorder }: ReadFailure): Promise<never> {
  await tellSide(story.attached.side, story.journal).catch(() => undefined);
  await story.journal
    .append('reading-failed', { position, message: messageOf(error), ...readerData(recorder) })
    .catch(() => undefined);
  await writeMap(story, { recorder }).catch(() => undefined);
  throw error;
}

/**
 * Puts a failure on record and gives the error to throw. Once there is a manifest nothing is added: it names the
 * journal's last record, and a folder whose closing was cut off can still be finished.
 */
export async function recordFailure(story: Story, error: unknown): Promise<unknown> {
  if (await hasManifest(story)) return cutOff(story, error);
  const told = withSign(error, await story.attached.endWatch());
  await leaveSide(story).catch(() => undefined);
  await recordStop(story, told);
  return withWayOn(told, story.job.plan.folder.path);
}

/**
 * Whatever ended the run: a sign that its source was not left alone must be in the record of the end. What the look
 * after the reading found tells it already, with more.
 */
function withSign(error: unknown, sign: ExhibitError | null): unknown {
  const told = error instanceof ExhibitError && error.code.startsWith('guard.');
  if (sign === null || told) return error;
  const what = error instanceof ExhibitError ? error.message : visible(messageOf(error));
  const message = `${sign.message} What ended the job: ${what}`;
  return new ExhibitError(sign.fault, sign.code, message, {
    ...(sign.hint === undefined ? {} : { hint: sign.hint }),
    cause: error,
  });
}

async function recordStop(story: Story, error: unknown): Promise<void> {
  const code = error instanceof ExhibitError ? error.code : 'unexpected';
  // A full or vanished destination can't take the record; the error that is thrown says what happened.
  const disturbances = story.clockWatch.stop();
  await story.journal.append('stopped', { code, message: messageOf(error), disturbances }).catch(() => undefined);
}

async function hasManifest({ job: { ports, plan } }: Story): Promise<boolean> {
  const { path, stem } = plan.folder;
  return isThere(ports.files, path, folderNames(stem).manifest).catch(() => false);
}

function cutOff({ job }: Story, cause: unknown): unknown {
  if (!(cause instanceof ExhibitError)) return cause;
  const finish = `exhibit seal ${shellQuote(job.plan.folder.path)}`;
  return new ExhibitError(cause.fault, cause.code, cause.message, {
    hint: `Everything was acquired, and is on disk; its closing was cut off. Put this right, then finish it: ${finish}`,
    cause,
  });
}

/** As far as a record on disk tells it: whoever resumes takes a map that tells more for another program's. */
export async function writeMap(story: Story, read: Pick<ReadOutcome, 'recorder'>): Promise<void> {
  const { ports, plan } = story.job;
  await writeSidecar(
    story,
    folderNames(plan.folder.stem).map,
    formatMapfile(read.recorder.told, ports.host.toolVersion),
  );
}

/** In the place of what a checkpoint or an earlier session made: no signature covers it yet. */
export async function writeSidecar({ job }: Story, name: string, content: string): Promise<void> {
  const path = join(job.plan.folder.path, name);
  try {
    await job.ports.files.replaceFile(path, content);
  } catch (error) {
    throw destinationError(path, error);
  }
}
