import { ExhibitError } from '../model/errors.ts';
import { visible } from '../model/text.ts';

export const MANIFEST_NAMESPACE = 'exhibit-manifest';
export const SUMS_NAMESPACE = 'exhibit-sums';
/** Validations of write blockers: never accepted for evidence, nor the other way round. */
export const BLOCKER_TEST_NAMESPACE = 'exhibit-blocker-test';
export type SignatureNamespace = typeof MANIFEST_NAMESPACE | typeof SUMS_NAMESPACE | typeof BLOCKER_TEST_NAMESPACE;

/** Letters, marks and digits of any script, and the signs that names and mail addresses have. */
const NAME = /^[\p{L}\p{N}][\p{L}\p{M}\p{N} .'\u2019@()<>+/:_-]*$/u;
const NAME_BYTES = 200;

/**
 * The line of `allowed_signers` (ssh-keygen(1), ALLOWED SIGNERS) for one signer, with its line feed:
 * `"Ann Lee" namespaces="exhibit-manifest,exhibit-sums" ssh-ed25519 AAAA…`.
 * OpenSSH takes the quoted field as a list of patterns: `,` separates, `*` and `?` match anything, a leading `!`
 * excludes. {@link principalFault} keeps all of these out, so the name matches itself only. Spaces and any script
 * work, in `-Y find-principals` and as `-I` of `-Y verify` (tried with OpenSSH 9.2).
 */
export function formatAllowedSigners(
  principal: string,
  publicKey: string,
  namespaces: readonly string[] = [MANIFEST_NAMESPACE, SUMS_NAMESPACE],
): string {
  const fault = principalFault(principal);
  if (fault !== null) throw nameRefusal(principal, fault, 'Choose another name.');
  const [type = '', base64 = ''] = publicKey.split(' ');
  return `"${principal}" namespaces="${namespaces.join(',')}" ${type} ${base64}\n`;
}

/** Why a name can't be a principal, or null when it can. */
export function principalFault(name: string): string | null {
  if (name === '') return 'it is empty';
  if (name !== name.trim()) return 'it begins or ends with a space';
  if (Buffer.byteLength(name) > NAME_BYTES) return `it is longer than ${NAME_BYTES} bytes`;
  if (visible(name) !== name) return 'it holds letters that do not show';
  if (!NAME.test(name))
    return "it holds signs other than letters, digits, spaces and . ' @ ( ) < > + / : _ -, or begins with one of these";
  return null;
}

/** The error for a name that can't be a principal. */
export function nameRefusal(name: string, fault: string, hint: string): ExhibitError {
  return new ExhibitError('usage', 'keys.name', `"${visible(name)}" can't stand as a signer's name: ${fault}.`, {
    hint,
  });
}

/** True for a principal of somebody else's file that is a pattern and so names nobody. */
export function isPattern(principal: string): boolean {
  return /[*?]|^!/.test(principal);
}

/** The lines of an allowed-signers file that list this very key (`type base64`), comments left out. Bytes stay as they are (latin1). */
export function linesWithKey(file: Uint8Array, publicKey: string): string[] {
  const base64 = publicKey.split(' ')[1] ?? '';
  return Buffer.from(file)
    .toString('latin1')
    .split('\n')
    .filter((line) => !/^\s*#/.test(line) && line.split(/\s+/).includes(base64));
}
