/**
 * Untrusted text. Models, serials, labels, host names and tool output come from the evidence itself: they may hold
 * terminal escapes, line breaks, or letters that turn the reading direction.
 */

/**
 * Everything that is not plainly visible: control characters (Cc), format characters such as direction controls and
 * zero-width letters (Cf), line and paragraph separators (Zl, Zp), half surrogate pairs (Cs), private use (Co).
 */
const HOSTILE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu;

/** Text as it may meet a terminal, a report or a log: everything that is not plainly visible becomes `\u{…}`. Reversible: a backslash is doubled. */
export function visible(text: string): string {
  return text.replaceAll('\\', '\\\\').replace(HOSTILE, byNumber);
}

function byNumber(letter: string): string {
  return `\\u{${(letter.codePointAt(0) ?? 0).toString(16)}}`;
}

/**
 * The last look at words that go to a terminal: whatever somebody forgot to make {@link visible} is spelled out, line
 * breaks stay. Nothing relies on it: a line break of the evidence's own can't be told from ours here.
 */
export function tame(text: string): string {
  return text.replace(HOSTILE, (letter) => (letter === '\n' ? letter : byNumber(letter)));
}

/**
 * JSON on one line that may meet a terminal: what {@link visible} would escape, C1 controls, DEL and direction controls
 * among it, is written as JSON's own `\\uXXXX`, so that a parser reads the very same strings.
 */
export function safeJson(value: object): string {
  return JSON.stringify(value).replace(HOSTILE, (letter) =>
    Array.from(
      { length: letter.length },
      (_, unit) => `\\u${letter.charCodeAt(unit).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}

/** Text for one line of a table: visible, trimmed, cut to `width` letters with an ellipsis. */
export function cell(text: string, width: number): string {
  const letters = Array.from(visible(text.trim()));
  return letters.length <= width ? letters.join('') : `${letters.slice(0, Math.max(0, width - 1)).join('')}…`;
}

/** A word as a POSIX shell takes it literally. */
export function shellQuote(word: string): string {
  if (/^[A-Za-z0-9_./:=@%+,-]+$/.test(word)) return word;
  if (word.search(HOSTILE) < 0) return `'${word.replaceAll("'", `'\\''`)}'`;
  // What would act on a terminal is spelled out, as bash reads it back: $'…'.
  return `$'${word.replace(/[\\']/g, '\\$&').replace(HOSTILE, spelledOut)}'`;
}

function spelledOut(letter: string): string {
  const code = letter.codePointAt(0) ?? 0;
  return code < 0x80 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
}
