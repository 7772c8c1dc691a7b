/** An address of the Internet protocol. IPv4 in IPv6 (`::ffff:192.0.2.1`) is IPv4: a socket for both tells it so. */
export interface IpAddress {
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** All addresses that share their first `prefix` bits. */
export interface IpNet extends IpAddress {
  readonly prefix: number;
}

const MAPPED = 0xffffn;

/** Null for anything but a whole address: no names, no zones, no leading zeros (which some read as octal). */
export function parseIp(text: string): IpAddress | null {
  const address = parseLiteral(text);
  return address === null ? null : unmapped(address);
}

/** As RFC 5952 writes it. */
export function formatIp({ family, value }: IpAddress): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 0xffn)).join('.');
  const groups = Array.from({ length: 8 }, (_, at) => ((value >> BigInt(112 - at * 16)) & 0xffffn).toString(16));
  const zeros = [...groups.join(':').matchAll(/(?<![0-9a-f])0(?::0)+(?![0-9a-f])/g)]
    .map((match) => match[0])
    .reduce((longest, run) => (run.length > longest.length ? run : longest), '');
  if (zeros === '') return groups.join(':');
  const [before, after] = splitOnce(groups.join(':'), zeros);
  return `${before.replace(/:$/, '')}::${after.replace(/^:/, '')}`;
}

/**
 * `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`. What is not zero behind the prefix is refused: it is as often a
 * forgotten `/32` as a slip.
 * @returns why not, as the end of a sentence
 */
export function parseNet(text: string): IpNet | string {
  const [, host = '', digits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text.trim()) ?? [];
  const literal = parseLiteral(host);
  if (literal === null) return 'it is no IP address, and no network such as 192.0.2.0/24';
  const bits = literal.family === 4 ? 32 : 128;
  const prefix = digits === undefined ? bits : Number(digits);
  if (prefix > bits) return `its prefix is longer than ${bits} bits`;
  const address = unmapped(literal);
  const own = address.family === literal.family ? prefix : prefix - 96;
  if (own < 0) return 'it takes in more than the IPv4 addresses: write those as IPv4';
  const net = { ...address, prefix: own };
  const first = formatIp({ ...address, value: networkOf(net) });
  if (networkOf(net) !== address.value) return `it is ${first}/${own} or ${formatIp(address)}: write which`;
  return net;
}

/**
 * Who may connect: the rule by which a connection is let in, and by which a record of one is judged.
 * @param peer as a socket tells it; what is no address is on no list
 * @param allowed none: nobody's address is looked at, something else decides
 */
export function isAllowed(peer: string, allowed: readonly IpNet[]): boolean {
  if (allowed.length === 0) return true;
  // A zone (`fe80::1%eth0`) is a name of our own interface.
  const address = parseIp(peer.replace(/%.*$/s, ''));
  return address !== null && allowed.some((net) => isIn(address, net));
}

function isIn(address: IpAddress, net: IpNet): boolean {
  return address.family === net.family && networkOf({ ...address, prefix: net.prefix }) === networkOf(net);
}

export function formatNet(net: IpNet): string {
  return `${formatIp(net)}/${net.prefix}`;
}

function networkOf({ family, value, prefix }: IpNet): bigint {
  const shift = BigInt((family === 4 ? 32 : 128) - prefix);
  return (value >> shift) << shift;
}

function unmapped({ family, value }: IpAddress): IpAddress {
  return family === 6 && value >> 32n === MAPPED ? { family: 4, value: value & 0xffff_ffffn } : { family, value };
}

function parseLiteral(text: string): IpAddress | null {
  const four = parseFour(text);
  if (four !== null) return { family: 4, value: four };
  const six = parseSix(text);
  return six === null ? null : { family: 6, value: six };
}

function parseFour(text: string): bigint | null {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) return null;
  return parts.reduce((value, part) => value * 256n + BigInt(part), 0n);
}

function parseSix(text: string): bigint | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const [before, after] = [groupsOf(halves[0] ?? '', halves.length === 1), groupsOf(halves[1] ?? '', true)];
  if (before === null || after === null) return null;
  const missing = 8 - before.length - after.length;
  // `::` stands for one group at least.
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const groups = [...before, ...Array.from({ length: missing }, () => 0n), ...after];
  return groups.reduce((value, group) => value * 0x1_0000n + group, 0n);
}

/** @param last an IPv4 address may stand for the last two groups */
function groupsOf(text: string, last: boolean): bigint[] | null {
  if (text === '') return [];
  const parts = text.split(':');
  const tail = last && parts.at(-1)?.includes('.') === true ? parseFour(parts.pop() ?? '') : undefined;
  if (tail === null || !parts.every((part) => /^[0-9A-Fa-f]{1,4}$/.test(part))) return null;
  const groups = parts.map((part) => BigInt(`0x${part}`));
  return tail === undefined ? groups : [...groups, tail >> 16n, tail & 0xffffn];
}

function splitOnce(text: string, by: string): [string, string] {
  // At a group's edge: "10:0:0" holds "0:0:0" too.
  const at = text.search(new RegExp(`(?<![0-9a-f])${by}(?![0-9a-f])`));
  return [text.slice(0, at), text.slice(at + by.length)];
}
