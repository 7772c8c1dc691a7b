import type * as z from '../model/zod.ts';
import { LOST_WHILE_READ, weakest, type VerdictName } from '../model/verdict.ts';
import type { JournalRecord } from './journal-chain.ts';
import {
  checkpointRecord,
  gaveUpRecord,
  pausedRecord,
  readingFailedRecord,
  readRecord,
  reconnectedRecord,
  resumedRecord,
} from './reading-records.ts';
import { closingRecord, sourceAfterRecord, stoppedRecord } from './run-records.ts';
import type { Session } from './schema.ts';
import { manifestStartSchema, type ManifestStart } from './start.ts';

/** What whoever opens a stopped journal appends; no act of the session before it. */
const BY_SEALING = new Set(['tail-dropped', 'sealed-incomplete']);

/** A journal's records, session by session: the first from record 0 on, each later one from its `resumed` on. */
export function sessionRecords(records: readonly JournalRecord[]): JournalRecord[][] {
  const sessions: JournalRecord[][] = [];
  for (const record of records) {
    const now = sessions.at(-1);
    if (now === undefined || record.type === 'resumed') sessions.push([record]);
    else now.push(record);
  }
  return sessions;
}

/** Whole milliseconds that each session took, by the monotonic clock of its station. */
export function sessionDurations(records: readonly JournalRecord[]): number[] {
  return sessionRecords(records).map((own) => Math.max(0, (lastAct(own)?.mono_ms ?? 0) - (own[0]?.mono_ms ?? 0)));
}

/** The last thing that a session itself wrote; what sealing added came later. */
export function lastAct(records: readonly JournalRecord[]): JournalRecord | undefined {
  return records.findLast(({ type }) => !BY_SEALING.has(type));
}

/**
 * The sessions of an acquisition, as its manifest has them. A session whose first record is not in its form is left out:
 * that is a fault of the journal, and said there. Pure.
 */
export function sessionsOf(records: readonly JournalRecord[]): Session[] {
  const all = sessionRecords(records);
  return all.flatMap((own, index) => {
    const opening = openingOf(own[0]);
    return opening === null ? [] : [sessionOf(opening, own, index === all.length - 1)];
  });
}

/** How a session began. */
export interface Opening {
  /** Position of the streams. */
  readonly from: number;
  readonly head: ManifestStart['head'];
}

/** Of the first record of a session; null: it is not in its form. Pure. */
export function openingOf(record: JournalRecord | undefined): Opening | null {
  if (record?.type === 'resumed') return resumedRecord.safeParse(record.data).data ?? null;
  const start = manifestStartSchema.safeParse(record?.data).data;
  return start === undefined ? null : { from: 0, head: start.head };
}

function sessionOf({ from, head }: Opening, own: readonly JournalRecord[], last: boolean): Session {
  const { acquisition, station } = head;
  const stopped = lastOf(own, 'stopped', stoppedRecord);
  const closing = lastOf(own, 'closing', closingRecord);
  const sealed = own.some(({ type }) => type === 'sealed-incomplete');
  const finished = closing !== null && stopped === null && last && !sealed;
  const attachments = attachmentsOf(head, own);
  return {
    started: acquisition.started,
    ended: lastAct(own)?.at ?? acquisition.started,
    how: stopped !== null ? 'stopped' : finished ? 'finished' : 'without-a-word',
    code: stopped?.code ?? null,
    message: stopped?.message ?? null,
    tool_version: head.tool.version,
    examiner: head.case.examiner,
    station: {
      ...station,
      clock: { ...station.clock, disturbances: stopped?.disturbances ?? closing?.disturbances ?? [] },
    },
    confirmation: acquisition.confirmation,
    overrides: acquisition.overrides,
    reader: { name: acquisition.reader.name, version: acquisition.reader.version },
    from,
    to: endOf(own) ?? from,
    attachments,
    pauses: pausesOf(own),
    verdict: verdictOf(attachments, own, stopped?.code ?? null),
  };
}

type Attachment = Session['attachments'][number];

