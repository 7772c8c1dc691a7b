import * as z from '../model/zod.ts';
import { ANSWERS } from './answers.ts';
import { BLOCK_KINDS, SG_KINDS } from './kinds.ts';

/** The validation report's shape, version 1. `docs/blocker-test.md` describes it. */
export const REPORT_FORMAT = 'exhibit-blocker-test';
export const REPORT_VERSION = 1;

const text = z.string().refine((value) => value.isWellFormed(), 'holds half a surrogate pair');
const count = z.number().int().nonnegative();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const time = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const maybe = <T extends z.ZodType>(schema: T): z.ZodNullable<T> => schema.nullable();

const attempt = z.strictObject({
  number: count,
  layer: z.enum(['block-layer', 'sg-io']),
  kind: z.enum([...BLOCK_KINDS, ...SG_KINDS]),
  place: z.enum(['start', 'middle', 'end']),
  /** Bytes that it would change. */
  offset: count,
  length: count,
  /** The kernel's read-only flag when it was made; null: it could not be asked. */
  flag_read_only: maybe(z.boolean()),
  /** Command line; empty where there is no such command. */
  call: text,
  answer: z.enum(ANSWERS),
  errno: maybe(text),
  sense: maybe(z.strictObject({ key: text, additional: text })),
  exit: maybe(z.number().int()),
  said: text,
  /** Of the watched places, against what stood there before this attempt. */
  changed: z.enum(['no', 'yes', 'unknown']),
  differs: z.array(z.strictObject({ start: count, end: count })),
  why_unknown: maybe(text),
  /** Whether the very bytes of this attempt stand there now; null: it has none, or nobody could look. */
  written_bytes_found: maybe(z.boolean()),
});

const usb = z.strictObject({
  vendor_id: text,
  product_id: text,
  manufacturer: maybe(text),
  product: maybe(text),
  serial: maybe(text),
  revision: maybe(text),
  speed: maybe(count),
  transport: maybe(z.enum(['bot', 'uas'])),
});

const whole = z.strictObject({ sha256, bytes: count });

export const reportSchema = z.strictObject({
  format: z.literal(REPORT_FORMAT),
  version: z.literal(REPORT_VERSION),
  result: z.enum(['blocked', 'not-blocked', 'inconclusive']),
  why: z.array(text),
  limits: z.array(text),
  not_attempted: z.array(text),
  started: time,
  finished: time,
  examiner: text,
  tool: z.strictObject({ name: z.literal('exhibit-blocker-test'), version: text }),
  blocker: z.strictObject({
    make: text,
    model: text,
    serial: maybe(text),
    firmware: maybe(text),
    /** What this host sees between itself and the disk; not necessarily the blocker. */
    seen: z.strictObject({
      sysfs: text,
      usb: maybe(usb),
      inquiry: maybe(z.strictObject({ vendor: text, product: text, revision: text })),
    }),
  }),
  disk: z.strictObject({
    path: text,
    real_path: text,
    number: text,
    kind: text,
    size: count,
    logical_sector: count,
    physical_sector: count,
    model: maybe(text),
    serial: maybe(text),
    revision: maybe(text),
    wwn: maybe(text),
    transport: maybe(text),
    backing_file: maybe(text),
    /** A fact that could not be had stands as null, and here with the reason. */
    unknown: z.record(text, text),
  }),
  marker: z.strictObject({ id: text, size: count, made: time, disk: text }),
  station: z.strictObject({
    hostname: text,
    kernel: text,
    node: text,
    uid: count,
    sudo_user: maybe(text),
    tools: z.record(text, maybe(text)),
    clock_synchronised: maybe(z.boolean()),
    clock_seen_by: text,
  }),
  flag: z.array(
    z.strictObject({
      when: z.enum(['as-found', 'for-the-test', 'restored']),
      argv: z.array(text),
      exit: maybe(z.number().int()),
      said: text,
      read_only: maybe(z.boolean()),
    }),
  ),
  attempts: z.array(attempt),
  /** The whole disk, before the first attempt and after the last; `why`: what kept it from being read. */
  reads: z.strictObject({ before: maybe(whole), after: maybe(whole), why: maybe(text) }),
  /** Bytes: as marked without the blocker, and as the kernel has it before and after. Null: the disk was gone. */
  capacity: z.strictObject({ marker: count, before: count, after: maybe(count) }),
  /** Why the test ended before its end; null: it did not. */
  stopped: maybe(text),
  journal: z.strictObject({ records: count, head: sha256 }),
  signing: z.discriminatedUnion('state', [
    z.strictObject({ state: z.literal('signed'), principal: text, fingerprint: text, key_type: text }),
    z.strictObject({ state: z.literal('unsigned') }),
  ]),
});

export type Report = z.infer<typeof reportSchema>;
export type AttemptRecord = Report['attempts'][number];
