/**
 * Untrusted text. Models, serials, labels, host names and tool output come from the evidence itself: they may hold
 * terminal escapes, line breaks, or letters that turn the reading direction.
 */

// C0, DEL, C1, line and paragraph separators, direction controls, zero-width letters, byte order mark.
// eslint-disable-next-line no-control-regex -- control characters are what this looks for
const HOSTILE =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|\p{Cs}|[\u{e0000}-\u{e007f}]/gu;

/** Text as it may meet a terminal, a report or a log: everything that is not plainly visible becomes `\u{…}`. Reversible: a backslash is doubled. */
export function visible(text: string): string {
  return text
    .replaceAll('\\', '\\\\')
    .replace(HOSTILE, (letter) => `\\u{${(letter.codePointAt(0) ?? 0).toString(16)}}`);
}

/** Text for one line of a table: visible, trimmed, cut to `width` letters with an ellipsis. */
export function cell(text: string, width: number): string {
  const letters = [...visible(text.trim())];
  return letters.length <= width ? letters.join('') : `${letters.slice(0, Math.max(0, width - 1)).join('')}…`;
}

/** A word as a POSIX shell takes it literally. */
export function shellQuote(word: string): string {
  return /^[A-Za-z0-9_./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
