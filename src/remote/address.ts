import { ExhibitError } from '../model/errors.ts';
import type { RemoteAddress } from '../model/remote.ts';
import { parsePort, percentDecoded, percentEncodedPath, SCHEMES } from '../model/source-address.ts';
import { sourceKind } from '../model/source-kind.ts';
import { visible } from '../model/text.ts';

const SHAPE = /^(?:(?<user>[^@/]*)@)?(?<host>\[[^\]/]*\]|[^:@/[\]]*)(?::(?<port>[^/@]*))?(?<path>\/.*)?$/s;
const HOST_NAME = /^[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_.])?$/;
/** Hex groups, with an IPv4 tail and a zone where there are any; what it means is for the resolver to say. */
const IPV6 = /^(?=[0-9A-Fa-f]*:)[0-9A-Fa-f:]+(\d+\.\d+\.\d+\.\d+)?(%[A-Za-z0-9._-]+)?$/;
const HINT =
  'It looks like this: ssh://user@host/dev/sda, ssh://user@host:2222/dev/sda, ssh://user@[2001:db8::7]/dev/sda';

/**
 * Takes `ssh://[user@]host[:port][/path]` apart. User and path may hold percent-encoded UTF-8.
 * @throws ExhibitError `usage`, naming the part that is wrong; never with a password in it
 */
export function parseSshAddress(text: string): RemoteAddress {
  if (sourceKind(text) !== 'ssh') throw wrong(text, 'it does not begin with ssh://');
  const parts = SHAPE.exec(text.slice(SCHEMES.ssh.length))?.groups;
  // What can't be taken apart may hold a password.
  if (parts === undefined) throw wrong(null, 'it can not be taken apart');
  if (parts['user']?.includes(':') === true) throw passwordGiven();
  if (/[?#]/.test(text)) throw wrong(text, 'a ? or # in a path is written %3F or %23');
  return {
    user: parts['user'] === undefined ? null : userOf(text, parts['user']),
    host: hostOf(text, parts['host'] ?? ''),
    port: parts['port'] === undefined ? null : portOf(text, parts['port']),
    path: pathOf(text, parts['path'] ?? '/'),
  };
}

/** The address as it is written: what {@link parseSshAddress} gives back. */
export function formatSshAddress({ user, host, port, path }: RemoteAddress): string {
  const login = user === null ? '' : `${encodeURIComponent(user)}@`;
  const name = host.includes(':') ? `[${host.replace('%', '%25')}]` : host;
  return `${SCHEMES.ssh}${login}${name}${port === null ? '' : `:${port}`}${percentEncodedPath(path)}`;
}

function userOf(text: string, encoded: string): string {
  const user = decoded(text, encoded);
  if (user === '') throw wrong(text, 'nothing stands before the @');
  if (/[\p{Cc}\s]/u.test(user) || user.startsWith('-')) throw wrong(text, `"${visible(user)}" is no user's name`);
  if (user.includes(':')) throw passwordGiven();
  return user;
}

function hostOf(text: string, encoded: string): string {
  if (encoded === '') throw wrong(text, 'it names no host');
  const bracketed = encoded.startsWith('[');
  const host = decoded(text, bracketed ? encoded.slice(1, -1) : encoded);
  if ((bracketed ? IPV6 : HOST_NAME).test(host) && !host.includes('..')) return host;
  const kind = bracketed ? 'IPv6 address' : 'name of a host';
  throw wrong(text, `"${visible(host)}" is no ${kind}`);
}

function portOf(text: string, digits: string): number {
  const port = parsePort(digits, 1);
  if (port !== null) return port;
  // Who left the host out may have written a password there.
  throw wrong(/\D/.test(digits) ? null : text, 'what stands behind the colon is no port (1 to 65535)');
}

function pathOf(text: string, encoded: string): string | null {
  const path = decoded(text, encoded);
  if (/[\0\n]/.test(path))
    throw wrong(text, 'a path with a zero byte or a line break can not be asked for; name the disk by a link to it');
  return path === '/' ? null : path;
}

function decoded(text: string, encoded: string): string {
  const plain = percentDecoded(encoded);
  if (plain !== null) return plain;
  throw wrong(text, `"${visible(encoded)}" is not percent-encoded UTF-8 (a % itself is written %25)`);
}

function wrong(text: string | null, what: string): ExhibitError {
  const name = text === null ? 'The address' : visible(text);
  return new ExhibitError('usage', 'remote.address', `${name} can not be used: ${what}.`, { hint: HINT });
}

function passwordGiven(): ExhibitError {
  return new ExhibitError('usage', 'remote.password-in-address', 'The address holds a password; it was not used.', {
    hint: 'Leave it out: it is asked for. This one stands in your shell history and in the list of processes: change it.',
  });
}
