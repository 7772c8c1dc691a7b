import * as z from '../model/zod.ts';
import { compareTold, isFatalEnd, type FatalEnd, type ToldStream } from '../model/listen.ts';
import type { JournalRecord } from './journal-chain.ts';
import {
  admittedSchema,
  endedSchema,
  listenedSchema,
  refusedSchema,
  type ReceivedSection,
  type SectionStream,
} from './received-schema.ts';
import { count } from './schema-words.ts';
import { sessionRecords } from './sessions.ts';

/** The records of a disk that another machine sends. */
export const RECEIVED_RECORDS = {
  listening: listenedSchema,
  'stream-admitted': admittedSchema,
  'stream-ended': endedSchema,
  /** `count`: of this session so far; the connections since the record before. */
  'stream-refused': z.strictObject({ count, connections: z.array(refusedSchema) }),
};

/** What the journal tells of who connected, and what came. */
export type ReceivedTold = Pick<ReceivedSection, 'listened' | 'streams' | 'refused'>;

/** Of all sessions, one after the other. An end is that of the stream that was let in before it. Pure. */
export function receivedTold(records: readonly JournalRecord[]): ReceivedTold {
  const told: ReceivedTold = { listened: [], streams: [], refused: { count: 0, connections: [] } };
  for (const own of sessionRecords(records)) {
    let refused = 0;
    for (const record of own) refused = take(told, record) ?? refused;
    told.refused.count += refused;
  }
  return { ...told, streams: told.streams.map((stream) => ({ ...stream, hash: hashOf(stream) })) };
}

/** Gives how many connections the session had refused by then, where the record tells it. */
function take(told: ReceivedTold, { at, type, data }: JournalRecord): number | null {
  switch (type) {
    case 'listening': {
      const listened = RECEIVED_RECORDS.listening.safeParse(data).data;
      if (listened !== undefined) told.listened.push({ ...listened, at });
      return null;
    }
    case 'stream-admitted': {
      const admitted = RECEIVED_RECORDS['stream-admitted'].safeParse(data).data;
      if (admitted !== undefined) told.streams.push({ ...admitted, ended: null, hash: 'not-promised' });
      return null;
    }
    case 'stream-ended': {
      const ended = RECEIVED_RECORDS['stream-ended'].safeParse(data).data;
      const last = told.streams.at(-1);
      if (ended !== undefined && last?.ended === null) last.ended = ended;
      return null;
    }
    case 'stream-refused': {
      const refused = RECEIVED_RECORDS['stream-refused'].safeParse(data).data;
      told.refused.connections.push(...(refused?.connections ?? []));
      return refused?.count ?? null;
    }
    default:
      return null;
  }
}

/** Whether what was sent is known to have arrived, by the hash that the target told. What nobody compared is not. */
export function hashOf({ tells, ended }: Pick<SectionStream, 'tells' | 'ended'>): SectionStream['hash'] {
  if (!tells) return 'not-promised';
  if (ended === null) return 'not-confirmed';
  if (fatalOf(ended) === 'hash-differs') return 'differs';
  return compareTold(ended) === 'same' ? 'confirmed' : 'not-confirmed';
}

/** The section of a disk that was sent as the manifest has it, of how it began and what was told since. Pure. */
export function receivedEnd(begun: ReceivedSection | null, told: ReceivedTold): ReceivedSection | null {
  return begun === null ? null : { ...begun, ...told };
}

/** How a stream ended that nobody goes on after, the first of them; null: none did. */
export function fatalEnd(ends: readonly (ToldStream | null)[]): FatalEnd | null {
  return ends.map((ended) => ended && fatalOf(ended)).find((fatal) => fatal !== null) ?? null;
}

/** What differs does so whatever a record calls its end. */
function fatalOf(ended: ToldStream): FatalEnd | null {
  if (compareTold(ended) === 'differs') return 'hash-differs';
  return isFatalEnd(ended.end) ? ended.end : null;
}

/** As {@link fatalEnd}, of every record of an end, wherever it stands. */
export function fatalTold(records: readonly JournalRecord[]): FatalEnd | null {
  return fatalEnd(
    records.map(({ type, data }) => (type === 'stream-ended' ? endedSchema.safeParse(data).data : null) ?? null),
  );
}

/**
 * How many bytes of the image came on streams of which the target told the hash, and it was ours. Each stream gave the
 * image's bytes from its offset to that of the next.
 * @param end bytes of the image
 */
export function confirmedBytes(streams: readonly SectionStream[], end: number): number {
  return streams.reduce((sum, { offset, ended, hash }, at) => {
    if (hash !== 'confirmed' || ended === null) return sum;
    const until = Math.min(offset + ended.received, end, ...streams.slice(at + 1).map((next) => next.offset));
    return sum + Math.max(0, until - offset);
  }, 0);
}
