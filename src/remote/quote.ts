import { bug, ExhibitError } from '../model/errors.ts';
import type { ShellLine } from '../model/remote.ts';
import { visible } from '../model/text.ts';

/** What no shell takes for anything else: `=` (zsh) and `%` (csh, fish) only mean something in front. */
const PLAIN = /^[A-Za-z0-9_./-][A-Za-z0-9_./:,@%+=-]*$/;

/**
 * The words as a shell takes them literally: sh, dash, bash, ksh, zsh, BusyBox, and also csh and fish, which read a
 * backslash, a `!` or a line break inside quotes in ways of their own. A line break stays what no csh takes.
 * @throws ExhibitError `remote.unspeakable` for a word that no command line can hold
 */
export function shellLine(argv: readonly string[]): ShellLine {
  const [command] = argv;
  if (command === undefined || command === '') throw bug('a command line without a command');
  // `A=b` in front would set a variable.
  const first = command.includes('=') ? quoted(command) : word(command);
  return [first, ...argv.slice(1).map(word)].join(' ') as ShellLine;
}

function word(text: string): string {
  return PLAIN.test(text) ? text : quoted(text);
}

function quoted(text: string): string {
  if (text.includes('\0') || !text.isWellFormed()) throw unspeakable(text);
  if (text === '') return "''";
  // Outside the quotes a backslash before each of these means the same to all of them.
  return text.replace(/['\\!]|[^'\\!]+/g, (part) => (/^['\\!]$/.test(part) ? `\\${part}` : `'${part}'`));
}

function unspeakable(text: string): ExhibitError {
  return new ExhibitError(
    'usage',
    'remote.unspeakable',
    `"${visible(text)}" can not be said to another machine: it holds a zero byte or a broken letter.`,
    { hint: 'Name the disk by a link to it that has a plain name.' },
  );
}
