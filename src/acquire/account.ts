import { join } from 'node:path';
import { contradictions } from '../manifest/consistency-journal.ts';
import { folderNames } from '../manifest/file-names.ts';
import { checkChain, JOURNAL_LIMIT, type JournalRecord } from '../manifest/journal-chain.ts';
import { receivedTold, type ReceivedTold } from '../manifest/received-account.ts';
import { remoteTold, type RemoteTold } from '../manifest/remote-account.ts';
import { readingState, type ReadingState } from '../manifest/reading-state.ts';
import type { Session } from '../manifest/schema.ts';
import { sessionDurations, sessionsOf } from '../manifest/sessions.ts';
import { manifestStartSchema, type ManifestStart } from '../manifest/start.ts';
import { bug, ExhibitError } from '../model/errors.ts';
import { visible } from '../model/text.ts';
import type { ManifestBody } from './finish.ts';
import type { Story } from './story.ts';

/** What the journal on disk tells of an acquisition: the manifest is made of this, not of what the program remembers. */
export interface AccountRead {
  readonly records: readonly JournalRecord[];
  readonly start: ManifestStart;
  readonly sessions: readonly Session[];
  readonly state: ReadingState;
  readonly remote: RemoteTold;
  readonly received: ReceivedTold;
  /** Whole milliseconds that the sessions before this one took. */
  readonly earlierMs: number;
}

/** Reads back the journal of a job that is about to close. Throws `journal.chain` when it is not what was written. */
export async function readAccount({ job: { ports, plan } }: Pick<Story, 'job'>): Promise<AccountRead> {
  const path = join(plan.folder.path, folderNames(plan.folder.stem).journal);
  const { ok, records, faults, torn } = checkChain(await ports.files.readBytes(path, JOURNAL_LIMIT));
  if (!ok || torn !== null) throw changed(path, faults);
  const start = manifestStartSchema.safeParse(records[0]?.data);
  if (!start.success) throw changed(path, ['its first record does not say what was begun']);
  return {
    records,
    start: start.data,
    sessions: sessionsOf(records),
    state: readingState(records, plan.size).state,
    remote: remoteTold(records),
    received: receivedTold(records),
    earlierMs: sessionDurations(records)
      .slice(0, -1)
      .reduce((sum, each) => sum + each, 0),
  };
}

/** Nobody puts a name under an account that is not the journal's. */
export function requireAccount(body: ManifestBody, records: readonly JournalRecord[]): void {
  const faults = contradictions(body, records);
  if (faults.length > 0) throw bug(`the manifest contradicts the journal: ${faults.join('; ')}`);
}

function changed(path: string, faults: readonly string[]): ExhibitError {
  const what = faults.length === 0 ? 'its last record is cut off' : faults.join('; ');
  return new ExhibitError('damage', 'journal.chain', `${visible(path)} is not what was written to it: ${what}.`, {
    hint: 'Nothing was signed. Keep the folder as it is; look at the destination disk, and find out who changed it.',
  });
}
