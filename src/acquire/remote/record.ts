import type { Journal } from '../../manifest/journal.ts';
import type { Emit } from '../../model/event.ts';
import type { TakenSource } from '../hold.ts';
import { connectionSection } from './account.ts';
import type { SourceSide } from './side.ts';
import type { Story } from '../story.ts';

/** Milliseconds for the other machine to say goodbye. */
const GOODBYE_MS = 2000;

/** Puts on record by which connection a source is read; of a source of this station nothing. */
export async function tellConnected({ source, side }: TakenSource, journal: Journal, emit: Emit): Promise<void> {
  side.listen?.account.begin(journal, emit);
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

/** Puts on record, before a checkpoint, what another machine told or did since the last one. */
export async function tellSide({ remote, listen }: SourceSide, journal: Journal): Promise<void> {
  await remote?.account.tell(journal);
  await listen?.account.tell();
}

/** Nothing more is asked of the other machine: what ran there has ended by now, and all of it is put on record. */
export async function leaveRemote({ attached, journal, job }: Story): Promise<void> {
  const { remote, listen } = attached.side;
  if (listen !== undefined) {
    await attached.held.close();
    await listen.account.tell();
  }
  if (remote === undefined) return;
  const { clock } = job.ports;
  const done = new AbortController();
  await attached.held.close();
  await Promise.race([remote.reach.close(), clock.sleep(GOODBYE_MS, done.signal)]);
  done.abort();
  await remote.account.tell(journal);
}
