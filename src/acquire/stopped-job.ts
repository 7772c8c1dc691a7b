import { z } from 'zod';
import { ALGORITHMS, ENGINES, type Digest, type EngineDecision } from '../model/digest.ts';
import { ExhibitError } from '../model/errors.ts';
import { visible } from '../model/text.ts';
import { checkChain, type JournalRecord } from '../manifest/journal-chain.ts';
import { manifestStartSchema, type ManifestStart } from '../manifest/start.ts';
import type { ReaderRun, Unreadable } from '../read/reader.ts';

/** What a stopped acquisition's journal tells. */
export interface StoppedJob {
  readonly start: ManifestStart;
  /** The run ended in order: so many bytes were on disk, with these hashes. Null: it failed, or ended without a word. */
  readonly synced: { readonly position: number; readonly digests: readonly Pick<Digest, 'algorithm' | 'hex'>[] } | null;
  /** False: nothing is recorded of which bytes could be read. */
  readonly readingKnown: boolean;
  readonly unreadable: readonly Unreadable[];
  readonly engines: readonly EngineDecision[];
  readonly readerRuns: number;
  /** The first of them, as many as the manifest keeps. */
  readonly runs: readonly ReaderRun[];
  readonly lastRecordMs: number;
  readonly durationMs: number;
  /** How much stands behind the image's bytes, as a sentence. */
  readonly provenance: string;
}

const unreadableSchema = z.array(
  z.object({ start: z.number(), end: z.number(), errno: z.string(), attempts: z.number() }),
);

const readRecord = z.object({
  position: z.number().int(),
  digests: z.array(z.object({ algorithm: z.enum(ALGORITHMS), hex: z.string() })),
  engines: z.array(
    z.object({
      algorithm: z.enum(ALGORITHMS),
      engine: z.enum(ENGINES),
      why: z.string(),
      wasmRate: z.number().nullable(),
      sourceRate: z.number().nullable(),
    }),
  ),
  unreadable: unreadableSchema,
  reader_runs: z.number().int(),
  runs: z.array(
    z.object({
      argv: z.array(z.string()),
      from: z.number(),
      to: z.number(),
      delivered: z.number(),
      exit: z.number().nullable(),
      signal: z.string().nullable(),
      stderr: z.string(),
    }),
  ),
});

const failedRecord = z.object({ unreadable: unreadableSchema });

/** Reads a stopped job's journal, whose chain has been checked. Throws `journal.no-start` when it never began. */
export function readStoppedJob(bytes: Uint8Array, path: string): StoppedJob {
  const { records } = checkChain(bytes);
  const start = manifestStartSchema.safeParse(records[0]?.data);
  if (!start.success) {
    throw new ExhibitError('damage', 'journal.no-start', `${visible(path)} does not say what was being acquired.`, {
      hint: 'The acquisition ended before it began, or another version of exhibit wrote this. There is nothing to seal.',
    });
  }
  const read = parseLast(records, 'read', readRecord);
  const failed = parseLast(records, 'reading-failed', failedRecord);
  const last = lastOfTheRun(records);
  return {
    start: start.data,
    synced: read === null ? null : { position: read.position, digests: read.digests },
    readingKnown: read !== null || failed !== null,
    unreadable: read?.unreadable ?? failed?.unreadable ?? [],
    engines: read?.engines ?? [],
    readerRuns: read?.reader_runs ?? 0,
    runs: read?.runs ?? [],
    lastRecordMs: Date.parse(last?.at ?? start.data.head.acquisition.started),
    durationMs: Math.max(0, (last?.mono_ms ?? 0) - (records[0]?.mono_ms ?? 0)),
    provenance: provenanceOf(read !== null, failed !== null),
  };
}

function provenanceOf(read: boolean, failed: boolean): string {
  if (read)
    return 'The image was compared with the hashes of the data that was read before the acquisition stopped: equal.';
  if (failed)
    return 'Reading or writing failed. The image is described as found on disk; no hash of the data read exists to compare it with.';
  return 'The acquisition ended without a word. The image is described as found on disk; what was read, and what of it is here, is not known.';
}

function parseLast<T>(records: readonly JournalRecord[], type: string, schema: z.ZodType<T>): T | null {
  const record = records.findLast((each) => each.type === type);
  if (record === undefined) return null;
  const parsed = schema.safeParse(record.data);
  return parsed.success ? parsed.data : null;
}

/** The last thing the run itself wrote; what sealing added came later. */
function lastOfTheRun(records: readonly JournalRecord[]): JournalRecord | undefined {
  return records.findLast(({ type }) => type !== 'tail-dropped' && type !== 'sealed-incomplete');
}
