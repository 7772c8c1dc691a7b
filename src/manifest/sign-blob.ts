import { createHash } from 'node:crypto';

/** What an SSHSIG blob holds (OpenSSH, PROTOCOL.sshsig). Read, not verified: that is ssh-keygen's part. */
export interface SshSignature {
  /** `ssh-ed25519`, `sk-ssh-ed25519@openssh.com`, … */
  readonly keyType: string;
  /** The key as a public key file has it, without comment: `ssh-ed25519 AAAA…`. */
  readonly publicKey: string;
  /** `SHA256:` and base64 without padding, as `ssh-keygen -l` prints it. */
  readonly fingerprint: string;
  readonly namespace: string;
  readonly hashAlgorithm: string;
}

export type BlobResult =
  { readonly ok: true; readonly value: SshSignature } | { readonly ok: false; readonly fault: string };

const HASHES = ['sha256', 'sha512'];
const SK_ED25519 = 'sk-ssh-ed25519@openssh.com';
const SK_ECDSA = 'sk-ecdsa-sha2-nistp256@openssh.com';
const CURVE_BYTES: Readonly<Record<string, number>> = { nistp256: 32, nistp384: 48, nistp521: 66 };
/** The order of Ed25519's group: a signature whose S is not below it is a second spelling of another one. */
const ED25519_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

/** Reads a whole blob: known key types only, nothing left over, every number in its shortest form. */
export function parseSignatureBlob(blob: Uint8Array): BlobResult {
  try {
    return { ok: true, value: readSignature(new Reader(blob)) };
  } catch (error) {
    if (error instanceof BlobFault) return { ok: false, fault: error.message };
    throw error;
  }
}

/** `SHA256:…` of a public key blob. */
export function fingerprintOf(keyBlob: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(keyBlob).digest('base64').replace(/=+$/, '')}`;
}

/** The key type of a public key blob that holds a plain key (no certificate) of a type OpenSSH signs with; otherwise a fault. */
export function parseKeyBlob(keyBlob: Uint8Array): { readonly keyType: string } | { readonly fault: string } {
  try {
    return { keyType: readKey(new Reader(keyBlob)).keyType };
  } catch (error) {
    if (error instanceof BlobFault) return { fault: error.message };
    throw error;
  }
}

class BlobFault extends Error {}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes);
  }

  take(length: number, what: string): Buffer {
    if (this.#at + length > this.#bytes.length) throw new BlobFault(`cut short in the ${what}`);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
  u32(what: string): number {
    return this.take(4, what).readUInt32BE();
  }
  string(what: string, length?: number): Buffer {
    const value = this.take(this.u32(what), what);
    if (length !== undefined && value.length !== length)
      throw new BlobFault(`the ${what} is ${value.length} bytes long, not ${length}`);
    return value;
  }
  word(what: string): string {
    const value = this.string(what).toString('latin1');
    if (!/^[\x21-\x7e]+$/.test(value)) throw new BlobFault(`the ${what} is not a word of printable ASCII letters`);
    return value;
  }
  /** A positive integer; its length in bytes. */
  integer(what: string): number {
    const value = this.string(what);
    const [first = 0x80, second = 0] = value;
    const padded = first === 0;
    if (first >= 0x80 || (padded && second < 0x80))
      throw new BlobFault(`the ${what} is not a positive integer in its shortest form`);
    return padded ? value.length - 1 : value.length;
  }
  end(what: string): void {
    if (this.#at !== this.#bytes.length) throw new BlobFault(`bytes are left over after the ${what}`);
  }
}

interface KeyShape {
  readonly keyType: string;
  /** Length of an RSA modulus in bytes, 0 for other keys. */
  readonly modulus: number;
}

function readSignature(reader: Reader): SshSignature {
  if (reader.take(6, 'magic').toString('latin1') !== 'SSHSIG') throw new BlobFault('does not hold an SSHSIG signature');
  const version = reader.u32('version');
  if (version !== 1) throw new BlobFault(`SSHSIG version ${version} is not known`);
  const keyBlob = reader.string('public key');
  const key = readKey(new Reader(keyBlob));
  const namespace = reader.word('namespace');
  reader.string('reserved field', 0);
  const hashAlgorithm = reader.word('hash algorithm');
  if (!HASHES.includes(hashAlgorithm)) throw new BlobFault(`the hash algorithm is neither sha256 nor sha512`);
  checkRawSignature(new Reader(reader.string('signature')), key);
  reader.end('signature');
  const publicKey = `${key.keyType} ${keyBlob.toString('base64')}`;
  return { keyType: key.keyType, publicKey, fingerprint: fingerprintOf(keyBlob), namespace, hashAlgorithm };
}

function readKey(reader: Reader): KeyShape {
  const keyType = reader.word('key type');
  let modulus = 0;
  if (keyType === 'ssh-ed25519' || keyType === SK_ED25519) {
    reader.string('key', 32);
  } else if (keyType === 'ssh-rsa') {
    reader.integer('exponent');
    modulus = reader.integer('modulus');
  } else if (keyType === SK_ECDSA || /^ecdsa-sha2-nistp(256|384|521)$/.test(keyType)) {
    const curve = reader.word('curve');
    const size = CURVE_BYTES[curve];
    if (size === undefined || !keyType.includes(curve)) throw new BlobFault('the curve is not that of the key type');
    reader.string('point', 1 + 2 * size);
  } else {
    throw new BlobFault('the key is of a type that is not known here');
  }
  if (isHardwareType(keyType)) reader.string('application');
  reader.end('public key');
  return { keyType, modulus };
}

function checkRawSignature(reader: Reader, key: KeyShape): void {
  const type = reader.word('signature type');
  const fits = key.keyType === 'ssh-rsa' ? ['rsa-sha2-256', 'rsa-sha2-512'].includes(type) : type === key.keyType;
  if (!fits) throw new BlobFault('the signature is not of the type of the key');
  if (key.keyType === 'ssh-rsa') {
    reader.string('RSA signature', key.modulus);
  } else if (key.keyType.includes('ed25519')) {
    const s = Buffer.from(reader.string('Ed25519 signature', 64).subarray(32)).reverse();
    if (BigInt(`0x${s.toString('hex')}`) >= ED25519_ORDER)
      throw new BlobFault('the Ed25519 signature is not canonical');
  } else {
    const pair = new Reader(reader.string('ECDSA signature'));
    pair.integer('ECDSA r');
    pair.integer('ECDSA s');
    pair.end('ECDSA signature');
  }
  if (isHardwareType(key.keyType)) reader.take(5, 'flags and counter of the hardware key');
  reader.end('raw signature');
}

/** True for keys that live in a FIDO device (`sk-…`). */
export function isHardwareType(keyType: string): boolean {
  return keyType.startsWith('sk-');
}
