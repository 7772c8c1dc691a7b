import type { EncryptionSign } from '../model/probe.ts';
import type { Place } from './signs.ts';

/**
 * What `look.ts` and `look-child.ts` say to each other, as lines of text. A request: where a region starts, the place in
 * it, and how many bytes. An answer, in the same order: the scheme of a sign, `-` for none of the known ones, `!EIO` for
 * a place that can't be read, `!end` for one past the end.
 */
export interface LookRequest extends Place {
  /** Bytes on the device where the region starts. */
  readonly start: number;
}

const SCHEMES: ReadonlySet<string> = new Set<EncryptionSign['scheme']>([
  'bitlocker',
  'luks1',
  'luks2',
  'apfs-container',
  'core-storage',
]);

export function requestText(requests: readonly LookRequest[]): string {
  return requests.map(({ start, offset, length }) => `${start} ${offset} ${length}\n`).join('');
}

export function parseRequest(text: string): LookRequest[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [start = 0, offset = 0, length = 0] = line.split(' ').map(Number);
      return { start, offset, length };
    });
}

export function answerLine(word: string): string {
  return `${word}\n`;
}

/** One answer. Null: a line that is cut off, or none of ours. */
export type LookAnswer = { readonly scheme: EncryptionSign['scheme'] | null } | { readonly unread: string } | null;

/** The answers that are whole, in order. */
export function parseAnswers(text: string): LookAnswer[] {
  return text.split('\n').slice(0, -1).map(answerOf);
}

function answerOf(word: string): LookAnswer {
  if (word === '-') return { scheme: null };
  if (word === '!end') return { unread: 'the device ended before' };
  if (/^![A-Za-z0-9]+$/.test(word)) return { unread: word.slice(1) };
  return SCHEMES.has(word) ? { scheme: word as EncryptionSign['scheme'] } : null;
}
