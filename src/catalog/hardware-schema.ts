import * as z from '../model/zod.ts';
import {
  BLOCKS,
  EVIDENCE_CLAIMS,
  HARDWARE_ROLES,
  QUIRKS,
  type HardwareEntry,
  type HardwareMatch,
} from '../model/hardware.ts';
import { entryFaults } from './hardware-laws.ts';
import { sharedSerial, textFault } from './text-laws.ts';

const line = (what: string): z.ZodString =>
  z
    .string()
    .superRefine((value, context) => {
      const fault = textFault(value, 'line');
      if (fault !== null) context.addIssue({ code: 'custom', message: fault });
    })
    .describe(what);

const oneOf = <const T extends readonly [string, ...string[]]>(
  names: T,
  what: string,
): z.ZodEnum<z.core.util.ToEnum<T[number]>> =>
  z.enum(names, { error: `must be one of ${names.join(', ')}` }).describe(what);

const version = z
  .literal(1, { error: 'must be 1: no other version of hardware files is known to this program' })
  .describe('Version of this format.');

const usb = z
  .string()
  .regex(/^[0-9a-f]{4}:([0-9a-f]{4}|\*)$/, {
    error: 'must be a USB id of small hex digits, such as 13d7:000c, or 13d7:* for whatever else the vendor makes',
  })
  .describe('idVendor:idProduct in small hex digits; * for whatever else the vendor makes.');

/** Every device is recognised by its USB id: an INQUIRY string may be the disk's own, and a disk must not name its own blocker. */
const match = {
  usb,
  'inquiry-vendor': line('How the vendor string of INQUIRY begins. It only narrows the match.').optional(),
  'inquiry-product': line('How the product string of INQUIRY begins. It only narrows the match.').optional(),
};

const evidence = <const L extends readonly [string, ...string[]]>(levels: L) =>
  z
    .array(
      z.strictObject({
        level: oneOf(levels, 'How well the source knows it.'),
        claims: z
          .array(oneOf(EVIDENCE_CLAIMS, 'identity, blocking or quirks.'))
          .min(1, { error: 'must say what the source speaks for: identity, blocking, quirks' })
          .describe('What of this entry the source speaks for.'),
        source: line('Where a reader finds it: title, version and place of a document or list.'),
        note: line('What the source leaves open, or how it was read.').optional(),
      }),
    )
    .min(1, { error: 'names no source: an entry without one has no place here' });

const entry = {
  make: line('Who makes or sells it.'),
  model: line('The model as its maker writes it.'),
  role: oneOf(HARDWARE_ROLES, 'What it is.'),
  blocks: oneOf(BLOCKS, 'Whether it keeps writes from the disk.'),
  quirks: z.array(oneOf(QUIRKS, 'A known habit.')).describe('Habits that matter to whoever reads a disk behind it.'),
};

const id = (law: RegExp, error: string) => z.string().regex(law, { error }).describe('Unique among all entries.');

const judged = (value: Parameters<typeof entryFaults>[0], context: z.core.$RefinementCtx): void => {
  for (const { path, message } of entryFaults(value)) context.addIssue({ code: 'custom', path: [...path], message });
};

/** A vendor's file of `hardware/`, version 1. `hardware/hardware.schema.json` is made from this. */
export const vendorFileSchema = z
  .strictObject({
    hardware: z
      .string()
      .regex(/^(?!lab$)[a-z0-9][a-z0-9-]{0,39}$/, {
        error: 'must be the name of the file without .yaml: small letters, digits and -, 40 at most, not lab',
      })
      .describe('The name of the file, without .yaml.'),
    version,
    entries: z
      .array(
        z
          .strictObject({
            id: id(
              /^(?!lab-)[a-z0-9][a-z0-9-]{0,59}$/,
              'must be small letters, digits and -, 60 at most, and not begin with lab-',
            ),
            ...entry,
            match: z.array(z.strictObject(match)).min(1, { error: 'says nothing of how the device is recognised' }),
            evidence: evidence(['vendor-document', 'tested', 'reported']),
          })
          .superRefine(judged),
      )
      .min(1, { error: 'holds no entry' }),
  })
  .meta({ title: 'exhibit hardware, a vendor' });

const date = z
  .string()
  .refine((value) => isDate(value), { error: 'must be a date, such as 2026-11-22' })
  .describe('A date, such as 2026-11-22.');

/** By hand, too, nobody attests every device that tells the same zeros. */
const ownSerial = line('The USB serial: an attestation is for one piece of hardware.').superRefine((value, context) => {
  const fault = sharedSerial(value);
  if (fault !== null) context.addIssue({ code: 'custom', message: `${fault}: it is no single device's` });
});

/** The lab's own file, version 1: what `exhibit hardware learn` writes. `hardware/lab.schema.json` is made from this. */
export const labFileSchema = z
  .strictObject({
    hardware: z.literal('lab', { error: "must be lab in a lab's own file" }).describe("A lab's own file."),
    version,
    entries: z
      .array(
        z
          .strictObject({
            id: id(/^lab-[a-z0-9-]{1,76}$/, 'must begin with lab-, and be small letters, digits and -, 80 at most'),
            ...entry,
            match: z
              .array(
                z.strictObject({
                  ...match,
                  serial: ownSerial,
                }),
              )
              .min(1, { error: 'says nothing of how the device is recognised' }),
            evidence: evidence(['attested']),
            attestation: z.strictObject({
              by: line('Who attests it.'),
              at: z
                .string()
                .refine(
                  (value) => /^[^T]+T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/.test(value) && isDate(value.slice(0, 10)),
                  {
                    error: 'must be a time in UTC, such as 2026-11-22T09:00:00Z',
                  },
                )
                .describe('When, in UTC.'),
              validated: date.optional().describe('When the lab last validated it.'),
              serial: line("Serial on the device's own label.").optional(),
            }),
          })
          .superRefine(judged),
      )
      .min(1, { error: 'holds no entry' }),
  })
  .meta({ title: 'exhibit hardware, a lab' });

type VendorEntry = z.infer<typeof vendorFileSchema>['entries'][number];
export type LabEntry = z.infer<typeof labFileSchema>['entries'][number];

/** A judged entry as the rest of the program knows it. */
export function hardwareEntry(from: VendorEntry | LabEntry, file: string, sha256: string): HardwareEntry {
  return {
    id: from.id,
    make: from.make,
    model: from.model,
    role: from.role,
    blocks: from.blocks,
    match: from.match.map(matchOf),
    quirks: from.quirks,
    evidence: from.evidence.map(({ note, ...rest }) => ({ ...rest, note: note ?? null })),
    attestation:
      'attestation' in from
        ? {
            by: from.attestation.by,
            at: from.attestation.at,
            validated: from.attestation.validated ?? null,
            serial: from.attestation.serial ?? null,
          }
        : null,
    file,
    sha256,
  };
}

function matchOf(from: VendorEntry['match'][number] | LabEntry['match'][number]): HardwareMatch {
  const [vendorId = '', productId = ''] = from.usb.split(':');
  return {
    vendorId,
    productId: productId === '*' ? null : productId,
    inquiryVendor: from['inquiry-vendor'] ?? null,
    inquiryProduct: from['inquiry-product'] ?? null,
    serial: 'serial' in from ? from.serial : null,
  };
}

/** A day of the calendar: 2026-02-30 is none. */
export function isDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  return Number.isFinite(time) && new Date(time).toISOString().startsWith(text);
}
