import { ExhibitError } from '../../model/errors.ts';
import { visible } from '../../model/text.ts';
import type { Manifest } from '../../manifest/schema.ts';
import type { Signer } from '../../manifest/sign.ts';

/** A manifest names the key of its closing, or none: nobody else finishes it. @param signer null: nobody signs */
export function refuseOtherKey(folder: string, { signing }: Manifest, signer: Signer | null): void {
  if (signing.state === 'unsigned' || signing.fingerprint === signer?.fingerprint) return;
  const what =
    signer === null
      ? `was to be signed by ${visible(signing.principal)}, key ${visible(signing.fingerprint)}`
      : `names another key: ${visible(signing.fingerprint)}`;
  throw new ExhibitError('signature', 'seal.other-key', `The manifest in ${visible(folder)} ${what}.`, {
    hint: 'Its closing was cut off. Finish it with the same key: --key FILE',
  });
}

export function sealedAlready(folder: string): ExhibitError {
  return new ExhibitError('usage', 'seal.already', `${visible(folder)} is sealed already.`, {
    hint: 'Check it: exhibit verify DIR --signers FILE',
  });
}

/** `--unsigned` where there is nothing to finish without a key. */
export function closedAlready(folder: string): ExhibitError {
  return new ExhibitError('usage', 'seal.already', `${visible(folder)} is closed, and unsigned: nothing is missing.`, {
    hint: 'Leave --unsigned out to sign it.',
  });
}

/** `--unsigned` where a key has begun to sign. */
export function signingBegun(folder: string): ExhibitError {
  return new ExhibitError(
    'signature',
    'seal.other-key',
    `The manifest in ${visible(folder)} is signed already: a sealing was begun and cut off.`,
    { hint: 'Finish it with the key that began it: --key FILE' },
  );
}

export function notSound(folder: string, bad: readonly string[]): ExhibitError {
  return new ExhibitError('damage', 'seal.damaged', `${visible(folder)} does not verify: ${bad.join('; ')}`, {
    hint: 'What does not verify is not vouched for. See: exhibit verify DIR',
  });
}

/** @param reasons why the signature that lies there is not taken */
export function strangeSignature(folder: string, reasons: readonly string[]): ExhibitError {
  return new ExhibitError(
    'signature',
    'seal.signature',
    `${visible(folder)} holds a signature over its manifest that is not good, or is by another key. ${reasons.join(' ')}`,
    { hint: 'Finish it with the key that began it: --key FILE. See: exhibit verify DIR' },
  );
}

export function otherSigners(folder: string): ExhibitError {
  return new ExhibitError(
    'signature',
    'seal.signature',
    `allowed_signers in ${visible(folder)} is not what this key makes of it.`,
    { hint: 'Finish it with the key that began it: --key FILE. Nothing is ever overwritten.' },
  );
}

export function notValid(folder: string, faults: readonly string[]): ExhibitError {
  return new ExhibitError(
    'signature',
    'seal.manifest',
    `The manifest in ${visible(folder)} is not valid: ${faults.join('; ')}`,
  );
}
