import { join } from 'node:path';
import { checkPresent } from '../discover/source.ts';
import { ExhibitError, messageOf } from '../model/errors.ts';
import { describeBytes } from '../model/size.ts';
import { formatMapfile } from '../image/mapfile.ts';
import { formatPieces } from '../image/pieces.ts';
import { folderNames } from '../manifest/file-names.ts';
import type { Journal } from '../manifest/journal.ts';
import { destinationError } from '../sink/destination-error.ts';
import { publish } from '../sink/publish.ts';
import { ClockWatch } from '../system/clock-watch.ts';
import { inhibitSleep } from '../system/inhibit.ts';
import { checkSource, readBack } from './checks.ts';
import { closeJob } from './close-job.ts';
import { checkAfterReading, takeSource, type TakenSource } from './hold.ts';
import type { AcquireJob, AcquireResult } from './job.ts';
import { openFolder } from './open-folder.ts';
import { readStage, type ReadFailure, type ReadOutcome } from './read-stage.ts';
import type { Reserve } from './reserve.ts';
import { manifestStart } from './start.ts';

/** One acquisition, from taking the source to the seal. What goes wrong on the way is in the journal before it is thrown. */
export async function acquire(job: AcquireJob): Promise<AcquireResult> {
  const { ports, plan } = job;
  const startedMs = ports.clock.wallMs();
  const startedMono = ports.clock.monotonicMs();
  const taken = await takeSource(ports, plan);
  const awake = await inhibitSleep(ports, `imaging ${plan.folder.stem}`);
  const clockWatch = new ClockWatch(ports.clock);
  try {
    const start = manifestStart({
      plan: { ...plan, source: taken.source, verdict: taken.verdict },
      station: job.station,
      toolVersion: ports.host.toolVersion,
      readerVersion: job.readerVersion,
      confirmation: job.confirmation,
      sleepInhibited: awake.state,
      heldExclusively: taken.held.exclusive,
      startedMs,
    });
    const { journal, reserve } = await openFolder(ports, plan, start);
    const story = { job, taken, journal, reserve, start, startedMono, clockWatch };
    try {
      return await readCheckClose(story);
    } catch (error) {
      await recordFailure(journal, error);
      throw error;
    } finally {
      await reserve.release();
      await journal.close();
    }
  } finally {
    clockWatch.stop();
    awake.release();
    // Closing would wait for a read that hangs; a job that was stopped ends with its process.
    if (!job.stop.aborted) await taken.held.close();
  }
}

export interface Story {
  readonly job: AcquireJob;
  readonly taken: TakenSource;
  readonly journal: Journal;
  readonly reserve: Reserve;
  readonly start: ReturnType<typeof manifestStart>;
  readonly startedMono: number;
  readonly clockWatch: ClockWatch;
}

async function readCheckClose(story: Story): Promise<AcquireResult> {
  const { job, taken, journal } = story;
  const { ports, plan, emit, stop } = job;
  const work = {
    ports,
    plan,
    source: taken.held,
    checkPresent: () => checkPresent(ports, taken.source),
    stop,
    emit,
  };

  emit({ type: 'stage', stage: 'read', status: 'start' });
  const read = await readStage(work);
  await story.reserve.release();
  if ('error' in read) return await giveUp(story, read);
  await writeMap(story, read);
  await recordReading(story, read);
  if (!read.complete) return await stopped(story, read.position, 'read');
  const after = await checkAfterReading(ports, taken);
  emit({ type: 'stage', stage: 'read', status: 'done', detail: `${describeBytes(read.position)}; ${enginesOf(read)}` });
  await createSidecar(story, folderNames(plan.folder.stem).pieces, formatPieces(read.pieces));

  emit({ type: 'stage', stage: 'read-back', status: plan.request.settings.readBack ? 'start' : 'skipped' });
  const back = await readBack({ ports, plan, written: read.written, read, stop, emit });
  if (back === null) return await stopped(story, read.position, 'read-back');
  await journal.append('read-back', back);
  if (back.state !== 'waived')
    emit({ type: 'stage', stage: 'read-back', status: back.state === 'match' ? 'done' : 'failed', detail: back.state });

  emit({ type: 'stage', stage: 'verify-source', status: plan.request.settings.verifySource ? 'start' : 'skipped' });
  const second = await checkSource(work, read);
  if (second === null) return await stopped(story, read.position, 'verify-source');
  await journal.append('source-check', second);
  if (second.state !== 'not-done')
    emit({
      type: 'stage',
      stage: 'verify-source',
      status: second.state === 'match' ? 'done' : 'failed',
      detail: second.state,
    });

  const good = back.state !== 'mismatch' && second.state !== 'mismatch';
  if (good) await publish(ports.files, read.written);
  return closeJob(story, read, { after, back, second, published: good });
}

/** `md5 by wasm, sha256 by native`: the choice is said, not only written down. */
function enginesOf({ engines }: ReadOutcome): string {
  return engines.map(({ algorithm, engine }) => `${algorithm} by ${engine}`).join(', ');
}

async function recordReading({ journal }: Story, read: ReadOutcome): Promise<void> {
  const { recorder } = read;
  await journal.append('read', {
    position: read.position,
    complete: read.complete,
    digests: read.digests,
    engines: read.engines,
    unreadable: recorder.unreadableRanges,
    read_again: recorder.again.map(({ range, why }) => ({ start: range.start, end: range.end, why })),
    reader_runs: recorder.runCount,
    runs: recorder.runs,
  });
}

/** The person stopped it: everything up to `position` is on disk and said so. */
async function stopped(story: Story, position: number, stage: string): Promise<AcquireResult> {
  await story.journal.append('stopped', { code: 'interrupted', message: 'stopped by the operator', stage, position });
  return { ended: 'stopped', folder: story.job.plan.folder.path, position, size: story.job.plan.size };
}

/** Reading failed: the map and the record first, as far as the destination still takes them. */
async function giveUp(story: Story, failure: ReadFailure): Promise<never> {
  await writeMap(story, failure).catch(() => undefined);
  const error = failure.error;
  await story.journal
    .append('reading-failed', {
      position: failure.position,
      unreadable: failure.recorder.unreadableRanges,
      runs: failure.recorder.runs.slice(-3),
      message: messageOf(error),
    })
    .catch(() => undefined);
  throw error;
}

async function recordFailure(journal: Journal, error: unknown): Promise<void> {
  const code = error instanceof ExhibitError ? error.code : 'unexpected';
  // A full or vanished destination can't take the record; the error that is thrown says what happened.
  await journal.append('stopped', { code, message: messageOf(error) }).catch(() => undefined);
}

async function writeMap(story: Story, read: Pick<ReadOutcome, 'recorder'>): Promise<void> {
  const { ports, plan } = story.job;
  await createSidecar(
    story,
    folderNames(plan.folder.stem).map,
    formatMapfile(read.recorder.map, ports.host.toolVersion),
  );
}

async function createSidecar({ job }: Story, name: string, content: string): Promise<void> {
  const path = join(job.plan.folder.path, name);
  try {
    await job.ports.files.createFile(path, content);
  } catch (error) {
    throw destinationError(path, error);
  }
}
