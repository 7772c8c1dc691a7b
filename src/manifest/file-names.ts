import { byCodePoint } from './encode.ts';

/** Names of the evidence folder's files. `docs/manifest-format.md`, section 1. */
export const VERIFY_TEXT = 'VERIFY.txt';
export const ALLOWED_SIGNERS = 'allowed_signers';
export const SUMS = 'SHA256SUMS';
export const SUMS_SIGNATURE = 'SHA256SUMS.sig';
/** Reserved for later signed records; a folder. */
export const CUSTODY = 'custody';
/** Appended to an image file until it is complete and read back. */
export const PARTIAL = '.partial';
/** Appended to a file's name for its detached signature. */
export const SIGNATURE = '.sig';

const MANIFEST = '.manifest.json';
const PIECES = '.pieces.sha256';
const JOURNAL = '.journal.jsonl';

/** The files whose names come from the stem; the image's are `src/image`'s to name. */
export interface FolderNames {
  readonly manifest: string;
  readonly manifestSignature: string;
  readonly pieces: string;
  readonly map: string;
  readonly journal: string;
  readonly report: string;
}

export function folderNames(stem: string): FolderNames {
  return {
    manifest: stem + MANIFEST,
    manifestSignature: stem + MANIFEST + SIGNATURE,
    pieces: stem + PIECES,
    map: `${stem}.map`,
    journal: stem + JOURNAL,
    report: `${stem}.txt`,
  };
}

/** The stem of a manifest's file name, or null when it is not one. */
export function stemOfManifestName(name: string): string | null {
  return stemBefore(name, MANIFEST);
}

/** The stem that a manifest's own entries give, from the name of its pieces file; null when that is not one. */
export function stemOfPiecesName(name: string): string | null {
  return stemBefore(name, PIECES);
}

/** Whether a name may stand in the folder's lists: no path, no hidden file, nothing a shell or a file system takes ill. */
export function isPlainName(name: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9._-]{0,199}$/.test(name) && !name.endsWith('.');
}

/** Names that appear twice, letter case ignored: an image may be copied to a file system that ignores it. */
export function repeatedNames(names: readonly string[]): string[] {
  const seen = new Set<string>();
  const repeated = names.filter((name) => seen.size === seen.add(name.toLowerCase()).size);
  return [...new Set(repeated)].sort(byCodePoint);
}

function stemBefore(name: string, ending: string): string | null {
  return name.endsWith(ending) && name.length > ending.length ? name.slice(0, -ending.length) : null;
}

/** The stem of a journal's file name, or null when it is not one. */
export function stemOfJournalName(name: string): string | null {
  return stemBefore(name, JOURNAL);
}
