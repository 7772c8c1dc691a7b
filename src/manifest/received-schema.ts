import * as z from '../model/zod.ts';
import { REFUSALS, STREAM_ENDS } from '../model/listen.ts';
import { bytes, count, maybe, sha256, text, time } from './schema-words.ts';

const caller = {
  address: text,
  port: count,
  at: time,
  /** Null: nothing was encrypted. */
  tls: maybe(z.strictObject({ protocol: text, cipher: text })),
};

/** A command that was shown, and where its stream was waited for. */
export const listenedSchema = z.strictObject({
  address: text,
  port: count,
  /** SHA-256 of the certificate that was made for it; null: plain. */
  fingerprint: maybe(sha256),
  /** Who may connect; none: whoever knows the token. */
  allowed: z.array(text),
  offset: bytes,
  /** Kinds of commands that were shown. */
  variants: z.array(text),
});

/** A stream that was let in. */
export const admittedSchema = z.strictObject({ ...caller, offset: bytes, tells: z.boolean() });

/** How it ended. */
export const endedSchema = z.strictObject({
  received: bytes,
  end: z.enum(STREAM_ENDS),
  /** What the target told of what it sent; null: nothing. */
  told: maybe(z.strictObject({ exit: maybe(z.number().int()), sha256: maybe(sha256), bytes: maybe(bytes) })),
  /** Of what arrived; null: its hash was not to be told. */
  sha256: maybe(sha256),
});

/** A connection that was not let in. */
export const refusedSchema = z.strictObject({ ...caller, refusal: z.enum(REFUSALS), said: text });

/** What became of the hash that a stream was to be told by. */
const HASH_STATES = ['confirmed', 'differs', 'not-confirmed', 'not-promised'] as const;

/** A disk that another machine sent. */
export const receivedSchema = z.strictObject({
  /** Its path over there, as the operator said; null: not said. */
  disk: maybe(text),
  expect_size: bytes,
  /** As asked for when it was begun. */
  allowed: z.array(text),
  /** Our address as the live machine was to name it, where it was said; null: the one that was listened at. */
  reached_by: maybe(text),
  encrypted: z.boolean(),
  /** Whether the sender checked our certificate: only it knows. `none`: there was no certificate. */
  certificate_check: z.enum(['not-known', 'none']),
  plaintext_reason: maybe(text),
  listened: z.array(listenedSchema.extend({ at: time })),
  streams: z.array(
    admittedSchema.extend({
      /** Null: its end was not put on record. */
      ended: maybe(endedSchema),
      hash: z.enum(HASH_STATES),
    }),
  ),
  /** `connections` keeps the first 100 of each session. */
  refused: z.strictObject({ count, connections: z.array(refusedSchema) }),
});

export type ReceivedSection = z.infer<typeof receivedSchema>;
export type SectionStream = ReceivedSection['streams'][number];
