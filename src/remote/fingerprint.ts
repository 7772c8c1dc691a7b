import { createHash } from 'node:crypto';
import { ExhibitError } from '../model/errors.ts';
import type { HostKey } from '../model/remote.ts';
import { visible } from '../model/text.ts';

/** Type and fingerprint of a public key, given as the bytes that stand in base64 in a known_hosts file (RFC 4253, 6.6). */
export function fingerprintOf(blob: Uint8Array): HostKey {
  const bytes = Buffer.from(blob);
  const length = bytes.length >= 4 ? bytes.readUInt32BE(0) : 0;
  return {
    type: bytes.subarray(4, 4 + length).toString('latin1'),
    fingerprint: `SHA256:${createHash('sha256').update(bytes).digest('base64').replace(/=+$/, '')}`,
  };
}

/** The operator's `--host-key`. Throws `usage` for anything but `SHA256:` and 43 letters of base64. */
export function parseFingerprint(text: string): string {
  const plain = text.trim().replace(/=$/, '');
  if (/^SHA256:[A-Za-z0-9+/]{43}$/.test(plain)) return plain;
  throw new ExhibitError('usage', 'remote.fingerprint', `"${visible(text)}" is no fingerprint of a host key.`, {
    hint: 'It looks like SHA256:… with 43 letters, as ssh-keygen -lf prints it.',
  });
}
