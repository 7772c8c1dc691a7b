import { bug, ExhibitError } from '../model/errors.ts';
import type { LinkFacts, ShellLine } from '../model/remote.ts';
import { linkClosed, linkLost, unreachable } from '../model/remote-faults.ts';
import type { Ports } from '../system/ports.ts';
import type { StreamedCommand } from '../system/run-command.ts';
import type { SshChannel, SshLink } from '../system/ssh-link.ts';
import type { ConnectOrder } from './connect.ts';
import { heardOf, whyOpenSshFailed } from './openssh-words.ts';

/** It has its own limits for reaching and greeting; behind a jump host or a key to be touched all of it takes longer. */
const UP_WITHIN_MS = 120_000;
const LOOK_EVERY_MS = 50;

/** Where one connection is shared by all our channels, and what it says of itself. */
interface Master {
  readonly child: StreamedCommand;
  readonly folder: string;
  readonly socket: string;
  readonly log: string;
}

/**
 * The system's own `ssh`, with its configuration, agent, hardware keys, Kerberos and jump hosts: one connection that
 * stays, and a command each a channel over it. It checks the host's key itself, always strictly. It can ask nobody
 * anything: what needs a passphrase belongs into an agent.
 * @throws ExhibitError as `ConnectSsh`
 */
export async function connectOpenSsh(ports: Ports, order: ConnectOrder): Promise<SshLink> {
  if (ports.commands.which('ssh') === null) throw notInstalled();
  const folder = await ports.files.makePrivateFolder('exhibit-ssh-');
  const master = startMaster(ports, order, folder);
  try {
    await untilUp(ports, order, master);
    return linkOver(ports, order, master, await factsOf(ports, order, master));
  } catch (error) {
    await endMaster(ports, master);
    throw error;
  }
}

function startMaster(ports: Ports, order: ConnectOrder, folder: string): Master {
  const [socket, log] = [`${folder}/link`, `${folder}/log`];
  const own = ['-v', '-E', log, '-N', '-o', 'ControlMaster=yes', '-o', 'ControlPersist=no'];
  const child = ports.commands.stream(['ssh', ...own, ...common(order, socket), ...pinned(order), ...target(order)]);
  child.stdout.resume();
  return { child, folder, socket, log };
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
    'ConnectTimeout=15',
    // Any byte counts as an answer: noticed after three to four seconds without one.
    'ServerAliveInterval=1',
    'ServerAliveCountMax=3',
    'EscapeChar=none',
  ];
  return [...identity, ...options.flatMap((option) => ['-o', option])];
}

/** The key that the operator named is the only one known, and is compared before anything is said to the host. */
function pinned({ hostKey }: ConnectOrder): string[] {
  if (hostKey === null) return [];
  const judge = `/bin/sh -c 'if test "$1" = "$2"; then echo "$3 $4 $5"; fi' sh %f ${hostKey} %H %t %K`;
  const options = [`KnownHostsCommand=${judge}`, 'UserKnownHostsFile=/dev/null', 'GlobalKnownHostsFile=/dev/null'];
  return options.flatMap((option) => ['-o', option]);
}

function target({ address: { user, host, port } }: ConnectOrder): string[] {
  return [...(user === null ? [] : ['-l', user]), ...(port === null ? [] : ['-p', String(port)]), '--', host];
}

async function untilUp(ports: Ports, order: ConnectOrder, { child, socket, log }: Master): Promise<void> {
  const until = ports.clock.monotonicMs() + UP_WITHIN_MS;
  const ended = new AbortController();
  void child.done.then(() => {
    ended.abort();
  });
  // The socket comes once ssh is let in (ssh.c: muxserver_listen).
  while ((await ports.files.statOrNull(socket)) === null) {
    if (order.signal.aborted) throw linkClosed(order.address);
    if (ended.signal.aborted) throw whyOpenSshFailed(order.address, await readLog(ports, log));
    if (ports.clock.monotonicMs() > until)
      throw unreachable(order.address, `ssh made no connection within ${UP_WITHIN_MS / 1000} seconds`);
    await ports.clock.sleep(LOOK_EVERY_MS, order.signal);
  }
}

async function factsOf(ports: Ports, { address, hostKey: pin }: ConnectOrder, { log }: Master): Promise<LinkFacts> {
  const { hostKey, knownFrom, ...rest } = heardOf(await readLog(ports, log));
  if (hostKey === null) throw bug('ssh did not say which host key it accepted');
  if (pin !== null && hostKey.fingerprint !== pin) throw bug(`ssh accepted ${hostKey.fingerprint} for ${pin}`);
  const judgedBy = pin === null ? `ssh: ${knownFrom ?? 'as configured'}` : '--host-key';
  return { transport: 'openssh', address, hostKey, judgedBy, ...rest };
}

function linkOver(ports: Ports, order: ConnectOrder, master: Master, facts: LinkFacts): SshLink {
  const lost = new AbortController();
  const gone = master.child.done.then(async () => {
    if (!lost.signal.aborted) lost.abort(linkLost(order.address, await lastWords(ports, master)));
    await ports.files.removePrivateFolder(master.folder);
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

function startChannel(ports: Ports, order: ConnectOrder, { socket }: Master, line: ShellLine): SshChannel {
  const argv = ['ssh', ...common(order, socket), '-o', 'ControlMaster=no', ...target(order), line];
  const child = ports.commands.stream(argv, { pipeStdin: true, pipeStderr: true });
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

async function lastWords(ports: Ports, { log }: Master): Promise<string> {
  const lines = (await readLog(ports, log)).split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('debug'));
  return lines.at(-1) ?? 'ssh ended';
}

async function endMaster(ports: Ports, { child, folder }: Master): Promise<void> {
  child.kill();
  await child.done;
  await ports.files.removePrivateFolder(folder);
}

function readLog(ports: Ports, log: string): Promise<string> {
  return ports.files.readText(log).catch(() => '');
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
