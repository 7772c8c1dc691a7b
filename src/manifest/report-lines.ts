import { visible } from '../model/text.ts';
import type { Manifest } from './schema.ts';

/** What the report is made from: the manifest, less the list of files that will hold the report itself. */
export type ReportFacts = Omit<Manifest, 'files'>;

/** One labelled line; null is said as such. The value is escaped here, and only here. */
export function field(label: string, value: string | null): string {
  return ` ${label}: ${value === null ? '(not given)' : visible(value)}`;
}

/** A fact, or why it is not known. */
export function fact(value: string | null, why: string | undefined): string {
  return value ?? `unknown${why === undefined ? '' : ` (${why})`}`;
}

/** `2026-03-01 09:15:00.000 +00:00`, from the manifest's RFC 3339. */
export function reportTime(time: string): string {
  return time.replace('T', ' ').replace('Z', ' +00:00');
}

/** What kept others from the source while it was read, and whom it did not keep away. */
export const HELD_BY: Record<Manifest['source']['held_by'], string> = {
  'exclusive-open':
    'open with O_EXCL: the kernel refused mounts and other exclusive openers; other programs were not kept away',
  'advisory-lock': 'an advisory lock (flock): it stops only programs that ask for it; others could write to the file',
  nothing: 'nothing: no lock was to be had',
  'remote-descriptor':
    'held open on the other machine, so that its number stayed its own; nobody there was kept from reading or writing it',
  stream: 'not held by us: another machine sent it, and nobody there was kept from writing to it',
};

/** What was looked at, what was seen, and where. */
export function evidenceLines(title: string, evidence: Manifest['guard']['evidence'], empty = 'none'): string[] {
  if (evidence.length === 0) return [` ${title}: ${empty}`];
  return [
    ` ${title}:`,
    ...evidence.map((item) => `  ${visible(item.what)}: ${visible(item.seen)} [${visible(item.source)}]`),
  ];
}

/** Names as the trade writes them. */
export const HASH_LABELS = { md5: 'MD5', sha1: 'SHA1', sha256: 'SHA256', sha512: 'SHA512' } as const;
