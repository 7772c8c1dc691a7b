import * as z from '../model/zod.ts';
import { ALGORITHMS, ENGINES } from '../model/digest.ts';
import { REQUIRABLE } from '../model/verdict.ts';
import { guardSchema, probesSchema } from './guard-schema.ts';
import { receivedSchema } from './received-schema.ts';
import { remoteSchema } from './remote-schema.ts';
import { readMapSchema, unreadableSchema } from './read-map-schema.ts';
import { bytes, count, maybe, range, sha256, text, time, unknowns } from './schema-words.ts';
import {
  heldBySchema,
  identitySchema,
  overridesSchema,
  readerNameSchema,
  sessionSchema,
  stationSchema,
} from './session-schema.ts';

/** The manifest's shape, version 1. `docs/manifest-format.md` is its specification; a test holds the two together. */
export const MANIFEST_FORMAT = 'exhibit-manifest';
export const MANIFEST_VERSION = 1;

const hex = z.string().regex(/^[0-9a-f]+$/);
const caseInfo = z.strictObject({
  number: text,
  evidence_id: text,
  examiner: text,
  description: maybe(text),
  notes: maybe(text),
  authority: maybe(text),
});

const label = z.strictObject({
  model: maybe(text),
  serial: maybe(text),
  size: maybe(bytes),
  seal_number: maybe(text),
  condition: maybe(text),
  comparisons: z.array(
    z.strictObject({
      field: z.enum(['model', 'serial', 'size']),
      label: text,
      device: maybe(text),
      by: maybe(z.enum(['disk', 'host'])),
      result: z.enum(['match', 'mismatch', 'not-compared']),
    }),
  ),
});

const source = z.strictObject({
  kind: z.enum(['block', 'file']),
  path: text,
  real_path: text,
  device_kind: maybe(text),
  physical: z.boolean(),
  size: bytes,
  logical_sector: bytes,
  physical_sector: bytes,
  model: maybe(text),
  serial: maybe(text),
  revision: maybe(text),
  wwn: maybe(text),
  transport: maybe(text),
  by_id: maybe(z.array(text)),
  /** The whole disk that a partition lies on. */
  whole_disk: maybe(text),
  partitions: z.array(
    z.strictObject({
      path: text,
      start: bytes,
      size: bytes,
      type: maybe(text),
      file_system: maybe(text),
      label: maybe(text),
    }),
  ),
  unknown: unknowns,
  identity_before: identitySchema,
  identity_after: maybe(identitySchema),
  held_by: heldBySchema,
  /** Null: it is on this station. */
  remote: maybe(remoteSchema),
  /** Null: no other machine sent it. */
  received: maybe(receivedSchema),
});

const destination = z.strictObject({
  path: text,
  file_system: text,
  file_system_magic: text,
  mount_point: text,
  mount_source: text,
  disks: maybe(z.array(text)),
  model: maybe(text),
  serial: maybe(text),
  on_system_disk: maybe(z.boolean()),
  unknown: unknowns,
  /** False: this file system can't fsync a folder. */
  folder_synced: z.boolean(),
});

const command = z.strictObject({
  argv: z.array(text),
  from: bytes,
  to: bytes,
  delivered: bytes,
  exit: maybe(z.number().int()),
  signal: maybe(text),
  stderr: text,
});

const acquisition = z.strictObject({
  started: time,
  finished: time,
  /** Monotonic, whole milliseconds, of all sessions together; does not count suspends. */
  duration_ms: count,
  profile: z.strictObject({ name: text, version: count, sha256 }),
  settings: z.strictObject({
    format: z.enum(['raw', 'split']),
    segment_size: bytes,
    hashes: z.array(z.enum(ALGORITHMS)),
    hash_engine: z.enum(['auto', ...ENGINES]),
    reader: z.enum(['dd', 'direct']),
    block_size: bytes,
    piece_size: bytes,
    read_back: z.boolean(),
    verify_source: z.boolean(),
    write_protection: z.enum(REQUIRABLE),
    probe: z.boolean(),
    vendor_query: z.boolean(),
    recovery: z.enum(['in-line', 'deferred']),
    retries: count,
    /** Logical sectors; null: no limit. */
    max_bad: maybe(count),
    /** Seconds; null: none. */
    read_timeout: maybe(count),
    wait_for_device: count,
  }),
  /** Where each setting came from: the profile, or the command line. */
  setting_origins: z.record(text, z.enum(['profile', 'command-line'])),
  overrides: overridesSchema,
  confirmation: text,
  /** `runs` keeps the first 1000; `run_count` is how many there were. */
  reader: z.strictObject({ name: readerNameSchema, version: text, run_count: count, runs: z.array(command) }),
  engines: z.array(
    z.strictObject({
      algorithm: text,
      engine: z.enum(ENGINES),
      why: text,
      /** Whole bytes a second, all lanes together; null: not measured. */
      wasm_rate: maybe(bytes),
      source_rate: maybe(bytes),
    }),
  ),
  self_tests: z.array(z.strictObject({ algorithm: text, engine: z.enum(ENGINES), result: z.literal('passed') })),
  findings: z.array(z.strictObject({ level: z.enum(['warning', 'note', 'refusal']), code: text, message: text })),
});

