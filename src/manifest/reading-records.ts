import * as z from '../model/zod.ts';
import { ALGORITHMS, ENGINES } from '../model/digest.ts';
import type { SourceIdentity } from '../model/identity.ts';
import type { ReadStatus } from '../model/read-map.ts';
import { VERDICTS } from '../model/verdict.ts';
import { bytes, count, sha256 } from './schema-words.ts';
import { manifestSchema } from './schema.ts';
import { manifestStartSchema } from './start.ts';

/** The records that tell of reading (`docs/manifest-format.md`, section 6). More may stand in each. */
const { shape } = manifestSchema;
const range = z.object({ start: bytes, end: bytes });
const STATUSES = ['not-tried', 'failed-large', 'failed-small', 'unreadable', 'good'] as const satisfies ReadStatus[];

const unreadableRecords = z.array(z.object({ start: bytes, end: bytes, errno: z.string(), attempts: count }));
const marks = z.array(range.extend({ status: z.enum(STATUSES) }));
const extents = z.array(range.extend({ sha256 }));
const unstable = z.array(range.extend({ first: sha256, again: sha256, when: z.string() }));
const failedReads = z.object({ count, ms: count });
const engine = z.object({
  algorithm: z.enum(ALGORITHMS),
  engine: z.enum(ENGINES),
  why: z.string(),
  wasmRate: bytes.nullable(),
  sourceRate: bytes.nullable(),
});

/** What the reader did. In a checkpoint since the record before; in `read` and `reading-failed` over all sessions. */
const reader = {
  unreadable: unreadableRecords,
  read_again: z.array(z.object({ start: bytes, end: bytes, why: z.string() })),
  unstable,
  /** A running total, wherever it stands. */
  failed_reads: failedReads,
  reader_runs: count,
  runs: shape.acquisition.shape.reader.shape.runs,
};

export const checkpointRecord = z.object({
  position: bytes,
  states: z.array(
    z.object({ algorithm: z.enum(ALGORITHMS), version: z.string(), state: z.string().regex(/^[0-9a-f]*$/) }),
  ),
  /** Byte of the logical media at which the first of `pieces` begins. */
  pieces_from: bytes,
  pieces: z.array(sha256),
  tail: z.object({ offset: bytes, length: bytes, sha256 }).nullable(),
  extents,
  marks,
  ...reader,
});

export const readRecord = z.object({
  position: bytes,
  complete: z.boolean(),
  digests: shape.digests.refine((digests) => digests.some(({ algorithm }) => algorithm === 'sha256')),
  engines: z.array(engine),
  /** Of the list of pieces as they were read. */
  pieces_sha256: sha256,
  segments_sha256: z.array(sha256),
  ...reader,
});

/** Sectors that answered differently in a reading that nothing was taken from. */
export const unstableRecord = z.object({ unstable });

export const readingFailedRecord = z.object({ position: bytes, message: z.string(), ...reader });

export const enginesRecord = z.object({ engines: z.array(engine) });

export const passRecord = z.object({
  name: z.string(),
  from: bytes,
  to: bytes,
  good: bytes,
  failed_large: bytes,
  failed_small: bytes,
  unreadable: bytes,
});

export const adoptedRecord = z.object({ map_sha256: sha256, comment: z.string(), ranges: marks, extents });

/** Of `begin`: what the fold has to know of how it is read. */
export const readingSettings = z.object({
  head: z.object({
    acquisition: z.object({
      settings: z.object({ piece_size: z.number().int().positive(), recovery: z.enum(['in-line', 'deferred']) }),
    }),
  }),
});

const reread = range.extend({ differing: unstable }).nullable();

export const resumedRecord = z.object({
  from: bytes,
  head: manifestStartSchema.shape.head,
  reread: reread.default(null),
});

export const pausedRecord = z.object({ position: bytes, code: z.string(), message: z.string() });

export const identityRecord: z.ZodType<SourceIdentity> = z.object({
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

export const verdictRecord = z.object({
  name: z.enum(VERDICTS),
  meaning: z.string(),
  evidence: shape.guard.shape.evidence_after,
});

export const reconnectedRecord = z.object({
  waited_ms: count,
  path: z.string(),
  real_path: z.string(),
  identity: identityRecord,
  held_by: shape.source.shape.held_by,
  verdict: verdictRecord,
  counters: shape.guard.shape.counters_before,
  reread,
});

export const gaveUpRecord = z.object({ waited_ms: count, message: z.string() });

export type CheckpointRecord = z.infer<typeof checkpointRecord>;
export type ReadRecord = z.infer<typeof readRecord>;
export type ReadingFailedRecord = z.infer<typeof readingFailedRecord>;
export type AdoptedRecord = z.infer<typeof adoptedRecord>;
