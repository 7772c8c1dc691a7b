import type { Readable } from 'node:stream';
import { bug } from '../model/errors.ts';
import type { ShellLine } from '../model/remote.ts';
import { noChannel } from '../model/remote-faults.ts';
import type { Ports } from '../system/ports.ts';
import type { StreamedCommand } from '../system/run-command.ts';
import type { SshChannel } from '../system/ssh-link.ts';
import type { ConnectOrder } from './connect.ts';
import { given, startSsh, target } from './openssh-command.ts';
import type { OpenSshPlace } from './openssh-place.ts';
import { lastSaid } from './openssh-words.ts';
import { LOSS_SEEN_MS } from './shell.ts';

const LOOK_EVERY_MS = 10;
/** Of its own `ssh` gives it: then nobody knows what became of the command. */
const OWN_STATUS = 255;
/** mux.c, since OpenSSH 5.4. */
const OPENED = /^debug1: mux_client_request_session: master session id/m;
const REFUSED = /session request failed/;

/** Over which connection, and when it is too late for a channel of it. */
export interface ChannelOver {
  readonly place: OpenSshPlace;
  /** A number of its own, on this connection. */
  readonly number: number;
  readonly lost: AbortSignal;
  readonly tooLate: AbortSignal;
}

/**
 * A command over the connection that is there, once it has its channel. An `ssh` that is refused one connects anew by
 * itself, wherever the address leads then: this one has no way to, and reads no configuration that might give it one.
 * @throws ExhibitError `remote.no-channel`, or the reason of `lost` or `tooLate`
 */
export async function openChannel(
  ports: Ports,
  order: ConnectOrder,
  over: ChannelOver,
  line: ShellLine,
): Promise<SshChannel> {
  const { place, number, lost, tooLate } = over;
  const name = `channel-${number}`;
  const argv = ['-v', '-E', place.path(name), ...onlyOver(place.socket), ...target(order), line];
  const child = startSsh(ports, order, argv, { pipeStdin: true, pipeStderr: true, keepUnread: true });
  const channel = channelOf(child, lost);
  const ended = new AbortController();
  void child.done.then(() => {
    ended.abort();
  });
  for (;;) {
    const hasEnded = ended.signal.aborted;
    const log = await place.read(name);
    if (OPENED.test(log) || hasSpoken(channel)) return channel;
    if (hasEnded) {
      if ((await child.done).exit !== OWN_STATUS) return channel;
      if (!REFUSED.test(log)) await ports.clock.sleep(LOSS_SEEN_MS, lost);
      throw lost.aborted ? (lost.reason as Error) : noChannel(order.address, whyNone(log));
    }
    if (tooLate.aborted) {
      channel.kill();
      throw tooLate.reason as Error;
    }
    await ports.clock.sleep(LOOK_EVERY_MS, ended.signal);
  }
}

/** `ProxyCommand` first: what comes first holds, and a jump host would be another way. */
function onlyOver(socket: string): string[] {
  const nowhere = ['ProxyCommand=false', 'UserKnownHostsFile=/dev/null', 'GlobalKnownHostsFile=/dev/null'];
  const options = [`ControlPath=${socket}`, 'ControlMaster=no', 'BatchMode=yes', 'StrictHostKeyChecking=yes'];
  return ['-F', 'none', '-a', '-x', '-T', ...given([...nowhere, ...options, 'EscapeChar=none'])];
}

function channelOf(child: StreamedCommand, lost: AbortSignal): SshChannel {
  const { stdin, stdout, stderr } = child;
  if (stdin === null || stderr === null) throw bug('a command without pipes');
  for (const stream of [stdin, stdout, stderr]) stream.on('error', () => undefined);
  const read = Promise.all([stdout, stderr].map(closed));
  const done = child.done.then(async ({ exit, signal }) => {
    await unlessLost(read, lost);
    return { exit: exit === OWN_STATUS ? null : exit, signal };
  });
  const kill = (): void => {
    child.kill();
    // Nobody reads them any more.
    stdout.resume();
    stderr.resume();
  };
  return { stdin, stdout, stderr, done, kill };
}

function closed(stream: Readable): Promise<void> {
  return new Promise((resolve) => {
    stream.once('close', resolve);
  });
}

async function unlessLost(work: Promise<unknown>, lost: AbortSignal): Promise<void> {
  if (lost.aborted) return;
  let leave = (): void => undefined;
  const gone = new Promise<void>((resolve) => {
    leave = resolve;
  });
  lost.addEventListener('abort', leave);
  await Promise.race([work, gone]);
  lost.removeEventListener('abort', leave);
}

/** Its log goes elsewhere: whatever comes is the command's. */
function hasSpoken({ stdout, stderr }: SshChannel): boolean {
  return stdout.readableLength + stderr.readableLength > 0;
}

/** What it says of the way that it was not given is no reason. */
function whyNone(log: string): string {
  const before = log.split(/^debug1: Executing proxy command/m)[0] ?? '';
  return lastSaid(before) ?? 'the connection that all of them share takes none';
}
