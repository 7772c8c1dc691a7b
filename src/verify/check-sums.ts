import { ALLOWED_SIGNERS, SIGNATURE, SUMS, VERIFY_TEXT } from '../manifest/file-names.ts';
import type { Manifest } from '../manifest/schema.ts';
import { parseSums, sealOf, type Sum } from '../manifest/sums.ts';
import { cell, visible } from '../model/text.ts';
import type { Check } from './report.ts';
import type { StoredFolder } from './stored-folder.ts';

export interface ReadSums {
  /** SHA256SUMS's exact bytes; null: they can't be had. */
  readonly bytes: Buffer | null;
  /** Null: not there, or not in its strict form. */
  readonly sums: readonly Sum[] | null;
  readonly checks: readonly Check[];
}

export async function readSums(folder: StoredFolder): Promise<ReadSums> {
  const content = await folder.bytes(SUMS);
  if (!content.ok) {
    const status = content.status === 'damaged' ? 'invalid' : content.status;
    return { bytes: null, sums: null, checks: [{ name: 'sums', status, message: `${SUMS} ${content.why}.` }] };
  }
  // Latin-1 keeps every byte apart; names and hashes are ASCII.
  const parsed = parseSums(content.value.toString('latin1'));
  if (!parsed.ok) {
    const checks = parsed.faults.map((fault): Check => ({
      name: 'sums',
      status: 'invalid',
      message: `${SUMS}: ${fault}.`,
    }));
    return { bytes: content.value, sums: null, checks };
  }
  const message = `${SUMS} is in its strict form and lists ${parsed.sums.length} files.`;
  return { bytes: content.value, sums: parsed.sums, checks: [{ name: 'sums', status: 'ok', message }] };
}

/** Compares the seal from the label with the folder's. @param seal 64 hex digits in lower case; null: not given */
export function checkSeal(bytes: Buffer | null, seal: string | null): Check[] {
  if (seal === null) return [];
  if (bytes === null) {
    return [
      { name: 'seal', status: 'invalid', message: `The seal can't be compared: there is no ${SUMS} to take it from.` },
    ];
  }
  const found = sealOf(bytes);
  if (found === seal) return [{ name: 'seal', status: 'ok', message: 'The seal is the one that was given.' }];
  const message = `The folder's seal is ${found}, not ${seal} as given: this is not the folder that was sealed, or ${SUMS} was changed.`;
  return [{ name: 'seal', status: 'invalid', message }];
}

/**
 * Whether SHA256SUMS lists all that it must, and says the same as the manifest. A line that is not there was dropped
 * by somebody: an unlisted file could be exchanged.
 * @param signed whether the folder bears, or should bear, signatures
 */
export function checkListing(
  sums: readonly Sum[] | null,
  manifest: Manifest,
  manifestName: string,
  signed: boolean,
): Check[] {
  if (sums === null) {
    return [
      { name: 'listing', status: 'not-checked', message: `What ${SUMS} lists was not compared with the manifest.` },
    ];
  }
  const listed = new Map(sums.map((sum) => [sum.name, sum.sha256]));
  const due = [
    ...manifest.files.map((file) => file.name),
    manifestName,
    ...(signed ? [manifestName + SIGNATURE, ALLOWED_SIGNERS] : []),
    VERIFY_TEXT,
  ];
  const faults = [
    ...due.filter((name) => !listed.has(name)).map((name) => `${SUMS} does not list ${cell(name, 220)}`),
    ...manifest.files
      .filter((file) => listed.has(file.name) && listed.get(file.name) !== file.sha256)
      .map((file) => `${SUMS} and the manifest name different hashes for ${visible(file.name)}`),
  ];
  if (faults.length > 0) return faults.map((fault) => ({ name: 'listing', status: 'invalid', message: `${fault}.` }));
  return [{ name: 'listing', status: 'ok', message: `${SUMS} lists all that it must, with the manifest's hashes.` }];
}
