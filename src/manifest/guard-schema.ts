import * as z from '../model/zod.ts';
import { BUSES } from '../model/chain.ts';
import { BLOCKS, EVIDENCE_LEVELS, HARDWARE_ROLES, QUIRKS } from '../model/hardware.ts';
import { FACTS, REQUIRABLE, VERDICTS } from '../model/verdict.ts';
import { bytes, count, maybe, sha256, text, unknowns } from './schema-words.ts';

export const evidenceSchema = z.array(z.strictObject({ fact: z.enum(FACTS), what: text, seen: text, source: text }));

const link = z.strictObject({
  role: z.enum(['controller', 'hub', 'bridge', 'disk']),
  name: text,
  sysfs: text,
  driver: maybe(text),
  usb: maybe(
    z.strictObject({
      vendor_id: text,
      product_id: text,
      manufacturer: maybe(text),
      product: maybe(text),
      serial: maybe(text),
      revision: maybe(text),
      /** Megabits per second. */
      speed: maybe(z.number().nonnegative()),
      transport: maybe(z.enum(['bot', 'uas'])),
    }),
  ),
  pci: maybe(text),
  inquiry: maybe(z.strictObject({ vendor: text, product: text, revision: text })),
});

const entry = z.strictObject({
  id: text,
  make: text,
  model: text,
  role: z.enum(HARDWARE_ROLES),
  blocks: z.enum(BLOCKS),
  quirks: z.array(z.enum(QUIRKS)),
  evidence: z.array(z.strictObject({ level: z.enum(EVIDENCE_LEVELS), source: text, claims: z.array(text) })),
  attestation: maybe(z.strictObject({ by: text, at: text, validated: maybe(text), serial: maybe(text) })),
  file: text,
  sha256: sha256,
});

/** Of one node: what this host had sent to it. Sectors of 512 bytes. */
export const countersSchema = z.array(
  z.strictObject({
    device: text,
    writes: count,
    written_sectors: count,
    discards: count,
    discarded_sectors: count,
  }),
);

const run = z.strictObject({
  argv: z.array(text),
  exit: maybe(z.number().int()),
  signal: maybe(text),
  milliseconds: z.number().nonnegative(),
  failure: maybe(text),
});

/** Write protection: the verdict, the four facts it is drawn from, the way to the disk, what was counted. */
export const guardSchema = z.strictObject({
  verdict: z.enum(VERDICTS),
  meaning: text,
  required: z.enum(REQUIRABLE),
  evidence: evidenceSchema,
  evidence_after: evidenceSchema,
  set_read_only: z.array(text),
  bus: maybe(z.enum(BUSES)),
  /** Controller first, disk last. */
  chain: z.array(link),
  hardware: maybe(entry),
  attested: maybe(entry),
  declared: maybe(z.strictObject({ write_protected: z.boolean(), by: text })),
  vendor_answer: maybe(
    z.strictObject({ vendor: text, blocking: z.boolean(), serial: text, model: text, firmware: text, raw: text }),
  ),
  counters_before: maybe(countersSchema),
  counters_after: maybe(countersSchema),
  unknown: unknowns,
});

const hidden = z.strictObject({ visible: count, native: count, sector_size: count });

/** What the disk itself answered, apart from what its bridge says. */
export const probesSchema = z.strictObject({
  own: maybe(z.strictObject({ model: text, serial: text, firmware: text })),
  healthy: maybe(z.boolean()),
  hpa: maybe(hidden),
  dco: maybe(hidden),
  partition_table: maybe(
    z.strictObject({
      label: maybe(text),
      by: text,
      entries: z.array(z.strictObject({ start: bytes, size: bytes, type: maybe(text), name: maybe(text) })),
    }),
  ),
  /** Found signs; an empty list rules no encryption out. */
  encryption_signs: maybe(z.array(z.strictObject({ scheme: text, offset: bytes, partition: maybe(text) }))),
  not_looked_at: z.array(z.strictObject({ partition: maybe(text), offset: bytes, why: text })),
  unknown: unknowns,
  runs: z.array(run),
  /** What was asked again after the last reading. */
  runs_after: z.array(run),
});
