import { ExhibitError } from '../model/errors.ts';
import type { HostKey, RemoteAddress } from '../model/remote.ts';
import { authRefused, noSuchHost, placeOf, unreachable } from '../model/remote-faults.ts';
import { visible } from '../model/text.ts';
import { unexpectedKey, type PinnedKey } from './known-hosts.ts';

type Place = Pick<RemoteAddress, 'user' | 'host' | 'port'>;

/** What `ssh -v` tells of its connection (OpenSSH 9.2: sshconnect.c, kex.c, sshconnect2.c). Null: it did not say. */
export interface OpenSshSays {
  readonly hostKey: HostKey | null;
  readonly knownFrom: string | null;
  readonly serverVersion: string | null;
  readonly cipher: string | null;
  readonly authentication: string | null;
}

/**
 * Reads the log of `ssh -v`, all of it. A server can write into it what it likes, as whole lines (SSH_MSG_DEBUG and banners
 * are logged with their line breaks), but can keep nothing out of it: what is told once is `ssh`'s own word, and
 * what is told twice is not told.
 */
export function heardOf(log: string): OpenSshSays {
  const once = (pattern: RegExp): RegExpExecArray | null => {
    const [found, another] = log.matchAll(pattern);
    return another === undefined ? (found ?? null) : null;
  };
  const word = (pattern: RegExp): string | null => once(pattern)?.[1] ?? null;
  const [, type, fingerprint] =
    once(/^debug1: Server host (?:key|certificate): (\S+) (SHA256:[A-Za-z0-9+/]{43})(?=[,\s])/gm) ?? [];
  return {
    hostKey: type === undefined || fingerprint === undefined ? null : { type, fingerprint },
    knownFrom: word(/^debug1: Found key in (.+?)\r?$/gm)?.replace(/:(\d+)$/, ' line $1') ?? null,
    serverVersion: word(/^debug1: Remote protocol version \S+, remote software version (.+?)\r?$/gm),
    cipher: word(/^debug1: kex: server->client cipher: (\S+)/gm),
    authentication: word(/^Authenticated to .* using "([^"]+)"\.\r?$/gm),
  };
}

/**
 * Why `ssh` ended before there was a connection.
 * @param log its own, of the host that is meant
 * @param others what the `ssh` of a jump host, or whatever else stands in between, said
 * @param pin the only key it was to take; null: it looked where it is configured to
 */
export function whyOpenSshFailed(place: Place, log: string, others: string, pin: PinnedKey | null): ExhibitError {
  const own = saidIn(log);
  const last = own.at(-1) ?? 'ssh gave no reason';
  const unknown = UNKNOWN_OPTION.exec(others)?.[1];
  if (unknown !== undefined) return tooOld(unknown);
  if (isHostKeyTrouble(own)) return hostKeyRefused(place, log, pin);
  const denied = deniedIn(log);
  if (denied !== null) return authRefused(place, triedOf(log), denied, last);
  if (NO_SUCH_NAME.test(log)) return noSuchHost(place);
  // Nothing came from the host itself: what stands in between may say why.
  const between = saidIn(others);
  if (isHostKeyTrouble(between)) return jumpKeyRefused(place, others);
  const jumpDenied = deniedIn(others);
  const why = between.at(-1);
  if (jumpDenied !== null) return authRefused(place, triedOf(others), jumpDenied, `a jump host: ${why ?? ''}`);
  return unreachable(place, why === undefined ? last : `${last}; on the way: ${why}`);
}

/** Of what we ask for ourselves, before it asks anybody anything (readconf.c). */
const UNKNOWN_OPTION = /^command-line: line \d+: Bad configuration option: (\S+)/im;

/** It will never connect: nobody waits for it. */
function tooOld(option: string): ExhibitError {
  const message = `The ssh of this station is too old for --transport openssh: it has no option ${visible(option)}.`;
  return new ExhibitError('unexpected', 'remote.no-openssh', message, {
    hint: 'OpenSSH 8.5 and later will do (ssh -V). Or use --transport ssh2, which needs no program of the station.',
  });
}

