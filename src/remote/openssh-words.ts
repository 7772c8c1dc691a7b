import { ExhibitError } from '../model/errors.ts';
import type { HostKey, RemoteAddress } from '../model/remote.ts';
import { authRefused, noSuchHost, placeOf, unreachable } from '../model/remote-faults.ts';
import { visible } from '../model/text.ts';

type Place = Pick<RemoteAddress, 'user' | 'host' | 'port'>;

/** What `ssh -v` tells of its connection (OpenSSH 9.2: sshconnect.c, kex.c, sshconnect2.c). Null: it did not say. */
export interface OpenSshSays {
  readonly hostKey: HostKey | null;
  readonly knownFrom: string | null;
  readonly serverVersion: string | null;
  readonly cipher: string | null;
  readonly authentication: string | null;
}

/** Reads the log of `ssh -v`. What a server says stands behind a prefix of ssh's own, one line each. */
export function heardOf(log: string): OpenSshSays {
  const first = (pattern: RegExp): string | null => pattern.exec(log)?.[1] ?? null;
  const key = /^debug1: Server host key: (\S+) (SHA256:\S+)\r?$/m.exec(log);
  const [, type, fingerprint] = key ?? [];
  return {
    hostKey: type === undefined || fingerprint === undefined ? null : { type, fingerprint },
    knownFrom: first(/^debug1: Found key in (.+?)\r?$/m)?.replace(/:(\d+)$/, ' line $1') ?? null,
    serverVersion: first(/^debug1: Remote protocol version \S+, remote software version (.+?)\r?$/m),
    cipher: first(/^debug1: kex: server->client cipher: (\S+)/m),
    authentication: first(/^Authenticated to .* using "([^"]+)"\.\r?$/m),
  };
}

/** Why `ssh` ended before there was a connection. */
export function whyOpenSshFailed(place: Place, log: string): ExhibitError {
  const said = log
    .split(/\r?\n/)
    .filter((line) => line !== '' && !/^(debug\d|OpenSSH_|Warning: Permanently)/.test(line))
    .map((line) => line.trim());
  const last = said.at(-1) ?? 'ssh gave no reason';
  if (/Host key verification failed|REMOTE HOST IDENTIFICATION|host key is known for|revoked/i.test(said.join('\n')))
    return hostKeyRefused(place, log);
  const denied = /Permission denied \(([^)]*)\)/.exec(log)?.[1];
  if (denied !== undefined) return authRefused(place, triedOf(log), denied.split(','), last);
  if (/Could not resolve hostname .*(not known|No address)/i.test(log)) return noSuchHost(place);
  return unreachable(place, last);
}

function triedOf(log: string): string[] {
  const offered = [...log.matchAll(/^debug1: Offering public key: (.+?)\r?$/gm)].map((line) => `key ${line[1] ?? ''}`);
  const methods = [...log.matchAll(/^debug1: Next authentication method: (\S+)/gm)].map((line) => line[1] ?? '');
  return [...new Set([...methods.filter((method) => method !== 'publickey'), ...offered])];
}

function hostKeyRefused(place: Place, log: string): ExhibitError {
  const { hostKey } = heardOf(log);
  const kind = /revoked/i.test(log) ? 'revoked' : /HAS CHANGED/.test(log) ? 'changed' : 'unknown';
  const shown = hostKey === null ? 'a host key' : `the host key ${hostKey.fingerprint} (${visible(hostKey.type)})`;
  const message = `${placeOf(place)} shows ${shown}, which is ${kind}, says ssh.`;
  const pin = hostKey === null ? 'SHA256:…' : hostKey.fingerprint;
  return new ExhibitError('remote', `remote.host-key-${kind}`, message, {
    hint: `Nothing was said to it. Compare the fingerprint with one that comes another way; if it is the same: --host-key ${pin}`,
  });
}
