import * as z from '../model/zod.ts';
import type { WireMode } from '../model/remote.ts';
import type { JournalRecord } from './journal-chain.ts';
import {
  connectionSchema,
  passFields,
  remoteRunSchema,
  type CrossedTotals,
  type RemoteSection,
} from './remote-schema.ts';
import { count } from './schema-words.ts';
import { sessionRecords } from './sessions.ts';

/** Totals of a session's reading so far, or of its second one; mismatches, programs given up and runs since the record before. */
export const remoteAccountRecord = z.object({
  ...passFields,
  run_count: count,
  runs: z.array(remoteRunSchema),
});

export type RemoteAccountRecord = z.infer<typeof remoteAccountRecord>;

/** What the journal tells of the other machine while the work went on. */
export type RemoteTold = Pick<RemoteSection, 'connections' | 'footprint' | 'proof' | 'second_pass'>;

/** What a session told of what it read there: of its reading, and of a second one of the whole; null: it began none. */
export interface SessionAccounts {
  readonly first: readonly RemoteAccountRecord[];
  readonly second: readonly RemoteAccountRecord[] | null;
}

/** Of one session; what is not in its form is left out, and is a fault of the journal. Pure. */
export function sessionAccounts(own: readonly JournalRecord[]): SessionAccounts {
  const began = own.findIndex(({ type }) => type === 'second-read');
  if (began === -1) return { first: accountsIn(own), second: null };
  return { first: accountsIn(own.slice(0, began)), second: accountsIn(own.slice(began)) };
}

function accountsIn(records: readonly JournalRecord[]): RemoteAccountRecord[] {
  return records.flatMap(({ type, data }) => {
    const account = type === 'remote-account' ? remoteAccountRecord.safeParse(data).data : undefined;
    return account === undefined ? [] : [account];
  });
}

/** Of all sessions: connections and runs one after the other, totals added up; of second readings those of the last. Pure. */
export function remoteTold(records: readonly JournalRecord[]): RemoteTold {
  const sessions = sessionRecords(records).map(sessionAccounts);
  const first = sessions.flatMap((own) => own.first);
  const seconds = sessions.flatMap(({ second }) => (second === null ? [] : [second]));
  const all = sessions.flatMap((own) => [...own.first, ...(own.second ?? [])]);
  const last = seconds.at(-1);
  return {
    connections: records.flatMap(({ at, type, data }) => {
      const connection = type === 'remote-connected' ? connectionSchema.safeParse(data).data : undefined;
      return connection === undefined ? [] : [{ ...connection, at }];
    }),
    footprint: {
      run_count: all.reduce((total, { run_count }) => total + run_count, 0),
      runs: all.flatMap(({ runs }) => runs),
    },
    proof: {
      told_by: 'target',
      ...totalsOf(sessions.flatMap((own) => own.first.slice(-1))),
      mismatches: first.flatMap(({ mismatches }) => mismatches),
      given_up: first.flatMap(({ given_up }) => given_up),
    },
    second_pass:
      last === undefined
        ? null
        : {
            ...totalsOf(last.slice(-1)),
            mismatches: seconds.flat().flatMap(({ mismatches }) => mismatches),
            given_up: seconds.flat().flatMap(({ given_up }) => given_up),
          },
  };
}

function totalsOf(accounts: readonly CrossedTotals[]): CrossedTotals {
  const sum = (of: Exclude<keyof CrossedTotals, 'modes'>): number =>
    accounts.reduce((total, account) => total + account[of], 0);
  const crossed = (mode: WireMode): number => accounts.reduce((total, { modes }) => total + modes[mode], 0);
  return {
    ranges: sum('ranges'),
    bytes: sum('bytes'),
    hashed_ranges: sum('hashed_ranges'),
    hashed_bytes: sum('hashed_bytes'),
    wire_bytes: sum('wire_bytes'),
    modes: { none: crossed('none'), zstd: crossed('zstd'), gzip: crossed('gzip') },
  };
}

/** The section of a disk of another machine as the manifest has it, of how it began and what was told since. Pure. */
export function remoteEnd(
  begun: RemoteSection | null,
  told: RemoteTold,
  secondPass: 'not-done' | 'match' | 'mismatch',
): RemoteSection | null {
  if (begun === null) return null;
  const agreed = !begun.live && secondPass === 'match';
  return { ...begun, ...told, reproducible: agreed ? 'second-pass-agreed' : 'no' };
}
