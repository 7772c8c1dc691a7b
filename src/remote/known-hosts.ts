import { ExhibitError } from '../model/errors.ts';
import type { HostKey, RemoteAddress } from '../model/remote.ts';
import { placeOf } from '../model/remote-faults.ts';
import { visible } from '../model/text.ts';
import type { Ports } from '../system/ports.ts';
import type { Person } from './credentials.ts';
import { fingerprintOf } from './fingerprint.ts';

/** A line of a known_hosts file that is about the host. */
export interface KnownHost {
  readonly marker: 'revoked' | 'cert-authority' | null;
  readonly type: string;
  readonly blob: Buffer;
  /** `/root/.ssh/known_hosts line 3`. */
  readonly where: string;
}

type Place = Pick<RemoteAddress, 'user' | 'host' | 'port'>;

/** A key that is expected, and by whose word: `--host-key`, or because the machine showed it first. */
export interface PinnedKey {
  readonly fingerprint: string;
  readonly by: 'operator' | 'first-connection';
}

/** Who vouched for a pinned key, as a phrase for the record: nobody gave `--host-key` only because the key is known by now. */
export const VOUCHED_BY: Readonly<Record<PinnedKey['by'], string>> = {
  operator: '--host-key',
  'first-connection': 'the key of the first connection',
};

/** Those that OpenSSH reads by itself (ssh_config(5)). */
export function knownHostsFiles({ home }: Pick<Person, 'home'>): string[] {
  return [
    `${home}/.ssh/known_hosts`,
    `${home}/.ssh/known_hosts2`,
    '/etc/ssh/ssh_known_hosts',
    '/etc/ssh/ssh_known_hosts2',
  ];
}

/** How known_hosts names a host: with its port in brackets unless that is 22 (sshd(8)). */
function knownName({ host, port }: Place): string {
  return port === null || port === 22 ? host : `[${host}]:${port}`;
}

/**
 * Asks ssh-keygen what the files say of the host: it knows hashed names, patterns and negations. A file that is not
 * there says nothing.
 * @throws ExhibitError `remote.known-hosts` when a file is there and can't be asked
 */
export async function lookUpHost(ports: Ports, place: Place, paths: readonly string[]): Promise<KnownHost[]> {
  const found: KnownHost[] = [];
  for (const path of paths) {
    if ((await ports.files.statOrNull(path).catch(() => null)) === null) continue;
    const argv = ['ssh-keygen', '-F', knownName(place), '-f', path];
    const answer = await ports.commands.run(argv, { timeoutMs: 10_000 });
    // 1, and nothing said: the host is not in it.
    if (answer.exit === 1 && answer.stderr.trim() === '') continue;
    if (answer.exit !== 0) throw notAsked(path, answer.failure ?? answer.stderr.trim());
    found.push(...parseFound(answer.stdout, path));
  }
  return found;
}

