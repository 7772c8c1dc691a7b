import { ExhibitError } from './errors.ts';
import { visible } from './text.ts';

/** Bytes. Always a safe integer, never negative. */
export type Bytes = number;

const BINARY = { K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 } as const;
const DECIMAL = { KB: 1000, MB: 1000 ** 2, GB: 1000 ** 3, TB: 1000 ** 4 } as const;

/**
 * A size as typed: bytes, or with K, M, G, T (powers of 1024). Fractions are refused: sizes are exact.
 * @param what names the option in the error
 */
export function parseSize(text: string, what: string): Bytes {
  const match = /^(\d+)([KMGT]?)$/.exec(text.trim());
  if (match === null) throw badSize(text, what, 'Write bytes, or a whole number with K, M, G or T, such as 4M.');
  return exact(BigInt(match[1] ?? '') * BigInt(unitOf(match[2] ?? '')), text, what);
}

/** A size as printed on a drive's label: as {@link parseSize}, and KB, MB, GB, TB (powers of 1000), fractions allowed (`1.5TB`). */
export function parseLabelSize(text: string, what: string): Bytes {
  const match = /^(\d+)(?:\.(\d{1,3}))?\s*([KMGT]B)$/i.exec(text.trim());
  if (match === null) return parseSize(text, what);
  const unit = DECIMAL[(match[3] ?? '').toUpperCase() as keyof typeof DECIMAL];
  const thousandths = BigInt(match[1] ?? '') * 1000n + BigInt((match[2] ?? '').padEnd(3, '0'));
  return exact((thousandths * BigInt(unit)) / 1000n, text, what);
}

/** Exact bytes beside a rounded form: `268,435,456 bytes (256.0 MiB)`. */
export function describeBytes(bytes: Bytes): string {
  return bytes < 1024 ? `${bytes} bytes` : `${groupDigits(bytes)} bytes (${roundBytes(bytes)})`;
}

/** Rounded for reading only: `256.0 MiB`. */
export function roundBytes(bytes: Bytes): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return unit === 0 ? `${value} bytes` : `${value.toFixed(1)} ${units[unit] ?? ''}`;
}

/** `268,435,456`, whatever the station's locale. */
export function groupDigits(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Rounds up to a multiple of `unit` bytes. */
export function alignUp(value: Bytes, unit: Bytes): Bytes {
  return Math.ceil(value / unit) * unit;
}

function unitOf(letter: string): number {
  return letter === '' ? 1 : BINARY[letter as keyof typeof BINARY];
}

function exact(value: bigint, text: string, what: string): Bytes {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw badSize(text, what, 'It is larger than any disk.');
  return Number(value);
}

function badSize(text: string, what: string, hint: string): ExhibitError {
  return new ExhibitError('usage', 'usage.bad-size', `${what}: "${visible(text)}" is not a size.`, { hint });
}
