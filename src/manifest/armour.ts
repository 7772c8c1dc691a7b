import { parseSignatureBlob, type SshSignature } from './sign-blob.ts';

/** Armour that is exactly what OpenSSH writes, or what is wrong with it. */
export type ArmourResult =
  { readonly ok: true; readonly value: SshSignature } | { readonly ok: false; readonly fault: string };

const BEGIN = '-----BEGIN SSH SIGNATURE-----\n';
const END = '-----END SSH SIGNATURE-----\n';
/** Columns of base64 a line, as in OpenSSH's sshbuf_dtob64. */
const COLUMNS = 70;
/** The largest RSA key OpenSSH takes has 16384 bits: about 6 KiB of armour. */
const LIMIT = 65_536;

/**
 * Strict reading of SSHSIG armour (OpenSSH, PROTOCOL.sshsig). ssh-keygen itself ignores text around the armour, odd
 * line lengths and stray base64 bits; here one signature has one spelling, so that no byte of a `.sig` file can
 * change unnoticed.
 */
export function parseArmour(bytes: Uint8Array): ArmourResult {
  const blob = decodeArmour(bytes);
  return typeof blob === 'string' ? { ok: false, fault: blob } : parseSignatureBlob(blob);
}

/** A signature blob in the one spelling that {@link parseArmour} accepts. */
export function encodeArmour(blob: Uint8Array): string {
  const lines =
    Buffer.from(blob)
      .toString('base64')
      .match(/.{1,70}/g) ?? [];
  return `${BEGIN}${lines.map((line) => `${line}\n`).join('')}${END}`;
}

/** The blob inside the armour, or a fault. */
function decodeArmour(bytes: Uint8Array): Uint8Array | string {
  if (bytes.length > LIMIT) return `larger than ${LIMIT} bytes`;
  const text = Buffer.from(bytes).toString('latin1');
  if (!text.startsWith(BEGIN)) return 'does not begin with exactly "-----BEGIN SSH SIGNATURE-----" and a line feed';
  if (!text.endsWith(`\n${END}`)) return 'does not end with exactly "-----END SSH SIGNATURE-----" and a line feed';
  const body = text.slice(BEGIN.length, -END.length);
  const blob = Buffer.from(body.replaceAll('\n', ''), 'base64');
  const layout = layoutFault(body);
  if (layout !== null) return layout;
  if (encodeArmour(blob) !== text) return 'the base64 is not canonical';
  return blob;
}

function layoutFault(body: string): string | null {
  const lines = body.split('\n').slice(0, -1);
  const last = lines.at(-1);
  if (last === undefined || last === '') return 'has no content';
  if (!/^[A-Za-z0-9+/\n]*={0,2}\n$/.test(body)) return 'holds letters that are not base64';
  if (last.length > COLUMNS || lines.slice(0, -1).some((line) => line.length !== COLUMNS)) {
    return `the lines are not ${COLUMNS} letters long`;
  }
  return null;
}
