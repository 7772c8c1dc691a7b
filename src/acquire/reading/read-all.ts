import { join } from 'node:path';
import type { AcquireResult } from '../job.ts';
import { partialParts } from './image-parts.ts';
import { outcomeBefore } from './outcome-before.ts';
import { readStage, type ReadOutcome, type ReadWork } from './read-stage.ts';
import { reconnect, type ReconnectWork } from './reconnect.ts';
import { giveUp, recordReading, stopped, writeMap } from '../record.ts';
import type { Story } from '../story.ts';

/** Reads the source to its end, or takes what an earlier session read; puts on record what it came to. */
export async function readAll(
  story: Story,
): Promise<{ readonly read: ReadOutcome; readonly work: ReadWork } | { readonly ended: AcquireResult }> {
  const { job, left } = story;
  const { plan, emit } = job;
  const work = workOf(story);
  emit({ type: 'stage', stage: 'read', status: 'start' });
  const before = left === null ? null : outcomeBefore(plan, left, ({ name }) => join(plan.folder.path, name));
  if (before !== null) {
    await story.reserve.release();
    await writeMap(story, before);
    return { read: before, work };
  }
  const read = await readStage(work, left);
  await story.reserve.release();
  if ('error' in read) return await giveUp(story, read);
  await writeMap(story, read);
  await recordReading(story, read);
  if (read.failure !== null) throw read.failure.error;
  if (!read.complete) return { ended: await stopped(story, read, 'read') };
  return { read, work };
}

/** What a reading works with: the first one, and the second that only compares. */
function workOf({ job, attached, journal }: Story): ReadWork {
  const { ports, plan, stop, emit } = job;
  const parts = partialParts(plan.folder.path, plan.segments);
  const rest = { ports, plan, attached, journal, stop, emit, parts };
  return {
    ports,
    plan,
    attached,
    journal,
    stop,
    emit,
    reconnect: (error: unknown, position: number, more: Pick<ReconnectWork, 'recorder' | 'settle' | 'when' | 'stop'>) =>
      reconnect({ ...rest, ...more }, error, position),
  };
}