function attachmentsOf({ source, guard, acquisition }: Opening['head'], own: readonly JournalRecord[]): Attachment[] {
  const attachments: Attachment[] = [
    {
      at: acquisition.started,
      path: source.path,
      real_path: source.real_path,
      identity: source.identity_before,
      held_by: source.held_by,
      verdict: guard.verdict,
      meaning: guard.meaning,
      evidence: guard.evidence,
      counters_before: guard.counters_before,
      counters_after: null,
      reread: null,
    },
  ];
  const counted = (counters_after: Attachment['counters_after']): void => {
    attachments.push(...attachments.splice(-1).map((last) => ({ ...last, counters_after })));
  };
  for (const { at, type, data } of own) {
    if (type === 'second-read') counted(null);
    const resumed = type === 'resumed' ? resumedRecord.safeParse(data).data : undefined;
    if (resumed !== undefined)
      attachments.push(...attachments.splice(-1).map((first) => ({ ...first, reread: resumed.reread })));
    const after = type === 'source-after' ? sourceAfterRecord.safeParse(data).data : undefined;
    if (after !== undefined) counted(after.counters);
    const back = type === 'reconnected' ? reconnectedRecord.safeParse(data).data : undefined;
    if (back !== undefined) attachments.push(reattached(at, back));
  }
  return attachments;
}

function reattached(at: string, back: z.infer<typeof reconnectedRecord>): Attachment {
  const { path, real_path, identity, held_by, verdict, counters, reread } = back;
  return {
    at,
    path,
    real_path,
    identity: { ...identity },
    held_by,
    verdict: verdict.name,
    meaning: verdict.meaning,
    evidence: verdict.evidence,
    counters_before: counters,
    counters_after: null,
    reread,
  };
}

/** A pause ends with the source's return, with giving up, or with the session. */
function pausesOf(own: readonly JournalRecord[]): Session['pauses'] {
  const pauses: Session['pauses'] = [];
  for (const { at, type, data } of own) {
    const paused = type === 'paused' ? pausedRecord.safeParse(data).data : undefined;
    if (paused !== undefined) {
      const { position, code, message } = paused;
      pauses.push({ at, position, code, message, ended: null, waited_ms: null, outcome: 'session-ended' });
    }
    const open = pauses.at(-1);
    if (open?.outcome !== 'session-ended') continue;
    const back = type === 'reconnected' ? reconnectedRecord.safeParse(data).data : undefined;
    const gaveUp = type === 'gave-up-waiting' ? gaveUpRecord.safeParse(data).data : undefined;
    const waited = back ?? gaveUp;
    if (waited === undefined) continue;
    const outcome = back === undefined ? 'gave-up' : 'reconnected';
    pauses[pauses.length - 1] = { ...open, ended: at, waited_ms: waited.waited_ms, outcome };
  }
  return pauses;
}

/** The weakest that was seen in a session, or that it stopped for. */
function verdictOf(
  attachments: readonly Attachment[],
  own: readonly JournalRecord[],
  code: string | null,
): VerdictName {
  const after = own.flatMap(({ type, data }) => {
    const verdict = type === 'source-after' ? sourceAfterRecord.safeParse(data).data?.verdict : null;
    return verdict?.name ?? [];
  });
  const lost = code !== null && LOST_WHILE_READ[code] !== undefined;
  return weakest([
    ...attachments.map(({ verdict }) => verdict),
    ...after,
    ...(lost ? (['contradicted'] as const) : []),
  ]);
}

/** Where the streams stood when a session last told it. */
function endOf(own: readonly JournalRecord[]): number | null {
  for (const { type, data } of own.toReversed()) {
    if (type === 'checkpoint') return checkpointRecord.pick({ position: true }).safeParse(data).data?.position ?? null;
    if (type === 'read') return readRecord.pick({ position: true }).safeParse(data).data?.position ?? null;
    if (type === 'reading-failed')
      return readingFailedRecord.pick({ position: true }).safeParse(data).data?.position ?? null;
  }
  return null;
}

function lastOf<T>(own: readonly JournalRecord[], type: string, schema: z.ZodType<T>): T | null {
  return schema.safeParse(own.findLast((record) => record.type === type)?.data).data ?? null;
}
