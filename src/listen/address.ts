import { ExhibitError } from '../model/errors.ts';
import { formatIp, parseIp, parseNet, type IpNet } from '../model/ip-address.ts';
import type { ListenAddress } from '../model/listen.ts';
import { parseSize } from '../model/size.ts';
import { parsePort, percentDecoded, percentEncodedPath, SCHEMES } from '../model/source-address.ts';
import { sourceKind } from '../model/source-kind.ts';
import { visible } from '../model/text.ts';

const SHAPE = /^(?<host>\[[^\]/]*\]|[^:/[\]]*)(?::(?<port>[^/]*))?(?<path>\/.*)?$/s;
const HINT =
  'It looks like this: listen://192.0.2.1:9000, listen://[2001:db8::1]:9000; on every address: listen://0.0.0.0:9000, listen://[::]:9000';
/** The smallest sector there is. */
export const SECTOR = 512;

/**
 * Takes `listen://ADDR:PORT[/dev/sda]` apart. Port 0: the kernel chooses one, which the printed command names.
 * @throws ExhibitError `usage`, naming the part that is wrong
 */
export function parseListenAddress(text: string): ListenAddress {
  if (sourceKind(text) !== 'listen') throw wrong(text, 'it does not begin with listen://');
  const parts = SHAPE.exec(text.slice(SCHEMES.listen.length))?.groups;
  if (parts === undefined || parts['port']?.includes(':') === true)
    throw wrong(text, 'an IPv6 address stands in brackets, and a port behind it');
  if (/[?#]/.test(text)) throw wrong(text, 'a ? or # in a path is written %3F or %23');
  return {
    host: hostOf(text, parts['host'] ?? ''),
    port: portOf(text, parts['port']),
    path: pathOf(text, parts['path'] ?? '/'),
  };
}

/** The address as it is written: what {@link parseListenAddress} gives back. */
export function formatListenAddress({ host, port, path }: ListenAddress): string {
  return `${SCHEMES.listen}${host.includes(':') ? `[${host}]` : host}:${port}${percentEncodedPath(path)}`;
}

/** Every address of this station: nobody can connect to it by that name. */
export function isEveryAddress(host: string): boolean {
  return parseIp(host)?.value === 0n;
}

/**
 * `--expect-size`: exact bytes, or with K, M, G, T as everywhere. What ends a stream is nothing else.
 * @throws ExhibitError `usage.bad-size`, `listen.expect-size`
 */
export function parseExpectSize(text: string): number {
  const size = parseSize(text, '--expect-size');
  if (size > 0 && size % SECTOR === 0) return size;
  const why = size === 0 ? 'nothing' : `not a whole number of sectors of ${SECTOR} bytes`;
  throw new ExhibitError('usage', 'listen.expect-size', `--expect-size ${visible(text)}: that is ${why}.`, {
    hint: 'It is the exact size of the disk, as the other machine tells it: blockdev --getsize64 /dev/sda',
  });
}

/**
 * `--allow ADDR` and `--allow ADDR/PREFIX`; an IPv4 address also stands for itself in IPv6 (`::ffff:192.0.2.1`).
 * @throws ExhibitError `listen.allow`, of all that are wrong
 */
export function parseAllowed(texts: readonly string[]): IpNet[] {
  const judged = texts.map((text) => ({ text, net: parseNet(text) }));
  const wrong = judged.flatMap(({ text, net }) => (typeof net === 'string' ? [`"${visible(text)}": ${net}`] : []));
  if (wrong.length > 0) {
    throw new ExhibitError('usage', 'listen.allow', `--allow can not be used. ${wrong.join('; ')}.`, {
      hint: 'Give the IP address of the live machine, or its network: --allow 192.0.2.7 --allow 2001:db8::/64',
    });
  }
  return judged.flatMap(({ net }) => (typeof net === 'string' ? [] : [net]));
}

function hostOf(text: string, host: string): string {
  if (host === '') throw wrong(text, 'it names no address (0.0.0.0 and [::] are all that this station has)');
  const bracketed = host.startsWith('[');
  const plain = bracketed ? host.slice(1, -1) : host;
  if (plain.includes('%')) throw wrong(text, 'an address with a zone means nothing to the other machine');
  const address = parseIp(plain);
  if (address === null || plain.includes(':') !== bracketed)
    throw wrong(text, `"${visible(plain)}" is no IP address${bracketed ? ' of version 6' : ''}`);
  return formatIp(address);
}

function portOf(text: string, digits: string | undefined): number {
  if (digits === undefined) throw wrong(text, 'it names no port');
  const port = parsePort(digits, 0);
  if (port !== null) return port;
  throw wrong(text, `"${visible(digits)}" is no port (1 to 65535; 0: any that is free)`);
}

function pathOf(text: string, encoded: string): string | null {
  const path = decoded(text, encoded);
  if (path === '/') return null;
  if (path.includes('\0')) throw wrong(text, 'a path can not hold a zero byte');
  // The command is shown as it is to be typed.
  if (visible(path) !== path.replaceAll('\\', '\\\\'))
    throw wrong(text, 'its path holds letters that can not be shown: name the disk by a link with a plain name');
  return path;
}

function decoded(text: string, encoded: string): string {
  const plain = percentDecoded(encoded);
  if (plain !== null) return plain;
  throw wrong(text, `"${visible(encoded)}" is not percent-encoded UTF-8 (a % itself is written %25)`);
}

function wrong(text: string, what: string): ExhibitError {
  return new ExhibitError('usage', 'listen.address', `${visible(text)} can not be used: ${what}.`, { hint: HINT });
}
