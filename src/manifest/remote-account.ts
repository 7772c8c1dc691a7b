import { z } from 'zod';
import type { WireMode } from '../model/remote.ts';
import type { JournalRecord } from './journal-chain.ts';
import {
  connectionSchema,
  givenUpSchema,
  remoteMismatchSchema,
  remoteRunSchema,
  wireModesSchema,
  type RemoteSection,
} from './remote-schema.ts';
import { bytes, count } from './schema-words.ts';
import { sessionRecords } from './sessions.ts';

/** Totals of a session so far; mismatches, programs given up and runs since the record before. */
export const remoteAccountRecord = z.object({
  ranges: count,
  bytes,
  hashed_ranges: count,
  hashed_bytes: bytes,
  wire_bytes: bytes,
  modes: wireModesSchema,
  mismatches: z.array(remoteMismatchSchema),
  given_up: z.array(givenUpSchema),
  run_count: count,
  runs: z.array(remoteRunSchema),
});

/** What the journal tells of the other machine while the work went on. */
export type RemoteTold = Pick<RemoteSection, 'connections' | 'footprint' | 'proof'>;

/** Of all sessions: connections and runs one after the other, totals added up. Pure. */
export function remoteTold(records: readonly JournalRecord[]): RemoteTold {
  const accounts = sessionRecords(records).map((own) =>
    own.flatMap(({ type, data }) => {
      const account = type === 'remote-account' ? remoteAccountRecord.safeParse(data).data : undefined;
      return account === undefined ? [] : [account];
    }),
  );
  const last = accounts.flatMap((own) => own.slice(-1));
  const sum = (of: 'ranges' | 'bytes' | 'hashed_ranges' | 'hashed_bytes' | 'wire_bytes'): number =>
    last.reduce((total, account) => total + account[of], 0);
  const crossed = (mode: WireMode): number => last.reduce((total, { modes }) => total + modes[mode], 0);
  const all = accounts.flat();
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
      ranges: sum('ranges'),
      bytes: sum('bytes'),
      hashed_ranges: sum('hashed_ranges'),
      hashed_bytes: sum('hashed_bytes'),
      wire_bytes: sum('wire_bytes'),
      modes: { none: crossed('none'), zstd: crossed('zstd'), gzip: crossed('gzip') },
      mismatches: all.flatMap(({ mismatches }) => mismatches),
      given_up: all.flatMap(({ given_up }) => given_up),
    },
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
