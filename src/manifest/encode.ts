import { bug } from '../model/errors.ts';
import type { Manifest } from './schema.ts';

/** No value of the format is deeper; a hostile file may be. */
const DEPTH_LIMIT = 32;

/**
 * The one way to write a manifest (`docs/manifest-format.md`, section 2): sorted keys, two-space indent, `\n`, UTF-8,
 * integers only. Throws `internal.bug` for a value that has no such form.
 */
export function encodeManifest(value: Manifest): Buffer {
  return Buffer.from(canonicalText(value, '  '), 'utf8');
}

/** Like {@link encodeManifest} for any value, before its shape is known. */
export function canonicalText(value: unknown, indent: string): string {
  return `${write(value, indent, '', '$', 0)}\n`;
}

/** One line without white space, `\n` not included: a record of the journal. */
export function canonicalLine(value: unknown): string {
  return write(value, '', '', '$', 0);
}

/** @param at where the value stands, for the error: `$.image.segments[2]` */
function write(value: unknown, indent: string, margin: string, at: string, depth: number): string {
  if (depth > DEPTH_LIMIT) throw bug(`${at} is more than ${DEPTH_LIMIT} levels deep`);
  if (value === null) return 'null';
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return writeInteger(value, at);
  if (typeof value === 'string') return writeString(value, at);
  if (typeof value !== 'object') throw bug(`${at} is ${typeof value}, which has no form`);
  const inner = margin + indent;
  if (Array.isArray(value)) {
    const elements = value.map((element: unknown, index) =>
      write(element, indent, inner, `${at}[${index}]`, depth + 1),
    );
    return block('[', elements, ']', indent, margin);
  }
  if (!isPlainObject(value)) throw bug(`${at} is not a plain object`);
  const colon = indent === '' ? ':' : ': ';
  const members = Object.keys(value)
    .sort(byCodePoint)
    .map((key) => writeKey(key, at) + colon + write(value[key], indent, inner, `${at}.${key}`, depth + 1));
  return block('{', members, '}', indent, margin);
}

function block(open: string, parts: readonly string[], close: string, indent: string, margin: string): string {
  if (parts.length === 0) return open + close;
  if (indent === '') return open + parts.join(',') + close;
  const inner = `\n${margin}${indent}`;
  return `${open}${inner}${parts.join(`,${inner}`)}\n${margin}${close}`;
}

function writeInteger(value: number, at: string): string {
  if (!Number.isSafeInteger(value)) throw bug(`${at} is ${value}, not an integer up to 2^53-1`);
  return String(value);
}

function writeString(value: string, at: string): string {
  if (!value.isWellFormed()) throw bug(`${at} holds half a surrogate pair`);
  return JSON.stringify(value);
}

function writeKey(key: string, at: string): string {
  if (key === '__proto__') throw bug(`${at} has the key __proto__`);
  return writeString(key, `a key of ${at}`);
}

function isPlainObject(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Code point order, as UTF-8 bytes and Python sort; plain `<` sorts by UTF-16 units. */
export function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
}