const cacheState = z.strictObject({
  avoided: z.enum(['yes', 'no', 'unknown']),
  how: text,
  file_system: text,
});

const readBack = z.discriminatedUnion('state', [
  z.strictObject({ state: z.literal('waived') }),
  z.strictObject({ state: z.literal('not-done'), why: text }),
  z.strictObject({
    state: z.enum(['match', 'mismatch']),
    cache: cacheState,
    /** Ranges of the image whose piece hash differs from what was read from the source. */
    differing: z.array(range),
  }),
]);

const sourceCheck = z.discriminatedUnion('state', [
  z.strictObject({ state: z.literal('not-done') }),
  z.strictObject({
    state: z.enum(['match', 'mismatch']),
    cache: cacheState,
    differing: z.array(range),
    unreadable: z.array(unreadableSchema),
  }),
]);

const digest = z.strictObject({ algorithm: z.enum(ALGORITHMS), hex, engine: z.enum(ENGINES) });

const signing = z.discriminatedUnion('state', [
  z.strictObject({ state: z.literal('signed'), principal: text, fingerprint: text, key_type: text }),
  z.strictObject({ state: z.literal('unsigned') }),
]);

/**
 * `complete`: all read. `complete-with-unreadable`: filled where it could not be read. `mismatch`: the image does not read
 * back as it was written, or the source read differently the second time. `incomplete`: stopped before the end.
 */
const OUTCOMES = ['complete', 'complete-with-unreadable', 'mismatch', 'incomplete'] as const;

export const manifestSchema = z.strictObject({
  format: z.literal(MANIFEST_FORMAT),
  version: z.literal(MANIFEST_VERSION),
  tool: z.strictObject({ name: z.literal('exhibit'), version: text }),
  /** When this manifest was made; an incomplete acquisition may be closed long after `acquisition.finished`. */
  created: time,
  outcome: z.enum(OUTCOMES),
  /** Why it is incomplete, in the words of whoever sealed it; null for every other outcome. */
  incomplete_reason: maybe(text),
  case: caseInfo,
  label,
  source,
  guard: guardSchema,
  probes: probesSchema,
  destination,
  station: stationSchema,
  acquisition,
  /** One for each time that somebody worked at it: the first, and one for each resuming. */
  sessions: z.array(sessionSchema).min(1),
  image: z.strictObject({
    format: z.enum(['raw', 'split']),
    /** Bytes of the logical media in the image. For an incomplete one: those from the start that are known to be there. */
    size: bytes,
    complete: z.boolean(),
    segments: z.array(z.strictObject({ name: text, offset: bytes, size: bytes, sha256 })),
  }),
  /** Over the logical media's bytes [0, image.size), fill included. */
  digests: z.array(digest),
  pieces: z.strictObject({ file: text, size: bytes, count, sha256, with_unreadable: z.array(bytes) }),
  read_map: readMapSchema,
  read_back: readBack,
  source_check: sourceCheck,
  journal: z.strictObject({ file: text, records: count, head: sha256 }),
  /** Every file made before the manifest. */
  files: z.array(
    z.strictObject({ name: text, size: bytes, sha256, role: z.enum(['image', 'pieces', 'map', 'journal', 'report']) }),
  ),
  signing,
});

export type Manifest = z.infer<typeof manifestSchema>;
export type Outcome = (typeof OUTCOMES)[number];
export type UnreadableRange = z.infer<typeof unreadableSchema>;
export type ManifestStation = z.infer<typeof stationSchema>;
export type Session = z.infer<typeof sessionSchema>;