const NO_SUCH_NAME = /Could not resolve hostname .*(not known|No address)/i;

/** Without what only tells of progress. */
function saidIn(log: string): string[] {
  return log
    .split(/\r?\n/)
    .filter((line) => line !== '' && !/^(debug\d|OpenSSH_|Warning: Permanently)/.test(line))
    .map((line) => line.trim());
}

/** The last that is more than progress. Null: nothing was said. */
export function lastSaid(log: string): string | null {
  return saidIn(log).at(-1) ?? null;
}

function isHostKeyTrouble(said: readonly string[]): boolean {
  return /Host key verification failed|REMOTE HOST IDENTIFICATION|host key is known for|revoked/i.test(said.join('\n'));
}

/** The ways that the server would take; null: it was not about that. */
function deniedIn(log: string): string[] | null {
  return /Permission denied \(([^)]*)\)/.exec(log)?.[1]?.split(',') ?? null;
}

function triedOf(log: string): string[] {
  const offered = [...log.matchAll(/^debug1: Offering public key: (.+?)\r?$/gm)].map((line) => `key ${line[1] ?? ''}`);
  const methods = [...log.matchAll(/^debug1: Next authentication method: (\S+)/gm)].map((line) => line[1] ?? '');
  return [...new Set([...methods.filter((method) => method !== 'publickey'), ...offered])];
}

/** Which key a host showed, as a phrase, and what is wrong with it. */
function keyShown(log: string): { hostKey: HostKey | null; kind: string; shown: string } {
  const { hostKey } = heardOf(log);
  const kind = /revoked/i.test(log) ? 'revoked' : /HAS CHANGED/.test(log) ? 'changed' : 'unknown';
  const shown = hostKey === null ? 'a host key' : `the host key ${hostKey.fingerprint} (${visible(hostKey.type)})`;
  return { hostKey, kind, shown };
}

/** `--host-key` is the host's own: one in between is vouched for where `ssh` itself looks. */
function jumpKeyRefused(place: Place, log: string): ExhibitError {
  const { kind, shown } = keyShown(log);
  const at = /^debug1: Authenticating to (\S+) as /m.exec(log)?.[1];
  const jump = at === undefined ? 'A jump host' : `The jump host ${visible(at)}`;
  const message = `${jump} on the way to ${placeOf(place)} shows ${shown}, which is ${kind}, says ssh.`;
  return new ExhibitError('remote', `remote.host-key-${kind}`, message, {
    hint: 'Nothing was said to it. Compare the fingerprint with one that comes another way, and log in there once by ssh itself: then it stands in known_hosts.',
  });
}

function hostKeyRefused(place: Place, log: string, pin: PinnedKey | null): ExhibitError {
  const { hostKey, kind, shown } = keyShown(log);
  if (pin !== null && hostKey !== null && kind !== 'revoked') return unexpectedKey(place, hostKey, pin);
  const message = `${placeOf(place)} shows ${shown}, which is ${kind}, says ssh.`;
  const compared = hostKey === null ? 'SHA256:…' : hostKey.fingerprint;
  return new ExhibitError('remote', `remote.host-key-${kind}`, message, {
    hint: `Nothing was said to it. Compare the fingerprint with one that comes another way; if it is the same: --host-key ${compared}`,
  });
}

/** After we were let in. `ssh` has judged a key, and which one it was can not be told. */
export function hostKeyUnclear(place: Place): ExhibitError {
  const message = `Which host key ${placeOf(place)} showed can not be told: the log of ssh names none, or more than one.`;
  return new ExhibitError('remote', 'remote.host-key-unclear', message, {
    hint: 'A server can write such lines by itself, in a banner for instance: see what it says (ssh -v). Nothing was run there. Without --transport openssh no log is asked.',
  });
}
