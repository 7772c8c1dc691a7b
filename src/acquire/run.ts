import { describeBytes } from '../model/size.ts';
import type { Event } from '../model/event.ts';
import type { Recovery } from '../model/request.ts';
import { formatPieces } from '../image/pieces.ts';
import { folderNames } from '../manifest/file-names.ts';
import type { Manifest } from '../manifest/schema.ts';
import { publish } from '../sink/publish.ts';
import { checkSource, readBack } from './checks.ts';
import { closeJob } from './close-job.ts';
import type { AfterReading } from './hold.ts';
import type { AcquireResult } from './job.ts';
import { readAll } from './reading/read-all.ts';
import type { ReadOutcome, ReadWork } from './reading/read-stage.ts';
import { endWatch, lookAfter, stopped, writeSidecar } from './record.ts';
import { leaveSide, tellSecondPass } from './side-record.ts';
import type { Story } from './story.ts';
import { unstableSectors } from './reading/unstable.ts';

/** Everything after the source was taken and the folder claimed: read, check, publish, close. */
export async function readCheckClose(story: Story): Promise<AcquireResult> {
  const { job } = story;
  const { ports, plan, emit } = job;
  const reading = await readAll(story);
  if ('ended' in reading) return reading.ended;
  const { read, work } = reading;
  const after = await lookWhenReached(story, work, read);
  for (const event of doneReading(read, plan.request.settings.recovery)) emit(event);
  await writeSidecar(story, folderNames(plan.folder.stem).pieces, formatPieces(read.pieces));

  const back = await readBackStage(story, read);
  if (back === null) return await stopped(story, read, 'read-back');
  const second = await sourceCheckStage(story, work, read);
  if (second === null) return await stopped(story, read, 'verify-source');
  const last = second.state === 'not-done' ? after : await lookWhenReached(story, work, read);

  await endWatch(story);
  await leaveSide(story);
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

/**
 * The look after a reading takes the way to the machine, too: lost there, it is connected anew as in the reading. A disk
 * of this station that is gone by then is not waited for: all of it was read.
 */
async function lookWhenReached(
  story: Story,
  work: ReadWork,
  { position, recorder }: ReadOutcome,
): Promise<AfterReading> {
  for (;;) {
    try {
      return await lookAfter(story);
    } catch (error) {
      const lost = story.attached.side.remote?.machine.shell.lost;
      if (lost?.aborted !== true || work.stop.aborted) throw error;
      // What was read is on disk by now.
      const settle = (): Promise<void> => Promise.resolve();
      await work.reconnect(lost.reason, position, { recorder, settle, when: 'reconnected', stop: work.stop });
    }
  }
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
  if (wanted) await tellSecondPass(story);
  const second = await checkSource(work, read);
  if (second === null) return null;
  await story.journal.append('source-check', second);
  await tellUnstable(story, work, second);
  if ('cache' in second) work.emit(compared('verify-source', second));
  return second;
}

/** Where the second reading gave another hash: which sectors, and both their answers. Nothing is replaced. */
async function tellUnstable({ journal }: Story, work: ReadWork, second: Manifest['source_check']): Promise<void> {
  if (second.state !== 'mismatch') return;
  const unstable = await unstableSectors(work, second.differing);
  if (unstable.length > 0) await journal.append('unstable', { unstable });
}

type Compared = Extract<Manifest['read_back'] | Manifest['source_check'], { cache: unknown }>;

function compared(stage: 'read-back' | 'verify-source', { state, cache }: Compared): Event {
  const detail = `${state}; page cache avoided: ${cache.avoided}`;
  return { type: 'stage', stage, status: state === 'match' ? 'done' : 'failed', detail };
}

/** Which stage the last bytes of the stream came in. */
function doneReading(read: ReadOutcome, recovery: Recovery): Event[] {
  const detail = `${describeBytes(read.position)}; ${enginesOf(read)}`;
  if (read.caughtUp) return [{ type: 'stage', stage: 'hash', status: 'done', detail }];
  const done: Event = { type: 'stage', stage: 'read', status: 'done', detail };
  return recovery === 'in-line' ? [done] : [done, { type: 'stage', stage: 'hash', status: 'skipped' }];
}

/** `md5 by wasm, sha256 by native`: the choice is said, not only written down. */
function enginesOf({ engines }: ReadOutcome): string {
  return engines.map(({ algorithm, engine }) => `${algorithm} by ${engine}`).join(', ');
}
