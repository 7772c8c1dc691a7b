import type * as z from '../model/zod.ts';
import type { FatalEnd } from '../model/listen.ts';
import type { JournalRecord } from './journal-chain.ts';
import {
  gaveUpRecord,
  passRecord,
  pausedRecord,
  readingFailedRecord,
  readRecord,
  reconnectedRecord,
  type ReadingFailedRecord,
  type ReadRecord,
} from './reading-records.ts';
import {
  closingRecord,
  readBackRecord,
  sealedRecord,
  sourceAfterRecord,
  sourceCheckRecord,
  stoppedRecord,
} from './run-records.ts';
import { remoteAccountRecord } from './remote-account.ts';
import { connectionSchema } from './remote-schema.ts';
import { streamFaults } from './consistency-received-journal.ts';
import { fatalTold, RECEIVED_RECORDS } from './received-account.ts';
import { sessionRecords } from './sessions.ts';
import { manifestStartSchema, type ManifestStart } from './start.ts';

/**
 * What a journal tells of how its acquisition ended: of its last session, but for what was read in one before it and
 * still counts, and a mismatch that any of them found. Null: it has no such record. Where reading stands is
 * `readingState`'s to say.
 */
export interface JournalAccount {
  /** The first session's; null: it is not in its form. */
  readonly start: ManifestStart | null;
  readonly sessions: number;
  readonly read: ReadRecord | null;
  readonly readingFailed: ReadingFailedRecord | null;
  /** The look at the source that no reading came after. */
  readonly sourceAfter: z.infer<typeof sourceAfterRecord> | null;
  readonly readBack: z.infer<typeof readBackRecord> | null;
  readonly sourceCheck: z.infer<typeof sourceCheckRecord> | null;
  readonly closing: z.infer<typeof closingRecord> | null;
  readonly stopped: z.infer<typeof stoppedRecord> | null;
  /** How a stream ended that nobody goes on after, in whichever session; null: none did. */
  readonly fatal: FatalEnd | null;
  /** The last one: a closing as incomplete that was cut off begins anew. */
  readonly sealed: z.infer<typeof sealedRecord> | null;
}

/** Records of which a session has one at most; and those that it may have more often. `readingState` parses the others. */
const ONCE = {
  'read-back': readBackRecord,
  'source-check': sourceCheckRecord,
  closing: closingRecord,
  stopped: stoppedRecord,
};
const OFTEN = {
  'source-after': sourceAfterRecord,
  'sealed-incomplete': sealedRecord,
  pass: passRecord,
  paused: pausedRecord,
  reconnected: reconnectedRecord,
  'gave-up-waiting': gaveUpRecord,
  'remote-connected': connectionSchema,
  'remote-account': remoteAccountRecord,
  ...RECEIVED_RECORDS,
};

/** Reads the records of a chain that holds. `faults`: what is not in its form, or can't stand beside the rest. */
export function accountOf(records: readonly JournalRecord[]): { account: JournalAccount; faults: readonly string[] } {
  const sessions = sessionRecords(records);
  const last = sessions.at(-1) ?? [];
  const start = manifestStartSchema.safeParse(records[0]?.data).data ?? null;
  const reading = readingThatCounts(sessions, start?.size ?? null);
  const account: JournalAccount = {
    start,
    sessions: sessions.length,
    read: lastOf(reading, 'read', readRecord),
    readingFailed: lastOf(reading, 'reading-failed', readingFailedRecord),
    sourceAfter: readingFollows(records, start?.size ?? null)
      ? null
      : lastOf(records, 'source-after', sourceAfterRecord),
    readBack: mismatchOf(records, 'read-back', readBackRecord) ?? lastOf(last, 'read-back', readBackRecord),
    sourceCheck:
      mismatchOf(records, 'source-check', sourceCheckRecord) ?? lastOf(last, 'source-check', sourceCheckRecord),
    closing: lastOf(last, 'closing', closingRecord),
    stopped: lastOf(last, 'stopped', stoppedRecord),
    fatal: fatalTold(records),
    sealed: lastOf(last, 'sealed-incomplete', sealedRecord),
  };
  const faults = [...startFaults(records, start), ...formFaults(records), ...sessions.flatMap(onceFaults)];
  return { account, faults: [...faults, ...orderFaults(account), ...streamFaults(records)] };
}

/** The session whose reading is still the last; a session after it that found everything read only checks and closes. */
function readingThatCounts(sessions: readonly JournalRecord[][], size: number | null): readonly JournalRecord[] {
  for (const own of sessions.toReversed()) {
    if (own.some(({ type }) => type === 'read' || type === 'reading-failed')) return own;
    if (!readsNothing(own[0], size)) return [];
  }
  return [];
}

function readsNothing(opening: JournalRecord | undefined, size: number | null): boolean {
  return opening?.type === 'resumed' && size !== null && opening.data['from'] === size;
}

/** What was seen of the source before it was read once more says nothing of it after the last reading. */
function readingFollows(records: readonly JournalRecord[], size: number | null): boolean {
  const looked = records.findLastIndex(({ type }) => type === 'source-after');
  return records
    .slice(looked + 1)
    .some((record) => record.type === 'second-read' || (record.type === 'resumed' && !readsNothing(record, size)));
}

function lastOf<T>(records: readonly JournalRecord[], type: string, schema: z.ZodType<T>): T | null {
  return schema.safeParse(records.findLast((record) => record.type === type)?.data).data ?? null;
}

/** The last mismatch that a check found, in whichever session: a match after it does not take it back. */
function mismatchOf<T extends { readonly state: string }>(
  records: readonly JournalRecord[],
  check: string,
  schema: z.ZodType<T>,
): T | null {
  const made = records.filter(({ type }) => type === check).map(({ data }) => schema.safeParse(data).data);
  return made.findLast((found) => found?.state === 'mismatch') ?? null;
}

function startFaults([first]: readonly JournalRecord[], start: ManifestStart | null): string[] {
  return first?.type === 'begin' && start !== null ? [] : ['its first record does not say what was begun'];
}

function formFaults(records: readonly JournalRecord[]): string[] {
  const forms = new Map<string, z.ZodType>(Object.entries({ ...ONCE, ...OFTEN }));
  return records
    .filter(({ type, data }) => forms.get(type)?.safeParse(data).success === false)
    .map(({ n, type }) => `record ${n} is not what a record of type ${type} holds`);
}

function onceFaults(own: readonly JournalRecord[]): string[] {
  return Object.keys(ONCE).flatMap((due) => {
    const found = own.filter(({ type }) => type === due).length;
    return found > 1 ? [`it has ${found} records of type ${due}; a session writes one`] : [];
  });
}

/** A check, and a closing, come after everything was read. */
function orderFaults({ read: done, ...account }: JournalAccount): string[] {
  if (done?.complete === true) return [];
  const later = { 'read-back': account.readBack, 'source-check': account.sourceCheck, closing: account.closing };
  return Object.entries(later)
    .filter(([, record]) => record !== null)
    .map(([type]) => `it has a record of type ${type}, though not everything was read`);
}
