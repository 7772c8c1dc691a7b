import { bug, ExhibitError } from '../model/errors.ts';
import type { LinkFacts, ShellLine } from '../model/remote.ts';
import { linkClosed, linkLost, unreachable } from '../model/remote-faults.ts';
import type { Ports } from '../system/ports.ts';
import type { StreamedCommand, StreamOptions } from '../system/run-command.ts';
import type { SshChannel, SshLink } from '../system/ssh-link.ts';
import type { ConnectOrder } from './connect.ts';
import { keyFirst, pinned } from './openssh-host-key.ts';
import { makePlace, type OpenSshPlace } from './openssh-place.ts';
import { heardOf, whyOpenSshFailed } from './openssh-words.ts';

/** It has its own limits for reaching and greeting; behind a jump host or a key to be touched all of it takes longer. */
const UP_WITHIN_MS = 120_000;
const LOOK_EVERY_MS = 50;
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
  const keys = [...pinned(order), ...(await typeFirst(ports, order))];
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
  const own = ['-v', '-E', place.log, '-N', '-o', 'ControlMaster=yes', '-o', 'ControlPersist=no'];
  const argv = [...own, ...common(order, place.socket), ...keys, ...target(order)];
  const child = startSsh(ports, order, argv, {});
  child.stdout.resume();
  return { child, place };
}

function startSsh(
  ports: Ports,
  { person }: ConnectOrder,
  argv: readonly string[],
  options: Pick<StreamOptions, 'pipeStdin' | 'pipeStderr'>,
): StreamedCommand {
  const { as, env } = asPerson(person);
  return ports.commands.stream([...as, 'ssh', ...argv], { ...options, env });
}

/** As the person whose keys, agent and configuration are meant; it may ask nobody, and a jump host's `ssh` neither. */
function asPerson({ caller, agentSocket }: ConnectOrder['person']) {
  const agent = agentSocket === null ? {} : { SSH_AUTH_SOCK: agentSocket };
  return { as: caller?.as ?? [], env: { ...caller?.env, ...agent, SSH_ASKPASS_REQUIRE: 'never' } };
}

/** What it would do with this host it says without connecting. */
async function typeFirst({ commands }: Ports, order: ConnectOrder): Promise<string[]> {
  const { hostKeyType: type = null, person } = order;
  if (type === null) return [];
  const { as, env } = asPerson(person);
  const asked = await commands.run([...as, 'ssh', '-G', ...target(order)], { env, timeoutMs: CONFIGURED_WITHIN_MS });
  return asked.exit === 0 ? keyFirst(asked.stdout, type) : [];
}

function common({ person }: ConnectOrder, socket: string): string[] {
  const identity = person.identity === null ? [] : ['-i', person.identity, '-o', 'IdentitiesOnly=yes'];
  const options = [
    `ControlPath=${socket}`,
    'BatchMode=yes',
    'StrictHostKeyChecking=yes',
    'UpdateHostKeys=no',
    'RequestTTY=no',
    'ForwardAgent=no',
    'ForwardX11=no',
    'ClearAllForwardings=yes',
    'PermitLocalCommand=no',
    'RemoteCommand=none',
    'ConnectTimeout=15',
    // Any byte counts as an answer: noticed after three to four seconds without one.
    'ServerAliveInterval=1',
    'ServerAliveCountMax=3',
    'EscapeChar=none',
  ];
  return [...identity, ...options.flatMap((option) => ['-o', option])];
}

function target({ address: { user, host, port } }: ConnectOrder): string[] {
  return [...(user === null ? [] : ['-l', user]), ...(port === null ? [] : ['-p', String(port)]), '--', host];
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
    if (ended.signal.aborted) throw whyOpenSshFailed(order.address, await place.readLog(), (await child.done).stderr);
    if (ports.clock.monotonicMs() > until)
      throw unreachable(order.address, `ssh made no connection within ${UP_WITHIN_MS / 1000} seconds`);
    await ports.clock.sleep(LOOK_EVERY_MS, order.signal);
  }
}

async function factsOf({ address, hostKey: pin }: ConnectOrder, { place }: Master): Promise<LinkFacts> {
  const { hostKey, knownFrom, ...rest } = heardOf(await place.readLog());
  if (hostKey === null) throw bug('ssh did not say which host key it accepted');
  if (pin !== null && hostKey.fingerprint !== pin) throw bug(`ssh accepted ${hostKey.fingerprint} for ${pin}`);
  const judgedBy = pin === null ? `ssh: ${knownFrom ?? 'as configured'}` : '--host-key';
  return { transport: 'openssh', address, hostKey, judgedBy, ...rest };
}

function linkOver(ports: Ports, order: ConnectOrder, master: Master, facts: LinkFacts): SshLink {
  const lost = new AbortController();
  const gone = master.child.done.then(async () => {
    if (!lost.signal.aborted) lost.abort(linkLost(order.address, await lastWords(master)));
    await master.place.remove();
  });
  return {
    facts,
    lost: lost.signal,
    exec: async (line) => {
      if (lost.signal.aborted) throw lost.signal.reason as Error;
      return startChannel(ports, order, master, line);
    },
    async close() {
      if (!lost.signal.aborted) lost.abort(linkClosed(order.address));
      master.child.kill();
      await gone;
    },
  };
}

function startChannel(ports: Ports, order: ConnectOrder, { place }: Master, line: ShellLine): SshChannel {
  const argv = [...common(order, place.socket), '-o', 'ControlMaster=no', ...target(order), line];
  const child = startSsh(ports, order, argv, { pipeStdin: true, pipeStderr: true });
  const { stdin, stderr } = child;
  if (stdin === null || stderr === null) throw bug('a command without pipes');
  for (const stream of [stdin, child.stdout, stderr]) stream.on('error', () => undefined);
  // Of its own it gives 255: then nobody knows what became of the command.
  const done = child.done.then(({ exit, signal }) => ({ exit: exit === 255 ? null : exit, signal }));
  const kill = (): void => {
    child.kill();
  };
  return { stdin, stdout: child.stdout, stderr, done, kill };
}

async function lastWords({ place }: Master): Promise<string> {
  const lines = (await place.readLog()).split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('debug'));
  return lines.at(-1) ?? 'ssh ended';
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
