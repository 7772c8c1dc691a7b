import { ExhibitError } from './errors.ts';
import { visible } from './text.ts';

const RESERVED = /^(con|prn|aux|nul|com[0-9]|lpt[0-9]|custody|sha256sums|verify|allowed_signers)(\..*)?$/i;

/**
 * Whether an id can be a folder name as it is, on every file system an image may be copied to: letters, digits,
 * `.`, `_`, `-`; no leading `-` or `.`, no trailing `.`; no name that Windows or the evidence folder reserves; 100 letters at most.
 */
export function isFolderName(id: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/.test(id) && !id.endsWith('.') && !RESERVED.test(id);
}

/** A folder name near the id, for the offer in the refusal. */
export function suggestFolderName(id: string): string {
  const plain = id
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[-.]+/, '')
    .replace(/[-.]+$/, '')
    .slice(0, 80);
  return isFolderName(plain) ? plain : `item-${plain}`.replace(/-$/, '');
}

/** The refusal for an id that can't be a folder name. The id itself stays as it is in the manifest. */
export function folderNameRefusal(option: string, id: string): ExhibitError {
  return new ExhibitError(
    'usage',
    'usage.folder-name',
    `${option}: "${visible(id)}" can't be a folder name as it is.`,
    {
      hint: `The id stays unchanged in the manifest; choose a name for the folder: --folder-name ${suggestFolderName(id)}`,
    },
  );
}
