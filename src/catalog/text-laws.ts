import { visible } from '../model/text.ts';

/** The most letters any text of a request may have: it stands in the manifest and on the report's pages. */
const TEXT_LIMIT = 1000;

// eslint-disable-next-line no-control-regex -- control characters are what this looks for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/**
 * `any`: ids, descriptions and notes stand unchanged, whatever letters they hold. `line`: names, label texts and
 * reasons are one line without control characters.
 */
export type TextLaw = 'any' | 'line';

/** What is wrong with a text, as the end of a sentence that starts with its name; null when nothing is. */
export function textFault(value: string, law: TextLaw): string | null {
  if (value.trim() === '') return 'is empty';
  if (!value.isWellFormed()) return 'holds half a surrogate pair: it is not text';
  if (value.length > TEXT_LIMIT) return `has ${value.length} letters; at most ${TEXT_LIMIT} are taken`;
  if (law === 'line' && CONTROL.test(value)) return 'holds a line break or a control character; it must be one line';
  return null;
}

/** What is wrong with a path: empty, or with a zero byte or half a surrogate pair, that no path can hold. */
export function pathFault(value: string): string | null {
  if (value === '') return 'is empty';
  if (value.includes('\0') || !value.isWellFormed()) return 'holds letters that no path can hold';
  return null;
}

/** What makes a serial one that many devices share, so that nothing can be bound to it; null when nothing does. */
export function serialFault(serial: string): string | null {
  const told = serial.trim();
  if (told === '') return 'is empty';
  if (visible(told) !== told || told.length > 255) return 'is not plain text';
  return sharedSerial(told);
}

/** What shows that it is the maker's filling, and every device of the kind tells the same; null when nothing does. */
export function sharedSerial(serial: string): string | null {
  const told = serial.trim();
  if (/^(.)\1*$/u.test(told)) return 'is one character over and over';
  if (/^[01]?(123456789|0123456789)/.test(told)) return 'is a placeholder';
  return null;
}
