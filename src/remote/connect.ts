import { ExhibitError } from '../model/errors.ts';
import type { HostKey, RemoteAddress, Transport } from '../model/remote.ts';
import { visible } from '../model/text.ts';
import type { Ports } from '../system/ports.ts';
import type { SshLink } from '../system/ssh-link.ts';
import { formatSshAddress } from './address.ts';
import { credentialsOf, type Asker, type Person } from './credentials.ts';
import { fingerprintOf } from './fingerprint.ts';
import { judgeHostKey, knownHostsFiles, lookUpHost, type KnownHost, type PinnedKey } from './known-hosts.ts';
import { connectOpenSsh } from './openssh-link.ts';
import { remoteShell, type RemoteShell } from './shell.ts';

/** Milliseconds of silence after which a link is dead: noticed within five seconds, and no sooner than a retransmission. */
const SILENT_MS = 4000;

/** Which machine is reached, how, and as whom. */
export interface ConnectOrder {
  readonly address: RemoteAddress;
  readonly transport: Transport;
  /** Fingerprint: `--host-key`, judged already; null: known_hosts decides. */
  readonly hostKey: string | null;
  /** The key of the first connection, which stands above all: another one is another machine. Null: this is the first. */
  readonly met?: HostKey | null;
  /** Whose keys, agent and known hosts are meant. */
  readonly person: Person;
  /** Asks for what only a person knows. */
  readonly asker: Asker;
  /** Ends the attempt. */
  readonly signal: AbortSignal;
}

/** Connects, with the host's key checked first, and gives its shell. Errors are {@link ConnectSsh}'s. */
export async function connectRemote(ports: Ports, order: ConnectOrder): Promise<RemoteShell> {
  const link = order.transport === 'openssh' ? await connectOpenSsh(ports, order) : await bySsh2(ports, order);
  return remoteShell(link, ports.clock);
}

/** The key that is expected, and by whose word; null: known_hosts decides. */
export function pinOf({ hostKey, met = null }: Pick<ConnectOrder, 'hostKey' | 'met'>): PinnedKey | null {
  if (met !== null) return { fingerprint: met.fingerprint, by: 'first-connection' };
  return hostKey === null ? null : { fingerprint: hostKey, by: 'operator' };
}

async function bySsh2(ports: Ports, order: ConnectOrder): Promise<SshLink> {
  const { address, person, asker, signal } = order;
  const { user } = address;
  if (user === null) throw noUser(address);
  const known = await lookUpHost(ports, address, knownHostsFiles(person));
  return ports.connectSsh({
    address: { ...address, user },
    keyTypes: order.met == null ? plainTypes(known) : [order.met.type],
    checkHostKey: (blob) => ({ key: fingerprintOf(blob), judgedBy: judgeHostKey(address, blob, known, pinOf(order)) }),
    credentials: await credentialsOf(ports, address, person, asker),
    silentMs: SILENT_MS,
    signal,
  });
}

function plainTypes(known: readonly KnownHost[]): string[] {
  return known.filter(({ marker }) => marker === null).map(({ type }) => type);
}

function noUser(address: RemoteAddress): ExhibitError {
  const named = formatSshAddress({ ...address, user: 'USER' });
  return new ExhibitError(
    'usage',
    'remote.no-user',
    `The address does not say who logs in on ${visible(address.host)}.`,
    {
      hint: `Write ${visible(named)}. Only --transport openssh has a configuration that may say it.`,
    },
  );
}
