import { isAbsolute } from 'node:path';
import type { RemoteAddress } from '../model/remote.ts';
import type { Ports } from '../system/ports.ts';
import type { ConnectOrder } from './connect.ts';
import { knownHostsFiles, lookUpHost, requireNotRevoked, type PinnedKey } from './known-hosts.ts';
import { given } from './openssh-command.ts';

/**
 * The key that is asked for is the only one known, and is compared before anything is said to the host. So `ssh` sees no
 * `@revoked` line: {@link lookForRevoked}.
 */
export function onlyKnown({ fingerprint }: PinnedKey): string[] {
  const judge = `/bin/sh -c 'if test "$1" = "$2"; then echo "$3 $4 $5"; fi' sh %f ${fingerprint} %H %t %K`;
  const others = ['UserKnownHostsFile=/dev/null', 'GlobalKnownHostsFile=/dev/null', 'VerifyHostKeyDNS=no'];
  const options = [`KnownHostsCommand=${judge}`, ...others];
  return given(options);
}

/**
 * A pinned key must not be marked as revoked where `ssh` would have looked, nor where it does so by itself.
 * @param configured what `ssh -G` prints; empty: it said nothing
 * @throws ExhibitError `remote.host-key-revoked`, and as `lookUpHost`
 */
export async function lookForRevoked(
  ports: Ports,
  { address, person }: Pick<ConnectOrder, 'address' | 'person'>,
  pin: PinnedKey,
  configured: string,
): Promise<void> {
  const files = [...new Set([...knownHostsFiles(person), ...configuredFiles(configured)])];
  for (const place of [address, configuredPlace(configured, address)])
    requireNotRevoked(address, pin, await lookUpHost(ports, place, files));
}

/** Pure. A name with a space is printed as it is: every path that may be meant is one, and what is not there says nothing. */
export function configuredFiles(configured: string): string[] {
  return [...configured.matchAll(/^(?:user|global)knownhostsfile (.+?)\r?$/gm)].flatMap(([, names = '']) => {
    const words = names.split(' ');
    return words
      .flatMap((_, from) => words.slice(from).map((_, more) => words.slice(from, from + more + 1).join(' ')))
      .filter(isAbsolute);
  });
}

/** By which name the host is looked up. Pure. */
export function configuredPlace(configured: string, address: RemoteAddress): RemoteAddress {
  const word = (name: string): string | null => new RegExp(`^${name} (\\S+)\\r?$`, 'm').exec(configured)?.[1] ?? null;
  // An alias stands for the host whatever its port is.
  const alias = word('hostkeyalias');
  if (alias !== null) return { ...address, host: alias, port: null };
  return { ...address, host: word('hostname') ?? address.host, port: Number(word('port') ?? address.port) || null };
}

/**
 * A host has keys of several types and shows one: a key that was met is asked for by its type, or another one of the same
 * host would seem to be a change. `ssh` does so by itself for what is in known_hosts, which a pinned key is not.
 * @param configured what `ssh -G` prints: the person's own choice of algorithms stays theirs, only its order changes
 */
export function keyFirst(configured: string, type: string): string[] {
  const all = /^hostkeyalgorithms (\S+)$/m.exec(configured)?.[1]?.split(',') ?? [];
  const fits = (algorithm: string): boolean => typeOf(algorithm) === typeOf(type);
  if (!all.some(fits)) return [];
  const ordered = [...all.filter(fits), ...all.filter((algorithm) => !fits(algorithm))];
  return ['-o', `HostKeyAlgorithms=${ordered.join(',')}`];
}

/** The type of the key by itself: a certificate has it, and RSA keys sign in several ways (RFC 8332). */
function typeOf(algorithm: string): string {
  const bare = algorithm.replace(/-cert-v\d+@openssh\.com$/, '');
  return /^rsa-sha2-/.test(bare) ? 'ssh-rsa' : bare;
}
