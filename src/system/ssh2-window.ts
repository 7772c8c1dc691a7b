import type { ClientChannel } from 'ssh2';

/** Bytes that may be on their way on one channel: more than 50 ms at the speed of a disk. */
const WIDE = 8 * 1024 * 1024;

/** What ssh2 1.17 keeps of a channel, and does not show. */
interface Inside {
  readonly incoming?: { window: number };
  readonly outgoing?: { readonly id: number; readonly state: string };
  readonly _client?: { readonly _protocol?: { channelWindowAdjust?(id: number, more: number): void } };
}

/**
 * Lets so much be under way on a channel. ssh2 gives it 2 MiB, which it fills up at half and not before: over a way of
 * 50 ms that is 20 to 40 MiB/s, and no option says otherwise. To be called again with what comes. An ssh2 that is built
 * otherwise inside keeps to its own window.
 */
export function keepWide(channel: ClientChannel): void {
  const { incoming, outgoing, _client } = channel as unknown as Inside;
  const protocol = _client?._protocol;
  if (incoming === undefined || outgoing?.state !== 'open' || protocol?.channelWindowAdjust === undefined) return;
  if (incoming.window > WIDE / 2) return;
  const more = WIDE - incoming.window;
  incoming.window += more;
  protocol.channelWindowAdjust(outgoing.id, more);
}
