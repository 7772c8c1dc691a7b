import { basename, dirname, join } from 'node:path';
import { bootIdTold } from '../../manifest/consistency-remote-journal.ts';
import { folderNames } from '../../manifest/file-names.ts';
import { checkChain } from '../../manifest/journal-chain.ts';
import type { JournalAccount } from '../../manifest/journal-records.ts';
import { brokenChain, JOURNAL_LIMIT } from '../../manifest/journal.ts';
import type { ReadingState } from '../../manifest/reading-state.ts';
import { identityRecord } from '../../manifest/reading-records.ts';
import { remoteTold } from '../../manifest/remote-account.ts';
import type { ManifestStart } from '../../manifest/start.ts';
import { errnoOf, ExhibitError } from '../../model/errors.ts';
import { FATAL_WORDS, type FatalEnd } from '../../model/listen.ts';
import type { SourceIdentity } from '../../model/identity.ts';
import type { FolderPlan } from '../../model/plan.ts';
import type { HostKey } from '../../model/remote.ts';
import { shellQuote, visible } from '../../model/text.ts';
import type { ImageFileThere } from '../../sink/segment-files.ts';
import { tryLock } from '../../system/lock.ts';
import type { Ports } from '../../system/ports.ts';
import { readStoppedJob } from './stopped-job.ts';

/** A stopped acquisition as its journal tells it. */
export interface StoppedFolder {
  readonly folder: FolderPlan;
  /** Of its first session. */
  readonly start: ManifestStart;
  /** Of its last session. */
  readonly lastHead: ManifestStart['head'];
  /** Of the source, when it was begun. */
  readonly identity: SourceIdentity;
  readonly state: ReadingState;
  readonly sessions: number;
  /** SHA-256 of the last whole record, with which the plan was made. */
  readonly head: string;
  /** What is not made good by going on, in whichever session it was found: two readings differ, or how a stream ended; null: nothing. */
  readonly mismatch: 'read-back' | 'source-check' | FatalEnd | null;
  /** Why the last session ended, as it said itself; null: without a word. */
  readonly stopped: string | null;
  /** The key by which the source's machine proved who it is; null: it is here, or none was put on record. */
  readonly hostKey: HostKey | null;
  /** The boot id that this machine told last; null: it is here, or it told none. */
  readonly bootId: string | null;
}

/**
 * Reads the journal of a folder that no manifest closes. Nothing is changed.
 * @throws ExhibitError fault `damage`: no journal, a broken chain, contradictions, nothing begun
 */
export async function readStoppedFolder(ports: Ports, path: string, stem: string): Promise<StoppedFolder> {
  const journal = join(path, folderNames(stem).journal);
  const bytes = await ports.files.readBytes(journal, JOURNAL_LIMIT);
  const chain = checkChain(bytes);
  if (!chain.ok) throw brokenChain(journal, chain.faults);
  const { start, account, state } = readStoppedJob(bytes, journal, stem);
  const identity = identityRecord.safeParse(start.head.source.identity_before);
  if (!identity.success) throw brokenChain(journal, ['it does not say what the source was']);
  if (account.sealed !== null) throw closingBegun(path);
  const resumed = chain.records.filter(({ type }) => type === 'resumed');
  const last = resumed.at(-1)?.data as { head: ManifestStart['head'] } | undefined;
  return {
    folder: { path, caseFolder: basename(dirname(path)), stem },
    start,
    lastHead: last?.head ?? start.head,
    identity: identity.data,
    state,
    sessions: account.sessions,
    head: chain.head,
    mismatch: mismatchIn(account),
    stopped: account.stopped?.message ?? null,
    hostKey: remoteTold(chain.records).connections[0]?.host_key ?? null,
    bootId: bootIdTold(chain.records, start),
  };
}

function mismatchIn({ readBack, sourceCheck, fatal }: JournalAccount): StoppedFolder['mismatch'] {
  if (fatal !== null) return fatal;
  if (readBack?.state === 'mismatch') return 'read-back';
  return sourceCheck?.state === 'mismatch' ? 'source-check' : null;
}

/**
 * What was found is not made good by going on until it no longer shows.
 * @throws ExhibitError `resume.mismatch`
 */
export function requireNoMismatch({ folder, mismatch }: StoppedFolder): void {
  if (mismatch === null) return;
  const message = `The acquisition in ${visible(folder.path)} found a mismatch before it was cut off: ${FOUND[mismatch]}.`;
  throw new ExhibitError('damage', 'resume.mismatch', message, {
    hint: `It is not gone on with. Close it with what it found: exhibit seal ${shellQuote(folder.path)} --incomplete REASON. Look at the destination disk and the source, then image the source again.`,
  });
}

/** What was found, as the end of a sentence. */
const FOUND: Readonly<Record<NonNullable<StoppedFolder['mismatch']>, string>> = {
  'read-back': 'its image did not hold what was read from the source',
  'source-check': 'its source gave other data when it was read a second time',
  ...FATAL_WORDS,
};

/** Whether a job is at work in the folder: it has the lock on the journal. Where nothing can be locked, none is seen. */
export async function isAtWork(ports: Ports, path: string, stem: string): Promise<boolean> {
  const journal = await ports.files.open(join(path, folderNames(stem).journal), 'read');
  try {
    return (await tryLock(ports.commands, journal.fd)) === 'busy';
  } finally {
    await journal.close();
  }
}

/**
 * The image's files as an earlier session left them.
 * @throws ExhibitError `resume.image` when they do not hold what the journal says was on disk
 */
export async function imageThere(ports: Ports, { folder, start, state }: StoppedFolder): Promise<ImageFileThere[]> {
  const there: ImageFileThere[] = [];
  const placed = Math.max(state.position, state.map.ranges('good').at(-1)?.end ?? 0);
  for (const segment of start.segments) {
    const path = join(folder.path, `${segment.name}.partial`);
    const stats = await ports.files.lstat(path).catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return null;
      throw error;
    });
    const needed = Math.min(segment.length, Math.max(0, placed - segment.offset));
    if (stats === null && needed === 0) continue;
    const held = stats?.isFile() === true ? stats.size : null;
    if (stats === null || held === null || held < needed || held > segment.length)
      throw notWhatWasWritten(path, held, needed, segment.length);
    there.push({ segment, inode: stats.ino, size: held });
  }
  return there;
}

function notWhatWasWritten(path: string, held: number | null, least: number, most: number): ExhibitError {
  const found = held === null ? 'is not there, or is no file' : `holds ${held} bytes`;
  const message = `${visible(path)} ${found}; by the journal it holds ${least} at least, and ${most} at most.`;
  return new ExhibitError('damage', 'resume.image', message, {
    hint: 'It was changed after the acquisition stopped. Keep the folder as it is, find out what changed it, and image the source again.',
  });
}

/** Somebody has begun to close it as incomplete: its lists are by then those of the image. */
function closingBegun(path: string): ExhibitError {
  const message = `The acquisition in ${visible(path)} was to be closed as incomplete, and that was cut off.`;
  return new ExhibitError('usage', 'resume.sealed', message, {
    hint: 'Finish that: exhibit seal DIR --incomplete REASON',
  });
}
