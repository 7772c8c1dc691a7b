import type { ConnectOrder } from './connect.ts';
import { given } from './openssh-command.ts';

/** The key that is asked for is the only one known, and is compared before anything is said to the host. */
export function pinned({ hostKey }: Pick<ConnectOrder, 'hostKey'>): string[] {
  if (hostKey === null) return [];
  const judge = `/bin/sh -c 'if test "$1" = "$2"; then echo "$3 $4 $5"; fi' sh %f ${hostKey} %H %t %K`;
  const others = ['UserKnownHostsFile=/dev/null', 'GlobalKnownHostsFile=/dev/null', 'VerifyHostKeyDNS=no'];
  const options = [`KnownHostsCommand=${judge}`, ...others];
  return given(options);
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
