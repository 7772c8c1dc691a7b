import { join } from 'node:path';
import { formatMapfile } from '../image/mapfile.ts';
import { ExhibitError, messageOf } from '../model/errors.ts';
import { shellQuote } from '../model/text.ts';
import { folderNames } from '../manifest/file-names.ts';
import { destinationError } from '../sink/destination-error.ts';
import type { AcquireResult } from './job.ts';
import { isThere } from './leftovers.ts';
import type { ReadFailure, ReadOutcome } from './read-stage.ts';
import type { Story } from './story.ts';

/** What reading came to, complete or not: with it a stopped job can be held against its image. */
export async function recordReading({ journal }: Story, read: ReadOutcome): Promise<void> {
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
export async function stopped(story: Story, position: number, stage: string): Promise<AcquireResult> {
  await story.journal.append('stopped', { code: 'interrupted', message: 'stopped by the operator', stage, position });
  return { ended: 'stopped', folder: story.job.plan.folder.path, position, size: story.job.plan.size };
}

/** Hashing or writing failed: the map and the record first, as far as the destination still takes them. */
export async function giveUp(story: Story, failure: ReadFailure): Promise<never> {
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

/**
 * Puts a failure on record and gives the error to throw. Once there is a manifest nothing is added: it names the
 * journal's last record, and a folder whose closing was cut off can still be finished.
 */
export async function recordFailure(story: Story, error: unknown): Promise<unknown> {
  if (await hasManifest(story)) return cutOff(story, error);
  const code = error instanceof ExhibitError ? error.code : 'unexpected';
  // A full or vanished destination can't take the record; the error that is thrown says what happened.
  await story.journal.append('stopped', { code, message: messageOf(error) }).catch(() => undefined);
  return error;
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

export async function writeMap(story: Story, read: Pick<ReadOutcome, 'recorder'>): Promise<void> {
  const { ports, plan } = story.job;
  await createSidecar(
    story,
    folderNames(plan.folder.stem).map,
    formatMapfile(read.recorder.map, ports.host.toolVersion),
  );
}

export async function createSidecar({ job }: Story, name: string, content: string): Promise<void> {
  const path = join(job.plan.folder.path, name);
  try {
    await job.ports.files.createFile(path, content);
  } catch (error) {
    throw destinationError(path, error);
  }
}
