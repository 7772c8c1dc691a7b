import type { Fact } from './device.ts';
import type { EncryptionSign, HiddenArea } from './probe.ts';
import { describeBytes, groupDigits } from './size.ts';

/** A sign as a manifest of another version may name it. */
type Sign = Pick<EncryptionSign, 'offset' | 'partition'> & { readonly scheme: string };

/** What a hidden area means for the image. */
export function hiddenWords({ visible, native, sectorSize }: HiddenArea): string {
  const sectors = native - visible;
  if (sectors === 0) return 'none';
  return `${groupDigits(sectors)} sectors (${describeBytes(sectors * sectorSize)}) are hidden, and NOT in the image`;
}

const SCHEME_WORDS: Readonly<Partial<Record<string, string>>> = {
  bitlocker: 'BitLocker',
  luks1: 'LUKS1',
  luks2: 'LUKS2',
  'apfs-encrypted': 'APFS, encrypted',
  'apfs-container': 'an APFS container (whether it is encrypted is unknown)',
  'filevault-core-storage': 'FileVault on CoreStorage',
  'core-storage': 'CoreStorage (whether FileVault is on is unknown)',
  opal: 'a self-encrypting disk (Opal)',
};

const NOT_RULED_OUT = 'Encryption that leaves no sign (VeraCrypt, plain dm-crypt) is not ruled out.';

/** Signs of encryption in words that can't be read as "not encrypted". For a screen or report: goes through `visible()`. */
export function encryptionWords(encryption: Fact<readonly Sign[]>, unread: readonly unknown[]): string {
  if (!encryption.known) return `Unknown: ${encryption.why}.`;
  const gaps = unread.length === 0 ? '' : ` ${unread.length} of the places to look at could not be read.`;
  if (encryption.value.length === 0) {
    return `No sign was found among the known ones (BitLocker, LUKS, APFS, CoreStorage).${gaps} ${NOT_RULED_OUT}`;
  }
  const found = encryption.value.map(
    ({ scheme, offset, partition }) =>
      `${SCHEME_WORDS[scheme] ?? scheme} at byte ${offset}${partition === null ? '' : ` (${partition})`}`,
  );
  return `Found: ${found.join('; ')}.${gaps}`;
}
