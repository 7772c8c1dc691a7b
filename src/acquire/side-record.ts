import type { Journal } from '../manifest/journal.ts';
import type { Emit } from '../model/event.ts';
import type { TakenSource } from './hold.ts';
import { connectionSection } from './remote/account.ts';
import type { SourceSide } from './source-side.ts';
import type { Story } from './story.ts';

/** Milliseconds for the other machine to say goodbye. */
const GOODBYE_MS = 2000;

/**
 * Puts on record how a source was reached: by which connection, of one on another machine; of a source of this station
 * nothing. For a disk that is sent the record begins here.
 */
export async function tellTaken({ source, side }: TakenSource, journal: Journal, emit: Emit): Promise<void> {
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

/** Puts on record, before a checkpoint, what came from another machine, or was done there, since the last one. */
export async function tellSide({ remote, listen }: SourceSide, journal: Journal): Promise<void> {
  await remote?.account.tell(journal);
  await listen?.account.tell();
}

/** Nothing more is asked of another machine, and no port is open to one: what ran there has ended by now, and all of it is put on record. */
export async function leaveSide({ attached, journal, job }: Story): Promise<void> {
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
