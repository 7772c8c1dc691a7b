import { createHash } from 'node:crypto';
import { Faults } from '../image/faults.ts';
import { bug } from '../model/errors.ts';
import { canonicalLine } from './encode.ts';

/** What stands as `prev` in the first record, and as the head of an empty journal. */
export const NO_RECORD = '0'.repeat(64);

/** Bytes that are read of a journal: months of checkpoints, and a disk with bad places everywhere. */
export const JOURNAL_LIMIT = 1024 * 1024 * 1024;

/** One line of the journal. `docs/manifest-format.md`, section 6. */
export interface JournalRecord {
  readonly n: number;
  /** SHA-256 of the line before, without its `\n`. */
  readonly prev: string;
  /** RFC 3339, UTC. */
  readonly at: string;
  /** Whole milliseconds; comparable within one boot only. */
  readonly mono_ms: number;
  readonly type: string;
  readonly data: JournalData;
}

export type JournalData = Readonly<Record<string, unknown>>;

export interface Chain {
  /** True when no record is broken. A torn tail is no broken record: see `torn`. */
  readonly ok: boolean;
  readonly records: readonly JournalRecord[];
  /** SHA-256 of the last whole line. */
  readonly head: string;
  readonly faults: readonly string[];
  /** A last line without `\n`: where it starts, and how many bytes it has. */
  readonly torn: { readonly offset: number; readonly bytes: number } | null;
}

const TYPE = /^[a-z][a-z0-9-]*$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const KEYS = 'at,data,mono_ms,n,prev,type';
const LF = 0x0a;

/** The record's line, `\n` included. Throws `internal.bug` for what has no canonical form (floats, undefined, unsafe integers). */
export function formatRecord(record: JournalRecord): Buffer {
  if (!TYPE.test(record.type)) throw bug(`journal: "${record.type}" is no record type`);
  return Buffer.from(`${canonicalLine(record)}\n`, 'utf8');
}

/** The SHA-256 that the next record holds. @param line a record's line; the `\n` at its end does not count */
export function hashLine(line: Uint8Array): string {
  const end = line.at(-1) === LF ? line.length - 1 : line.length;
  return createHash('sha256').update(line.subarray(0, end)).digest('hex');
}

/** Judges a journal's bytes, whatever they are: form and number of each record, and the chain of hashes. */
export function checkChain(bytes: Uint8Array): Chain {
  const faults = new Faults();
  const records: JournalRecord[] = [];
  let head = NO_RECORD;
  let start = 0;
  for (let n = 0; ; n += 1) {
    const end = bytes.indexOf(LF, start);
    if (end === -1) break;
    const line = bytes.subarray(start, end);
    const record = parseRecord(line);
    if (record === null) faults.add(`record ${n} (byte ${start}) is not a record in its canonical form`);
    else {
      if (record.n !== n) faults.add(`record ${n} (byte ${start}) says that it is number ${record.n}`);
      if (record.prev !== head) faults.add(`record ${n} (byte ${start}) does not hold the hash of the record before`);
      records.push(record);
    }
    head = hashLine(line);
    start = end + 1;
  }
  const torn = start < bytes.length ? { offset: start, bytes: bytes.length - start } : null;
  return { ok: !faults.any, records, head, faults: faults.list, torn };
}

function parseRecord(line: Uint8Array): JournalRecord | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(line);
    const value: unknown = JSON.parse(text);
    return isRecord(value) && canonicalLine(value) === text ? value : null;
  } catch {
    return null;
  }
}

function isRecord(value: unknown): value is JournalRecord {
  if (typeof value !== 'object' || value === null || Object.keys(value).sort().join() !== KEYS) return false;
  const { n, prev, at, mono_ms, type, data } = value as Record<keyof JournalRecord, unknown>;
  return (
    isCount(n) &&
    isCount(mono_ms) &&
    isText(prev, /^[0-9a-f]{64}$/) &&
    isText(at, TIME) &&
    isText(type, TYPE) &&
    typeof data === 'object' &&
    data !== null &&
    !Array.isArray(data)
  );
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isText(value: unknown, form: RegExp): boolean {
  return typeof value === 'string' && form.test(value);
}
