import type { Journal } from '../../manifest/journal.ts';
import type { TakenSource } from '../hold.ts';
import { connectionSection } from './account.ts';
import type { Story } from '../story.ts';

/** Milliseconds for the other machine to say goodbye. */
const GOODBYE_MS = 2000;

/** Puts on record by which connection a source is read; of a source of this station nothing. */
export async function tellConnected({ source, side }: TakenSource, journal: Journal): Promise<void> {
  if (source.remote === undefined) return;
  await journal.append('remote-connected', connectionSection(source.remote.link, source.remote.machine));
  await side.remote?.account.tell(journal);
}

/** The whole source is read once more from here on: what came before stands on record, and what comes is counted for itself. */
export async function tellSecondPass({ attached, journal }: Story): Promise<void> {
  const account = attached.side.remote?.account;
  await account?.tell(journal);
  await journal.append('second-read');
  account?.beginSecondPass();
}

/** Nothing more is asked of the other machine: what ran there has ended by now, and all of it is put on record. */
export async function leaveRemote({ attached, journal, job }: Story): Promise<void> {
  const { remote } = attached.side;
  if (remote === undefined) return;
  const { clock } = job.ports;
  const done = new AbortController();
  await attached.held.close();
  await Promise.race([remote.reach.close(), clock.sleep(GOODBYE_MS, done.signal)]);
  done.abort();
  await remote.account.tell(journal);
}
