import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { ToldEnd } from '../model/listen.ts';

/**
 * The line with which every connection begins: whose command it is, and from where it sends. So bytes of an older
 * command, from another offset, never get into the image, and a stray connection is none.
 *     exhibit TOKEN OFFSET alone      a stream; nothing more will be said of it
 *     exhibit TOKEN OFFSET told       a stream; its end will be told in a connection of its own
 *     exhibit TOKEN end EXIT SHA256 BYTES   that end, and how many bytes were hashed; `-` for what is not known
 */
const STREAM = /^exhibit ([0-9a-f]{16}) (\d{1,16}) (alone|told)$/;
const END = /^exhibit ([0-9a-f]{16}) end (\d{1,3}|-) ([0-9a-f]{64}|-) (\d{1,15}|-)$/;

/** Bytes in which the line has to end. */
export const LINE_LIMIT = 128;

export type FirstLine =
  | { readonly kind: 'stream'; readonly token: string; readonly offset: number; readonly told: boolean }
  | { readonly kind: 'end'; readonly token: string; readonly end: ToldEnd }
  | { readonly kind: 'foreign' };

/** A word for one command. Hexadecimal, and short enough to be typed at the live machine. */
export function newToken(): string {
  return randomBytes(8).toString('hex');
}

/** Takes as long for a wrong token as for the right one: nobody finds it letter by letter. */
export function isSameToken(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

export function parseFirstLine(line: string): FirstLine {
  const stream = STREAM.exec(line);
  if (stream !== null) {
    const [, token = '', offset = '', told] = stream;
    return { kind: 'stream', token, offset: Number(offset), told: told === 'told' };
  }
  const end = END.exec(line);
  if (end === null) return { kind: 'foreign' };
  const [, token = '', exit = '-', sha256 = '-', bytes = '-'] = end;
  return {
    kind: 'end',
    token,
    end: { exit: numberOf(exit), sha256: sha256 === '-' ? null : sha256, bytes: numberOf(bytes) },
  };
}

function numberOf(word: string): number | null {
  return word === '-' ? null : Number(word);
}

/** A TLS record of a handshake (RFC 8446, 5.1), where a line was expected. */
export function looksLikeTls(bytes: Uint8Array): boolean {
  return bytes[0] === 0x16 && bytes[1] === 0x03;
}
