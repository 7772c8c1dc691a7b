import { lengthOf, type Range } from '../model/range.ts';
import type { Reader, ReadOrder } from '../read/reader.ts';
import { Recovery } from '../read/recover.ts';
import { SlotFiller } from '../read/slot-filler.ts';
import { StopGate } from '../read/stop-gate.ts';
import { failureOf, mismatchOf, RemoteRanges, type ProofLog } from './range-reader.ts';
import { ReaderChannel, type ChannelOrder, type RangeAnswer } from './reader-channel.ts';

export interface AheadOrder {
  readonly channel: ChannelOrder;
  readonly proof: ProofLog;
  /** Channels of the one connection: the window is per channel. */
  readonly connections: number;
  /** Bytes of a range; a multiple of the block. What is under way is lost with the link: at most this, by all that is ordered. */
  readonly rangeBytes: number;
  /** Ranges ordered ahead on each channel, so that the target always has something to do. */
  readonly ahead: number;
}

/** A range that was ordered, and where. */
interface Ordered {
  readonly range: Range;
  readonly channel: ReaderChannel;
  readonly answer: Promise<RangeAnswer | 'not-read'>;
  readonly since: number;
}

/**
 * Reads a disk over there in order, by ranges that are ordered ahead on several channels. A range enters the stream when
 * its bytes, dd's account of it and the hash that was told agree; what fails goes through the same recovery as on a disk
 * here. Rejects with `remote.link-lost`, `remote.silent`, `remote.reader-died` when the link or the loop is gone.
 */
export function remoteReader(ahead: AheadOrder): Reader {
  return async (order) => {
    const ranges = new RemoteRanges(ahead.channel, ahead.proof, order);
    const reading = new Reading(order, ahead, ranges);
    try {
      await reading.run();
    } catch (error) {
      if (!order.stop.aborted) throw error;
    } finally {
      await reading.close();
      ranges.close();
    }
  };
}

class Reading {
  readonly #order: ReadOrder;
  readonly #ahead: AheadOrder;
  readonly #ranges: RemoteRanges;
  readonly #recovery: Recovery;
  readonly #filler: SlotFiller;
  readonly #gate: StopGate;
  readonly #channels: ReaderChannel[];
  readonly #queue: Ordered[] = [];
  #next: number;

  constructor(order: ReadOrder, ahead: AheadOrder, ranges: RemoteRanges) {
    this.#order = order;
    this.#ahead = ahead;
    this.#ranges = ranges;
    this.#recovery = new Recovery(order, ranges);
    this.#filler = new SlotFiller(order.out, order.range.start, order.source.logicalSector, order.ports.clock);
    this.#gate = new StopGate(order.stop);
    this.#channels = Array.from({ length: ahead.connections }, () => new ReaderChannel(ahead.channel));
    this.#next = order.range.start;
  }

  async run(): Promise<void> {
    for (;;) {
      this.#orderAhead();
      const first = this.#queue.shift();
      if (first === undefined) return;
      const answer = await this.#gate.wait(first.answer);
      if (answer === 'stopped') return;
      // A place before it on its channel failed: it is read now, for nothing behind it can be used before.
      if (answer === 'not-read') this.#queue.unshift(this.#ask(first.range, first.channel));
      else await this.#take(first, answer);
    }
  }

  async close(): Promise<void> {
    // Also when it failed: what was read stays.
    await this.#filler.close(this.#order.range.end);
    for (const channel of this.#channels) channel.close();
  }

  #orderAhead(): void {
    const { connections, ahead, rangeBytes } = this.#ahead;
    const { end } = this.#order.range;
    while (this.#queue.length < connections * ahead && this.#next < end) {
      // Cut at multiples of the range, wherever the reading began.
      const to = Math.min((Math.floor(this.#next / rangeBytes) + 1) * rangeBytes, end);
      this.#queue.push(this.#ask({ start: this.#next, end: to }, this.#idlest()));
      this.#next = to;
    }
  }

  #idlest(): ReaderChannel {
    return this.#channels.reduce((best, each) => (each.waiting < best.waiting ? each : best));
  }

  #ask(range: Range, channel: ReaderChannel): Ordered {
    const answer = channel.read(range, this.#order.blockBytes);
    const told = (got: RangeAnswer | 'not-read'): void => {
      if (got !== 'not-read' && got.told.exit !== 0) channel.goOn();
    };
    // Whoever waits for it hears of its failure; until then nobody does.
    answer.then(told, () => undefined);
    return { range, channel, answer, since: this.#order.ports.clock.monotonicMs() };
  }

  async #take({ range, since, channel }: Ordered, answer: RangeAnswer): Promise<void> {
    const { proof } = this.#ahead;
    const mismatch = mismatchOf(range, answer);
    if (mismatch !== null) {
      proof.mismatch(mismatch);
      // Once more, alone: a second mismatch ends the job.
      const again = await this.#ranges.readOnceMore(range, this.#order.blockBytes);
      await this.#good({ start: range.start, end: range.start + again.bytes.length }, again.bytes);
      if (again.failure !== null) await this.#recover(range, channel, again.failure);
      return;
    }
    const errno = failureOf(this.#ahead.channel, range, answer);
    const got = { start: range.start, end: range.start + answer.bytes.length };
    if (lengthOf(got) > 0) proof.taken(got, answer.sha256 !== null);
    await this.#good(got, answer.bytes);
    if (errno !== null)
      await this.#recover(range, channel, { errno, ms: this.#order.ports.clock.monotonicMs() - since });
  }

  async #good(range: Range, bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return;
    this.#order.log.good(range);
    await this.#filler.append(bytes);
    this.#recovery.life.seen(range);
  }

  /** The block in which dd stopped is taken apart; what is left of the range behind it is ordered anew. */
  async #recover(range: Range, channel: ReaderChannel, failure: { errno: string; ms: number }): Promise<void> {
    const at = this.#filler.position;
    const block = { start: at, end: Math.min(at + this.#order.blockBytes, range.end) };
    await this.#recovery.block(this.#filler, block, failure);
    if (this.#order.stop.aborted || block.end >= range.end) return;
    this.#queue.unshift(this.#ask({ start: block.end, end: range.end }, channel));
  }
}
