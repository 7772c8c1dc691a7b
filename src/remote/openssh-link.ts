import { ExhibitError } from '../model/errors.ts';
import type { LinkFacts } from '../model/remote.ts';
import { linkClosed, linkLost, unreachable } from '../model/remote-faults.ts';
import type { Ports } from '../system/ports.ts';
import type { StreamedCommand } from '../system/run-command.ts';
import type { SshLink } from '../system/ssh-link.ts';
import { pinOf, type ConnectOrder } from './connect.ts';
import { VOUCHED_BY } from './known-hosts.ts';
import { openChannel } from './openssh-channel.ts';
import { asPerson, given, startSsh, target } from './openssh-command.ts';
import { keyFirst, lookForRevoked, onlyKnown } from './openssh-host-key.ts';
import { makePlace, type OpenSshPlace } from './openssh-place.ts';
import { heardOf, hostKeyUnclear, lastSaid, whyOpenSshFailed } from './openssh-words.ts';

/** It has its own limits for reaching and greeting; behind a jump host or a key to be touched all of it takes longer. */
const UP_WITHIN_MS = 120_000;
const LOOK_EVERY_MS = 50;
const LOG = 'log';
const CONFIGURED_WITHIN_MS = 15_000;

/** The process whose connection all our channels share, and where it says what it does. */
interface Master {
  readonly child: StreamedCommand;
  readonly place: OpenSshPlace;
}

/**
 * The system's own `ssh`, with its configuration, agent, hardware keys, Kerberos and jump hosts: one connection that
 * stays, and a command each a channel over it. It checks the host's key itself, always strictly. It can ask nobody
 * anything: what needs a passphrase belongs into an agent.
 * @throws ExhibitError as `ConnectSsh`
 */
export async function connectOpenSsh(ports: Ports, order: ConnectOrder): Promise<SshLink> {
  if (ports.commands.which('ssh') === null) throw notInstalled();
  const keys = await keyWords(ports, order);
  const master = startMaster(ports, order, keys, await makePlace(ports, order.person));
  try {
    await untilUp(ports, order, master);
    return linkOver(ports, order, master, await factsOf(order, master));
  } catch (error) {
    await endMaster(master);
    throw error;
  }
}

function startMaster(ports: Ports, order: ConnectOrder, keys: readonly string[], place: OpenSshPlace): Master {
  const own = ['-v', '-E', place.path(LOG), '-N', '-o', 'ControlMaster=yes', '-o', 'ControlPersist=no'];
  const argv = [...own, ...common(order, place.socket), ...keys, ...target(order)];
  const child = startSsh(ports, order, argv, {});
  child.stdout.resume();
  return { child, place };
}

/** Options by which it takes the key that is expected, and no other; none: it looks where it is configured to. */
async function keyWords(ports: Ports, order: ConnectOrder): Promise<string[]> {
  const pin = pinOf(order);
  if (pin === null) return [];
  const configured = await configuredFor(ports, order);
  await lookForRevoked(ports, order, pin, configured);
  return [...onlyKnown(pin), ...(order.met == null ? [] : keyFirst(configured, order.met.type))];
}

/** What it would do with this host it says without connecting; empty: it did not say. */
async function configuredFor({ commands }: Ports, order: ConnectOrder): Promise<string> {
  const { as, env } = asPerson(order.person);
  const asked = await commands.run([...as, 'ssh', '-G', ...target(order)], { env, timeoutMs: CONFIGURED_WITHIN_MS });
  return asked.exit === 0 ? asked.stdout : '';
}

function common({ person }: ConnectOrder, socket: string): string[] {
  const identity = person.identity === null ? [] : ['-i', person.identity, '-o', 'IdentitiesOnly=yes'];
  const options = [
    `ControlPath=${socket}`,
    'BatchMode=yes',
    'StrictHostKeyChecking=yes',
    'NoHostAuthenticationForLocalhost=no',
    'UpdateHostKeys=no',
    'RequestTTY=no',
    'ForwardAgent=no',
    'ForwardX11=no',
    'ClearAllForwardings=yes',
    'Tunnel=no',
    'GSSAPIDelegateCredentials=no',
    // There is no way to set none, and the first that is set stands for all: every command of ours has this one anyway.
    'SetEnv=LC_ALL=C',
    'PermitLocalCommand=no',
    'RemoteCommand=none',
    'ConnectTimeout=15',
    // Any byte counts as an answer: noticed after three to four seconds without one.
    'ServerAliveInterval=1',
    'ServerAliveCountMax=3',
    'EscapeChar=none',
  ];
  return [...identity, ...given(options)];
}

async function untilUp(ports: Ports, order: ConnectOrder, { child, place }: Master): Promise<void> {
  const until = ports.clock.monotonicMs() + UP_WITHIN_MS;
  const ended = new AbortController();
  void child.done.then(() => {
    ended.abort();
  });
  // The socket comes once ssh is let in (ssh.c: muxserver_listen).
  while ((await ports.files.statOrNull(place.socket)) === null) {
    if (order.signal.aborted) throw linkClosed(order.address);
    if (ended.signal.aborted)
      throw whyOpenSshFailed(order.address, await place.read(LOG), (await child.done).stderr, pinOf(order));
    if (ports.clock.monotonicMs() > until)
      throw unreachable(order.address, `ssh made no connection within ${UP_WITHIN_MS / 1000} seconds`);
    await ports.clock.sleep(LOOK_EVERY_MS, order.signal);
  }
}

async function factsOf(order: ConnectOrder, { place }: Master): Promise<LinkFacts> {
  const { address } = order;
  const pin = pinOf(order);
  const { hostKey, knownFrom, ...rest } = heardOf(await place.read(LOG));
  if (hostKey === null || (pin !== null && hostKey.fingerprint !== pin.fingerprint)) throw hostKeyUnclear(address);
  const judgedBy = pin === null ? `ssh: ${knownFrom ?? 'as configured'}` : VOUCHED_BY[pin.by];
  return { transport: 'openssh', address, hostKey, judgedBy, ...rest };
}

function linkOver(ports: Ports, order: ConnectOrder, master: Master, facts: LinkFacts): SshLink {
  const lost = new AbortController();
  let channels = 0;
  const gone = master.child.done.then(async () => {
    if (!lost.signal.aborted) lost.abort(linkLost(order.address, await lastWords(master)));
    await master.place.remove();
  });
  return {
    facts,
    lost: lost.signal,
    exec: async (line, tooLate) => {
      if (lost.signal.aborted) throw lost.signal.reason as Error;
      channels += 1;
      const over = { place: master.place, number: channels, lost: lost.signal, tooLate };
      return openChannel(ports, order, over, line);
    },
    async close() {
      if (!lost.signal.aborted) lost.abort(linkClosed(order.address));
      master.child.kill();
      await gone;
    },
  };
}

async function lastWords({ place }: Master): Promise<string> {
  return lastSaid(await place.read(LOG)) ?? 'ssh ended';
}

async function endMaster({ child, place }: Master): Promise<void> {
  child.kill();
  await child.done;
  await place.remove();
}

function notInstalled(): ExhibitError {
  return new ExhibitError(
    'unexpected',
    'remote.no-openssh',
    'The transport openssh needs the program ssh, which is not installed.',
    {
      hint: 'On Debian: apt install openssh-client. Or leave --transport out: ssh2 needs no program.',
    },
  );
}
