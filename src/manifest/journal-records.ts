import { z } from 'zod';
import { ENGINES } from '../model/digest.ts';
import type { SourceIdentity } from '../model/identity.ts';
import { VERDICTS } from '../model/verdict.ts';
import type { JournalRecord } from './journal-chain.ts';
import { manifestSchema } from './schema.ts';

/** The records of a run that bear on its manifest (`docs/manifest-format.md`, section 6). More may stand in each. */
const { shape } = manifestSchema;
const { reader, findings } = shape.acquisition.shape;
const bytes = z.number().int().nonnegative();
const disturbances = shape.station.shape.clock.shape.disturbances;

const unreadable = z.array(z.object({ start: bytes, end: bytes, errno: z.string(), attempts: bytes }));
const runs = {
  read_again: z.array(z.object({ start: bytes, end: bytes, why: z.string() })),
  reader_runs: bytes,
  runs: reader.shape.runs,
};

const engine = z.object({
  algorithm: shape.digests.element.shape.algorithm,
  engine: z.enum(ENGINES),
  why: z.string(),
  wasmRate: bytes.nullable(),
  sourceRate: bytes.nullable(),
});

const read = z.object({
  position: bytes,
  complete: z.boolean(),
  digests: shape.digests.refine((digests) => digests.some(({ algorithm }) => algorithm === 'sha256')),
  engines: z.array(engine),
  /** Of the list of pieces as they were read. */
  pieces_sha256: shape.pieces.shape.sha256,
  unreadable,
  ...runs,
});

const readingFailed = z.object({ position: bytes, unreadable, message: z.string(), ...runs });

const identity: z.ZodType<SourceIdentity> = z.object({
  kind: z.enum(['block', 'file']),
  size: bytes,
  node: z.string(),
  model: z.string().nullable(),
  serial: z.string().nullable(),
  wwn: z.string().nullable(),
  diskseq: z.string().nullable(),
  chain: z.string().nullable(),
  mtimeMs: z.number().int().nullable(),
});

const sourceAfter = z.object({
  identity,
  verdict: z
    .object({ name: z.enum(VERDICTS), meaning: z.string(), evidence: shape.guard.shape.evidence_after })
    .nullable(),
  counters: shape.guard.shape.counters_after,
  asked: shape.probes.shape.runs_after,
  findings: z.array(findings.element),
});

const stopped = z.object({ code: z.string(), message: z.string(), disturbances: disturbances.optional() });
const sealed = z.object({ reason: z.string(), size: bytes });

/** What a journal tells of its run. Null: it has no such record. */
export interface JournalAccount {
  readonly read: z.infer<typeof read> | null;
  readonly readingFailed: z.infer<typeof readingFailed> | null;
  /** The look at the source that no reading came after. */
  readonly sourceAfter: z.infer<typeof sourceAfter> | null;
  readonly readBack: z.infer<typeof shape.read_back> | null;
  readonly sourceCheck: z.infer<typeof shape.source_check> | null;
  readonly closing: { readonly disturbances: z.infer<typeof disturbances> } | null;
  readonly stopped: z.infer<typeof stopped> | null;
  /** The last one: a closing as incomplete that was cut off begins anew. */
  readonly sealed: z.infer<typeof sealed> | null;
}

/** Reads the records of a chain that holds. `faults`: what is not in its form, or can't stand beside the rest. */
export function accountOf(records: readonly JournalRecord[]): { account: JournalAccount; faults: readonly string[] } {
  const faults: string[] = [];
  const last = <T>(type: string, schema: z.ZodType<T>, often = false): T | null => {
    const found = records.filter((record) => record.type === type);
    if (found.length > 1 && !often) faults.push(`it has ${found.length} records of type ${type}; a run writes one`);
    const parsed = found.map((record) => schema.safeParse(record.data));
    for (const [index, result] of parsed.entries())
      if (!result.success) faults.push(`record ${found[index]?.n ?? '?'} is not what a record of type ${type} holds`);
    return parsed.at(-1)?.data ?? null;
  };
  const account: JournalAccount = {
    read: last('read', read),
    readingFailed: last('reading-failed', readingFailed),
    sourceAfter: readingFollows(records) ? null : last('source-after', sourceAfter, true),
    readBack: last('read-back', shape.read_back),
    sourceCheck: last('source-check', shape.source_check),
    closing: last('closing', z.object({ disturbances })),
    stopped: last('stopped', stopped),
    sealed: last('sealed-incomplete', sealed, true),
  };
  return { account, faults: [...faults, ...orderFaults(account)] };
}

/** What was seen of the source before it was read once more says nothing of it after the last reading. */
function readingFollows(records: readonly JournalRecord[]): boolean {
  const place = (type: string): number => records.findLastIndex((record) => record.type === type);
  return place('second-read') > place('source-after');
}

/** A check, and a closing, come after everything was read. */
function orderFaults({ read: done, readingFailed: failed, ...account }: JournalAccount): string[] {
  const faults = done !== null && failed !== null ? ['it says that reading ended, and that it failed'] : [];
  if (done?.complete === true) return faults;
  const later = { 'read-back': account.readBack, 'source-check': account.sourceCheck, closing: account.closing };
  for (const [type, record] of Object.entries(later))
    if (record !== null) faults.push(`it has a record of type ${type}, though not everything was read`);
  return faults;
}

/** The end of the bytes that the journal proves to have been read, and to have been on disk when it said so. */
export function provenEnd({ read: done, readingFailed: failed }: JournalAccount): number {
  return done?.position ?? failed?.position ?? 0;
}

/** What could not be read, as far as {@link provenEnd}: the zeros behind it may never have been written. */
export function provenUnreadable(account: JournalAccount): z.infer<typeof unreadable> {
  const end = provenEnd(account);
  return (
    (account.read ?? account.readingFailed)?.unreadable.flatMap((range) =>
      range.start < end ? [{ ...range, end: Math.min(range.end, end) }] : [],
    ) ?? []
  );
}
