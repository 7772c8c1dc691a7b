import { createHash } from 'node:crypto';
import { labFileSchema, type LabEntry } from './hardware-schema.ts';
import { parseYaml } from './yaml.ts';

/** What a lab says of one blocker. Ids and serial are the device's own, in the letters it tells. */
export interface Attested {
  readonly usb: { readonly vendorId: string; readonly productId: string; readonly serial: string };
  readonly make: string;
  readonly model: string;
  readonly blocks: 'always' | 'switch';
  readonly quirks: LabEntry['quirks'];
  readonly by: string;
  /** UTC, `2026-11-22T09:00:00Z`. */
  readonly at: string;
  readonly validated: string | null;
  readonly labelSerial: string | null;
}

const HEADER = `# Write blockers that this lab attests, one by one. Written by: exhibit hardware learn
# To take one back, remove its entry here.
hardware: lab
version: 1

entries:
`;

/** The entry for an attestation. Its id is made of what it is bound to, so that one device has one id. */
export function labEntry(told: Attested): LabEntry {
  const { vendorId, productId, serial } = told.usb;
  const bound = createHash('sha256').update(`${vendorId}:${productId} ${serial.trim()}`).digest('hex').slice(0, 8);
  return {
    id: `lab-${slug(`${told.make} ${told.model}`)}-${bound}`.replace(/-+/g, '-'),
    make: told.make,
    model: told.model,
    role: 'write-blocker',
    blocks: told.blocks,
    match: [{ usb: `${vendorId}:${productId}`, serial }],
    quirks: told.quirks,
    evidence: [
      {
        level: 'attested',
        claims: ['identity', 'blocking', ...(told.quirks.length > 0 ? (['quirks'] as const) : [])],
        source: `attested by ${told.by}`,
      },
    ],
    attestation: {
      by: told.by,
      at: told.at,
      ...(told.validated === null ? {} : { validated: told.validated }),
      ...(told.labelSerial === null ? {} : { serial: told.labelSerial }),
    },
  };
}

/**
 * The text of a lab's file with one entry more; what stands there, comments too, stays as it is.
 * @param before the file's text, which must be a good one; null: there is no file yet
 * @returns null when the text is laid out so that nothing can be put at its end
 */
export function withEntry(before: string | null, entry: LabEntry): string | null {
  const start = before === null ? HEADER : before.endsWith('\n') ? before : `${before}\n`;
  const text = `${start}${before === null ? '' : '\n'}${entryText(entry)}`;
  // The judge is the reader itself: exactly the entries that were there, and this one.
  const [old, made] = [before === null ? [] : entriesOf(before), entriesOf(text)];
  return made !== null && old !== null && sameText(made) === sameText([...old, entry]) ? text : null;
}

function entriesOf(text: string): readonly LabEntry[] | null {
  const parsed = parseYaml(text, labFileSchema);
  return parsed.ok ? parsed.value.entries : null;
}

/** JSON with the keys of every object in one order: equal values give equal text. */
function sameText(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner !== 'object' || inner === null || Array.isArray(inner)
      ? inner
      : Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))),
  );
}

/** Texts of people and devices in double quotes, as JSON and YAML both read them. */
function entryText({ id, make, model, role, blocks, match, quirks, evidence, attestation }: LabEntry): string {
  const text = JSON.stringify;
  return [
    `  - id: ${id}`,
    `    make: ${text(make)}`,
    `    model: ${text(model)}`,
    `    role: ${role}`,
    `    blocks: ${blocks}`,
    '    match:',
    ...match.flatMap((each) => [`      - usb: ${each.usb}`, `        serial: ${text(each.serial)}`]),
    `    quirks: [${quirks.join(', ')}]`,
    '    evidence:',
    ...evidence.flatMap(({ level, claims, source }) => [
      `      - level: ${level}`,
      `        claims: [${claims.join(', ')}]`,
      `        source: ${text(source)}`,
    ]),
    '    attestation:',
    `      by: ${text(attestation.by)}`,
    `      at: ${text(attestation.at)}`,
    ...(attestation.validated === undefined ? [] : [`      validated: ${text(attestation.validated)}`]),
    ...(attestation.serial === undefined ? [] : [`      serial: ${text(attestation.serial)}`]),
    '',
  ].join('\n');
}

/** Small letters, digits and -, 60 at most. */
function slug(words: string): string {
  return words
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-/, '')
    .slice(0, 60)
    .replace(/-$/, '');
}
