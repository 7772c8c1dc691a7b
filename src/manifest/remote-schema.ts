import * as z from '../model/zod.ts';
import { COMPRESSIONS, REMOTE_PROGRAMS, TRANSPORTS, WIRE_MODES } from '../model/remote.ts';
import { bytes, count, maybe, sha256, text, time, unknowns } from './schema-words.ts';

const number = z.number().int();

/** A connection to the other machine: one at the start of each session, and one each time that it was lost and came back. */
export const connectionSchema = z.strictObject({
  host_key: z.strictObject({ type: text, fingerprint: text, judged_by: text }),
  server_version: maybe(text),
  cipher: maybe(text),
  authentication: maybe(text),
  boot_id: maybe(text),
});

/** One command that was run there. */
export const remoteRunSchema = z.strictObject({
  argv: z.array(text),
  exit: maybe(number),
  signal: maybe(text),
  ms: count,
  stdout_bytes: bytes,
  stderr: text,
});

/** A range whose hash by the target is not that of what arrived; it was read once more. */
const remoteMismatchSchema = z.strictObject({ start: bytes, end: bytes, told: sha256, ours: sha256 });

/** A program there that was given up while the link lived; another one went on. `at`: where on the source it stood. */
const givenUpSchema = z.strictObject({
  code: z.enum(['ETIMEDOUT', 'remote.reader-died', 'remote.no-channel']),
  at: bytes,
  why: text,
});

const wireModesSchema = z.strictObject({ none: count, zstd: count, gzip: count });

/**
 * What was taken in a reading, whatever it was taken for; what of it the target told a hash of that is ours; what crossed
 * the link for it, and how many ranges crossed in which way.
 */
const totals = {
  ranges: count,
  bytes,
  hashed_ranges: count,
  hashed_bytes: bytes,
  wire_bytes: bytes,
  modes: wireModesSchema,
};

/** What the target told of one reading. */
export const passFields = {
  ...totals,
  mismatches: z.array(remoteMismatchSchema),
  given_up: z.array(givenUpSchema),
};

/** Of all sessions, but for second readings. `told_by`: whose word the hashes of what was sent are. */
const proof = z.strictObject({ told_by: z.literal('target'), ...passFields });

/** The last second reading that was begun, and the mismatches and programs given up of all. */
const secondPass = z.strictObject(passFields);

/** A disk of another machine that runs. */
export const remoteSchema = z.strictObject({
  address: z.strictObject({ user: maybe(text), host: text, port: maybe(number), path: text }),
  transport: z.enum(TRANSPORTS),
  /** False: the operator says that it does not change while it is read. */
  live: z.boolean(),
  frozen_reason: maybe(text),
  reproducible: z.enum(['no', 'second-pass-agreed']),
  system: z.strictObject({
    hostname: maybe(text),
    uname: maybe(text),
    uid: maybe(count),
    via: z.enum(['root', 'sudo']),
    boot_id: maybe(text),
    /** Milliseconds; the offset is theirs less ours. */
    clock: maybe(z.strictObject({ theirs: number, ours: number, offset: number, round_trip: number, step: number })),
  }),
  tools: z.record(text, maybe(z.strictObject({ path: text, kind: text, version: maybe(text) }))),
  sizes: z.strictObject({ sysfs: bytes, blockdev: maybe(bytes), lsblk: maybe(bytes) }),
  uses: maybe(z.array(z.strictObject({ kind: z.enum(['mount', 'swap', 'holder', 'system']), device: text, by: text }))),
  unlocked: maybe(z.array(z.strictObject({ device: text, mapper: text, uuid: text }))),
  reading: z.strictObject({
    by_bytes: z.boolean(),
    direct: z.boolean(),
    /** What read it but for what was packed, which dd read; what hashed what dd gave. */
    program: z.enum(REMOTE_PROGRAMS),
    hash: maybe(z.enum(['sha256sum', 'openssl'])),
    connections: count,
    /** As asked for; what is packed on its way, where there are two, while it helps; bytes a second at most. */
    compress: z.enum(COMPRESSIONS),
    modes: z.array(z.enum(WIRE_MODES)),
    limit_rate: maybe(bytes),
  }),
  unknown: unknowns,
  connections: z.array(connectionSchema.extend({ at: time })),
  /** Our footprint: `runs` keeps the first of each session; `run_count` is how many there were. */
  footprint: z.strictObject({ run_count: count, runs: z.array(remoteRunSchema) }),
  proof,
  /** Null: nobody began one. */
  second_pass: maybe(secondPass),
});

export type RemoteSection = z.infer<typeof remoteSchema>;

/** What was counted in a reading of a disk of another machine. */
export type CrossedTotals = z.infer<z.ZodObject<typeof totals>>;

export type RemotePass = z.infer<typeof secondPass>;

/** Whether anything there could tell a hash of what was sent. */
export function hashesThere({ program, hash }: Pick<RemoteSection['reading'], 'program' | 'hash'>): boolean {
  return program === 'python3' || hash !== null;
}

export function noTotals(): CrossedTotals {
  return {
    ranges: 0,
    bytes: 0,
    hashed_ranges: 0,
    hashed_bytes: 0,
    wire_bytes: 0,
    modes: { none: 0, zstd: 0, gzip: 0 },
  };
}

/** A reading of which nothing came yet. */
export function nothingCrossed(): RemotePass {
  return { ...noTotals(), mismatches: [], given_up: [] };
}
