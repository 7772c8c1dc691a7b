import type * as z from '../model/zod.ts';
import { Faults } from '../image/faults.ts';
import { messageOf } from '../model/errors.ts';
import { cell, visible } from '../model/text.ts';
import { inconsistencies } from './consistency.ts';
import { canonicalText } from './encode.ts';
import { MANIFEST_FORMAT, MANIFEST_VERSION, manifestSchema, type Manifest } from './schema.ts';

export type ManifestResult =
  { readonly ok: true; readonly manifest: Manifest } | { readonly ok: false; readonly faults: string[] };

/**
 * Reads a manifest's exact bytes and judges them: encoding, version, canonical form, shape, laws across fields
 * (`docs/manifest-format.md`, sections 2 and 3). Whatever the bytes are, it gives faults and never throws.
 */
export function parseManifest(bytes: Uint8Array): ManifestResult {
  const value = decode(bytes);
  if (!value.ok) return value;
  const version = versionFault(value.json);
  if (version !== null) return refuse([version]);
  const form = formFault(value.json, bytes);
  const shape = manifestSchema.safeParse(value.json);
  if (!shape.success) return refuse([...form, ...shape.error.issues.flatMap(issueFaults)]);
  const faults = [...form, ...inconsistencies(shape.data)];
  return faults.length > 0 ? refuse(faults) : { ok: true, manifest: shape.data };
}

function refuse(faults: readonly string[]): { ok: false; faults: string[] } {
  const told = new Faults();
  told.add(...faults);
  return { ok: false, faults: told.list };
}

type Decoded = { readonly ok: true; readonly json: unknown } | { readonly ok: false; readonly faults: string[] };

function decode(bytes: Uint8Array): Decoded {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuse(['the manifest is not valid UTF-8']);
  }
  try {
    return { ok: true, json: JSON.parse(text) as unknown };
  } catch (error) {
    return refuse([`the manifest is not JSON, or was cut off: ${cell(messageOf(error), 160)}`]);
  }
}

/** Judged before everything else: what a newer version means by its fields is not known here. */
function versionFault(json: unknown): string | null {
  if (typeof json !== 'object' || json === null || !('format' in json) || json.format !== MANIFEST_FORMAT) {
    return `this is not an exhibit manifest: it has no "format": "${MANIFEST_FORMAT}"`;
  }
  const version = 'version' in json ? json.version : undefined;
  if (typeof version !== 'number' || !Number.isSafeInteger(version) || version < 1)
    return '"version" is not a positive integer';
  if (version <= MANIFEST_VERSION) return null;
  return `the manifest has format version ${version}; this exhibit knows version ${MANIFEST_VERSION}: use the exhibit that made it${toolOf(json)}, or a later one`;
}

function toolOf(json: object): string {
  const tool = 'tool' in json ? json.tool : null;
  const version = typeof tool === 'object' && tool !== null && 'version' in tool ? tool.version : null;
  return typeof version === 'string' ? ` (${cell(version, 40)})` : '';
}

/** One comparison refuses duplicate and reordered keys, floats, unsafe integers, odd white space, needless escapes. */
function formFault(json: unknown, bytes: Uint8Array): string[] {
  let canonical: Buffer;
  try {
    canonical = Buffer.from(canonicalText(json, '  '), 'utf8');
  } catch (error) {
    return [
      `the manifest holds a value that the format does not allow: ${cell(messageOf(error).replace(' (this is a bug in exhibit)', ''), 160)}`,
    ];
  }
  if (canonical.equals(bytes)) return [];
  const at = canonical.findIndex((byte, index) => byte !== bytes[index]);
  return [
    `the manifest is not in its canonical form, first at byte ${at === -1 ? canonical.length : at}: a key twice or out of order, an odd number, or white space`,
  ];
}

function issueFaults(issue: z.core.$ZodIssue): string[] {
  const at = issue.path.length === 0 ? 'the manifest' : visible(pathText(issue.path));
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => `${at}: unknown field "${cell(key, 60)}"`);
  return [`${at}: ${cell(issue.message, 160)}`];
}

function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? String(step) : `${text}.${String(step)}`;
  }, '');
}
