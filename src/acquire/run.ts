import { checkPresent } from '../discover/source.ts';
import { ProtectionWatch } from '../guard/watch.ts';
import type { Event } from '../model/event.ts';
import { describeBytes } from '../model/size.ts';
import { formatPieces } from '../image/pieces.ts';
import { folderNames } from '../manifest/file-names.ts';
import type { Manifest } from '../manifest/schema.ts';
import { publish } from '../sink/publish.ts';
import { ClockWatch } from '../system/clock-watch.ts';
import { inhibitSleep } from '../system/inhibit.ts';
import { checkSource, readBack } from './checks.ts';
import { closeJob } from './close-job.ts';
import { takeSource, type TakenSource } from './hold.ts';
import type { AcquireJob, AcquireResult } from './job.ts';
import { openFolder } from './open-folder.ts';
import { readStage, type ReadOutcome, type ReadWork } from './read-stage.ts';
import {
  createSidecar,
  endWatch,
  giveUp,
  lookAfter,
  recordFailure,
  recordReading,
  stopped,
  writeMap,
} from './record.ts';
import { manifestStart } from './start.ts';
import type { Story } from './story.ts';

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
      heldBy: taken.held.heldBy,
      counters: taken.counters,
      startedMs,
    });
    const { journal, reserve } = await openFolder(ports, plan, start);
    const watch = watchSource(ports, taken);
    const stop = watch === null ? job.stop : AbortSignal.any([job.stop, watch.signal]);
    const story = { job: { ...job, stop }, taken, journal, reserve, start, startedMono, clockWatch, watch };
    try {
      return await readCheckClose(story);
    } catch (error) {
      throw await recordFailure(story, error);
    } finally {
      await watch?.stop();
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

function watchSource(ports: AcquireJob['ports'], { source, counters }: TakenSource): ProtectionWatch | null {
  if (source.kind === 'file') return null;
  return new ProtectionWatch(ports, source.device, counters.known ? counters.value : null);
}

async function readCheckClose(story: Story): Promise<AcquireResult> {
  const { job, taken } = story;
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
  if (read.failure !== null) throw read.failure.error;
  if (!read.complete) return await stopped(story, read.position, 'read');
  const after = await lookAfter(story);
  emit({ type: 'stage', stage: 'read', status: 'done', detail: `${describeBytes(read.position)}; ${enginesOf(read)}` });
  await createSidecar(story, folderNames(plan.folder.stem).pieces, formatPieces(read.pieces));

  const back = await readBackStage(story, read);
  if (back === null) return await stopped(story, read.position, 'read-back');
  const second = await sourceCheckStage(story, work, read);
  if (second === null) return await stopped(story, read.position, 'verify-source');
  const last = second.state === 'not-done' ? after : await lookAfter(story);

  await endWatch(story);
  const published = back.state !== 'mismatch' && second.state !== 'mismatch';
  if (published) await publish(ports.files, read.written);
  const closed = await closeJob(story, read, { after: last, back, second, published });
  if (closed.ended === 'stopped') return closed;
  return {
    ...closed,
    readBackCache: 'cache' in back ? back.cache.avoided : null,
    sourceCheckCache: 'cache' in second ? second.cache.avoided : null,
  };
}

async function readBackStage(story: Story, read: ReadOutcome): Promise<Manifest['read_back'] | null> {
  const { ports, plan, emit, stop } = story.job;
  emit({ type: 'stage', stage: 'read-back', status: plan.request.settings.readBack ? 'start' : 'skipped' });
  const back = await readBack({ ports, plan, written: read.written, read, stop, emit });
  if (back === null) return null;
  await story.journal.append('read-back', back);
  if ('cache' in back) emit(compared('read-back', back));
  return back;
}

async function sourceCheckStage(
  story: Story,
  work: ReadWork,
  read: ReadOutcome,
): Promise<Manifest['source_check'] | null> {
  const wanted = work.plan.request.settings.verifySource;
  work.emit({ type: 'stage', stage: 'verify-source', status: wanted ? 'start' : 'skipped' });
  if (wanted) await story.journal.append('second-read');
  const second = await checkSource(work, read);
  if (second === null) return null;
  await story.journal.append('source-check', second);
  if ('cache' in second) work.emit(compared('verify-source', second));
  return second;
}

type Compared = Extract<Manifest['read_back'] | Manifest['source_check'], { cache: unknown }>;

function compared(stage: 'read-back' | 'verify-source', { state, cache }: Compared): Event {
  const detail = `${state}; page cache avoided: ${cache.avoided}`;
  return { type: 'stage', stage, status: state === 'match' ? 'done' : 'failed', detail };
}

/** `md5 by wasm, sha256 by native`: the choice is said, not only written down. */
function enginesOf({ engines }: ReadOutcome): string {
  return engines.map(({ algorithm, engine }) => `${algorithm} by ${engine}`).join(', ');
}
