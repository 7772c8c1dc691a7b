import { bug, ExhibitError } from '../model/errors.ts';
import { isWholeEnd, type AdmittedStream, type ReceivedStream, type StreamEnd } from '../model/listen.ts';
import { lengthOf } from '../model/range.ts';
import type { Reader, ReadOrder } from '../read/reader.ts';
import { SlotFiller } from '../read/slot-filler.ts';
import { isEveryAddress } from './address.ts';
import type { Invitation } from './command.ts';
import type { Door, LiveStream } from './door.ts';
import { badEnd } from './faults.ts';
import { StreamReceiver, type StreamLimits, type StreamResult } from './stream.ts';
import { newToken } from './words.ts';

/** What suits a live machine. */
export const USUAL_LIMITS: StreamLimits = { stallMs: 60_000, endMs: 10_000, tellMs: 15_000 };

/** How a disk that is sent is waited for, and who is told. What `invite`, `admitted` or `received` reject with ends the reading. */
export interface ListenSettings {
  /** Open; the reading does not close it. */
  readonly door: Door;
  /** The disk over there, for the command; null: not said. */
  readonly disk: string | null;
  /** By which address the live machine reaches us, where the door's own does not say; null: the first of this station. */
  readonly reachedBy: string | null;
  /** Null: plain. */
  readonly tls: Invitation['tls'];
  readonly limits: StreamLimits;
  /** Shows the commands to the operator. */
  readonly invite: (invitation: Invitation) => Promise<void>;
  /** Told of a stream that is let in, before a byte of it is taken. */
  readonly admitted: (stream: AdmittedStream) => Promise<void>;
  /** Told of it again when it has ended, however that was, before anything comes of it. */
  readonly received: (stream: ReceivedStream) => Promise<void>;
}

/**
 * Reads a disk that another machine sends: shows the command for where it stands, waits for one connection, and takes
 * it to the end of the disk. Nothing is asked for twice. Throws `listen.ended-early`, `listen.reset`, `listen.stalled`,
 * `listen.too-much`, `listen.sender-failed`, `listen.hash-differs`; what was received is in the ring and in the log, in
 * whole sectors, and never all of it: the last sector goes in only when all was well.
 */
export function listenReader(settings: ListenSettings): Reader {
  return async (order) => {
    if (order.range.end !== order.source.size) throw bug('a stream that is to end before the disk does');
    if (order.retries !== 0)
      throw new ExhibitError('usage', 'listen.no-retries', 'A stream has gone by: nothing of it can be read again.', {
        hint: 'Leave --retries out.',
      });
    if (lengthOf(order.range) === 0) return;
    const stream = await admit(settings, order);
    if (stream === null) return;
    try {
      await receive(settings, order, stream);
    } finally {
      stream.release();
    }
  };
}

async function admit(settings: ListenSettings, order: ReadOrder): Promise<LiveStream | null> {
  const { door, disk, tls } = settings;
  const { address, port, reachable } = door.listener;
  const ticket = { token: newToken(), offset: order.range.start };
  const own = isEveryAddress(address) ? (reachable.find((each) => sameFamily(each, address)) ?? address) : address;
  const host = settings.reachedBy ?? own;
  await settings.invite({ ...ticket, host, port, disk, size: order.source.size, tls });
  const stream = await door.take(ticket, order.stop);
  return stream === 'stopped' ? null : stream;
}

/** `::` is both: IPv4 is what a strange machine is reached by more often. */
function sameFamily(each: string, address: string): boolean {
  return address === '::' || !each.includes(':');
}

async function receive(settings: ListenSettings, order: ReadOrder, stream: LiveStream): Promise<void> {
  const { range, ports, stop, log } = order;
  const { caller, offset, tells } = stream;
  await settings.admitted({ ...caller, offset, tells });
  const filler = new SlotFiller(order.out, range.start, order.source.logicalSector, ports.clock);
  const told: { result: StreamResult | null } = { result: null };
  const receiver = new StreamReceiver({
    stream,
    range,
    sector: order.source.logicalSector,
    clock: ports.clock,
    limits: settings.limits,
    stop,
    take: async (bytes) => {
      if (bytes.length === 0) return;
      const start = filler.position;
      log.good({ start, end: start + bytes.length });
      await filler.append(bytes);
    },
    ended: async (ended) => {
      told.result = ended;
      await record(settings, order, stream, ended);
    },
  });
  try {
    await receiver.run();
  } catch (error) {
    if (!stop.aborted) throw error;
  } finally {
    await filler.close(range.end);
    // What failed was ours.
    if (told.result === null) await record(settings, order, stream, stoppedAt(filler.position - range.start));
  }
  judge(settings, order, told.result);
}

function stoppedAt(received: number): StreamResult {
  return { end: 'stopped', received, told: null, sha256: null };
}

async function record(
  settings: ListenSettings,
  order: ReadOrder,
  stream: LiveStream,
  result: StreamResult,
): Promise<void> {
  const { caller, tells, offset } = stream;
  const { address, port } = settings.door.listener;
  order.log.run({
    argv: ['listen', address, String(port)],
    from: order.range.start,
    to: order.range.end,
    delivered: result.received,
    exit: result.told?.exit ?? null,
    signal: null,
    stderr: result.end,
  });
  await settings.received({ ...caller, offset, tells, ...result });
}

function judge({ limits }: ListenSettings, order: ReadOrder, result: StreamResult | null): void {
  if (result === null || result.end === 'stopped' || isWholeEnd(result.end)) return;
  throw badEnd({
    end: result.end as Exclude<StreamEnd, 'complete' | 'left-open' | 'stopped'>,
    at: Math.min(order.range.start + result.received, order.source.size),
    size: order.source.size,
    received: result.received,
    told: result.told,
    stallMs: limits.stallMs,
  });
}
