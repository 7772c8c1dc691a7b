import * as z from '../model/zod.ts';
import { VERDICTS } from '../model/verdict.ts';
import { countersSchema, evidenceSchema } from './guard-schema.ts';
import { bytes, count, maybe, sha256, text, time } from './schema-words.ts';

export const identitySchema = z.record(text, z.union([text, z.number().int(), z.null()]));
export const heldBySchema = z.enum(['exclusive-open', 'advisory-lock', 'nothing', 'remote-descriptor', 'stream']);
export const readerNameSchema = z.enum(['dd', 'direct', 'remote-dd', 'remote-python', 'listen']);
export const overridesSchema = z.array(z.strictObject({ option: text, reason: maybe(text) }));

export const stationSchema = z.strictObject({
  hostname: text,
  kernel: text,
  node: text,
  uid: count,
  /** The person behind sudo, when there is one. */
  sudo_user: maybe(text),
  tools: z.record(text, maybe(text)),
  clock: z.strictObject({
    synchronised: maybe(z.boolean()),
    seen_by: text,
    /** Jumps of the wall clock and sleeps of the machine seen while the job ran. */
    disturbances: z.array(
      z.strictObject({ at: time, kind: z.enum(['suspend', 'clock-step']), milliseconds: z.number().int() }),
    ),
  }),
  sleep_inhibited: text,
});

const differing = z.strictObject({ start: bytes, end: bytes, first: sha256, again: sha256, when: text });

/** The source as it was taken: at the start of a session, and each time that it came back. */
const attachment = z.strictObject({
  at: time,
  path: text,
  real_path: text,
  identity: identitySchema,
  held_by: heldBySchema,
  verdict: z.enum(VERDICTS),
  meaning: text,
  evidence: evidenceSchema,
  counters_before: maybe(countersSchema),
  counters_after: maybe(countersSchema),
  /** What was read again to see that it is the same disk; null: nothing. */
  reread: maybe(z.strictObject({ start: bytes, end: bytes, differing: z.array(differing) })),
});

const pause = z.strictObject({
  at: time,
  position: bytes,
  code: text,
  message: text,
  /** Null: the session ended in it. */
  ended: maybe(time),
  waited_ms: maybe(count),
  outcome: z.enum(['reconnected', 'gave-up', 'session-ended']),
});

/** One sitting of an acquisition, from taking the source to the end of the program. */
export const sessionSchema = z.strictObject({
  started: time,
  ended: time,
  how: z.enum(['finished', 'stopped', 'without-a-word']),
  code: maybe(text),
  message: maybe(text),
  tool_version: text,
  examiner: text,
  station: stationSchema,
  confirmation: text,
  overrides: overridesSchema,
  reader: z.strictObject({ name: readerNameSchema, version: text }),
  /** Positions of the streams. */
  from: bytes,
  to: bytes,
  attachments: z.array(attachment),
  pauses: z.array(pause),
  verdict: z.enum(VERDICTS),
});