/** What `ssh-keygen -F` prints: a comment with the number of the line, and the line. */
function parseFound(text: string, path: string): KnownHost[] {
  let line = '';
  return text.split('\n').flatMap((row): KnownHost[] => {
    const number = /^# Host .* found: line (\d+)/.exec(row)?.[1];
    if (number !== undefined) line = number;
    const parts = /^(?:@(revoked|cert-authority)\s+)?[^#\s]\S*\s+(\S+)\s+([A-Za-z0-9+/]+=*)/.exec(row);
    const [, marker, type = '', base64 = ''] = parts ?? [];
    if (parts === null) return [];
    const known = { type, blob: Buffer.from(base64, 'base64'), where: `${path} line ${line}` };
    return [{ ...known, marker: marker === 'revoked' || marker === 'cert-authority' ? marker : null }];
  });
}

/**
 * Who vouches for a host's key, as a phrase for the record.
 * @param pinned it stands above what known_hosts says, but for a key that is revoked
 * @throws ExhibitError fault `remote`: `remote.host-key-unknown`, `-changed`, `-revoked`; a key is never accepted by itself
 */
export function judgeHostKey(
  place: Place,
  blob: Uint8Array,
  known: readonly KnownHost[],
  pinned: PinnedKey | null,
): string {
  const shown = fingerprintOf(blob);
  const same = known.filter((entry) => entry.blob.equals(blob));
  const revoked = same.find(({ marker }) => marker === 'revoked');
  if (revoked !== undefined) throw refusal(place, 'revoked', shown, `it is marked as revoked (${revoked.where})`);
  if (pinned !== null) {
    if (pinned.fingerprint === shown.fingerprint) return VOUCHED_BY[pinned.by];
    throw unexpectedKey(place, shown, pinned);
  }
  const vouching = same.find(({ marker }) => marker === null);
  if (vouching !== undefined) return visible(vouching.where);
  const other = known.find(({ marker, type }) => marker === null && type === shown.type);
  if (other !== undefined)
    throw refusal(place, 'changed', shown, `${fingerprintOf(other.blob).fingerprint} is known for it (${other.where})`);
  throw refusal(place, 'unknown', shown, whyUnknown(known));
}

/** Another key than the pinned one was shown. */
export function unexpectedKey(place: Place, shown: HostKey, { fingerprint, by }: PinnedKey): ExhibitError {
  const kind = by === 'first-connection' ? 'changed' : 'unexpected';
  return refusal(place, kind, shown, `${fingerprint} was expected (${VOUCHED_BY[by]})`);
}

/**
 * For a transport that judges a pinned key by itself, and then looks into no known_hosts: a key that somebody revoked is
 * refused before the host is spoken to.
 * @throws ExhibitError `remote.host-key-revoked`
 */
export function requireNotRevoked(place: Place, { fingerprint }: PinnedKey, known: readonly KnownHost[]): void {
  const revoked = known.find(
    ({ marker, blob }) => marker === 'revoked' && fingerprintOf(blob).fingerprint === fingerprint,
  );
  if (revoked === undefined) return;
  const message = `The host key ${fingerprint} (${visible(revoked.type)}), by which ${placeOf(place)} is to prove who it is, is marked as revoked (${visible(revoked.where)}).`;
  throw new ExhibitError('remote', 'remote.host-key-revoked', message, { hint: HINTS.revoked });
}

function whyUnknown(known: readonly KnownHost[]): string {
  const plain = known.find(({ marker }) => marker === null);
  if (plain !== undefined) return `for this host only a key of another type is known (${plain.type}, ${plain.where})`;
  const authority = known.find(({ marker }) => marker === 'cert-authority');
  if (authority === undefined) return 'no known_hosts file names this host';
  return `only a certificate authority is known for it (${authority.where}), and ssh2 understands no certificates: --transport openssh does`;
}

const CHECK =
  'Compare the fingerprint with one that comes another way: from the console (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), the administrator, an inventory.';

const HINTS = {
  unknown: `Nothing was said to it. ${CHECK} If it is the same: --host-key`,
  unexpected: `Nothing was said to it: it may be another machine, or somebody in between. Or --host-key is the fingerprint of another of its keys: a machine has one of each type, and it shows this one. ${CHECK} If it is the same, of this type: --host-key`,
  changed: `Nothing was said to it: it may be another machine, or somebody in between. ${CHECK} If the machine was set up anew: --host-key`,
  revoked: 'Nothing was said to it. Whoever revoked this key says that it must not be trusted.',
};

function refusal(place: Place, kind: keyof typeof HINTS, shown: HostKey, why: string): ExhibitError {
  const which = kind === 'unexpected' ? 'which is not the expected one' : `which is ${kind}`;
  const message = `${placeOf(place)} shows the host key ${shown.fingerprint} (${visible(shown.type)}), ${which}: ${visible(why)}.`;
  const hint = kind === 'revoked' ? HINTS.revoked : `${HINTS[kind]} ${shown.fingerprint}`;
  const code = `remote.host-key-${kind === 'unexpected' ? 'changed' : kind}`;
  return new ExhibitError('remote', code, message, { hint });
}

function notAsked(path: string, why: string): ExhibitError {
  return new ExhibitError('remote', 'remote.known-hosts', `${visible(path)} could not be asked: ${visible(why)}.`, {
    hint: 'Mend the file, or name the key yourself: --host-key SHA256:…',
  });
}
