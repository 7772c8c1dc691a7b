import { messageOf } from '../model/errors.ts';
import { lengthOf, type Range } from '../model/range.ts';
import type { WireMode } from '../model/remote.ts';
import type { Reader, ReadOrder } from '../read/reader.ts';
import { Recovery } from '../read/recover.ts';
import { SlotFiller } from '../read/slot-filler.ts';
import { Watchdog } from '../read/watchdog.ts';
import { StopGate } from '../read/stop-gate.ts';
import { ChannelPool, Deaths } from './channel-pool.ts';
import { failureOf, mismatchOf, RemoteRanges, type ProofLog } from './range-reader.ts';
import type { ModeChooser } from './mode-chooser.ts';
import type { RangeAnswer } from './range-answer.ts';
import type { ReaderChannel, ChannelOrder } from './reader-channel.ts';
import { isRefused } from './shell.ts';

/** How a disk over there is read in order, over several channels. */
export interface AheadOrder {
  /** Of each channel. */
  readonly channel: ChannelOrder;
  /** Told of what the target told. */
  readonly proof: ProofLog;
  /** Channels of the one connection: the window is per channel. */
  readonly connections: number;
  /** Bytes of a range; a multiple of the block. What is under way is lost with the link: at most this, by all that is ordered. */
  readonly rangeBytes: number;
  /** How each range is packed on its way. */
  readonly modes: ModeChooser;
  /** Ranges ordered ahead on each channel, so that the target always has something to do. */
  readonly ahead: number;
}

/** A range that was ordered, and where. */
interface Ordered {
  readonly range: Range;
  readonly channel: ReaderChannel;
  /** It was ordered: a limit may hold it back. */
  readonly sent: Promise<void>;
  readonly answer: Promise<RangeAnswer | 'not-read'>;
}

/**
 * Reads a disk over there in order, by ranges that are ordered ahead on several channels. A range enters the stream when
 * its bytes, dd's account of it and the hash that was told agree; what fails goes through the same recovery as on a disk
 * here. A loop that hangs or dies while the link lives is replaced. Rejects with `remote.link-lost`, `remote.silent` when the
 * link is gone, with `remote.reader-died` when loops die again and again at one place.
 */
export function remoteReader(ahead: AheadOrder): Reader {
  return async (order) => {
    const reading = new Reading(order, ahead);
    try {
      await reading.run();
    } catch (error) {
      if (!order.stop.aborted) throw error;
    } finally {
      await reading.close();
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
  readonly #pool: ChannelPool;
  readonly #deaths = new Deaths();
  readonly #watchdog: Watchdog;
  #queue: Ordered[] = [];
  #awaited: ReaderChannel | null = null;
  /** What the awaited channel was at when it was left behind: not always the range that is waited for. */
  #hung: Range | null = null;
  #next: number;

  constructor(order: ReadOrder, ahead: AheadOrder) {
    const { clock } = order.ports;
    this.#order = order;
    this.#ahead = ahead;
    this.#ranges = new RemoteRanges(ahead.channel, ahead.proof, order, () => this.#makeRoom());
    this.#recovery = new Recovery(order, this.#ranges);
    this.#filler = new SlotFiller(order.out, order.range.start, order.source.logicalSector, clock);
    this.#gate = new StopGate(order.stop);
    this.#pool = new ChannelPool(ahead.channel, ahead.connections);
    this.#watchdog = new Watchdog(clock, order.readTimeoutMs, () => {
      this.#hung = this.#awaited?.current ?? null;
      this.#awaited?.close();
    });
    this.#next = order.range.start;
  }

  async run(): Promise<void> {
    for (;;) {
      this.#orderAhead();
      const first = this.#queue.shift();
      if (first === undefined) return;
      const answer = await this.#answerTo(first);
      if (answer === 'stopped') return;
      // A place before it on its channel failed: it is read now, for nothing behind it can be used before.
      if (answer === 'not-read') this.#queue.unshift(this.#ask(first.range, first.channel));
      else if (answer === 'hung') await this.#takeApart(first.range);
      else if (answer !== 'again') await this.#take(first, answer);
    }
  }

  async close(): Promise<void> {
    this.#watchdog.close();
    // Also when it failed: what was read stays.
    await this.#filler.close(this.#order.range.end);
    this.#pool.close();
    this.#ranges.close();
  }

  /** `hung`: it gave nothing for too long, though the link lives; `again`: it was ordered anew, on another channel. */
  async #answerTo(first: Ordered): Promise<RangeAnswer | 'not-read' | 'stopped' | 'hung' | 'again'> {
    const { channel } = first;
    this.#hung = null;
    try {
      // What its start takes, and what a limit holds back, is no part of the read.
      if ((await this.#gate.wait(first.sent)) === 'stopped') return 'stopped';
      this.#awaited = channel;
      channel.heard = () => {
        this.#watchdog.begin();
      };
      this.#watchdog.begin();
      return await this.#gate.wait(first.answer);
    } catch (error) {
      return this.#lost(first, error, this.#hung);
    } finally {
      this.#watchdog.end();
      this.#awaited = null;
      channel.heard = null;
    }
  }

  #lost(first: Ordered, error: unknown, hung: Range | null): 'hung' | 'again' {
    const { channel, range } = first;
    const { proof } = this.#ahead;
    if (this.#ahead.channel.shell.lost.aborted || this.#order.stop.aborted) throw error;
    if (hung !== null) {
      proof.gaveUp({ code: 'ETIMEDOUT', at: hung.start, why: 'a read gave no answer' });
      if (hung !== range) this.#queue.unshift(first);
      this.#orderAnew(channel, true);
      return hung === range ? 'hung' : 'again';
    }
    this.#queue.unshift(first);
    if (isRefused(error) && this.#pool.size > 1) {
      proof.gaveUp({ code: 'remote.no-channel', at: range.start, why: messageOf(error) });
      this.#orderAnew(channel, false);
      return 'again';
    }
    const death = this.#deaths.goOnAfter(error, range.start);
    if (death === null) throw error;
    proof.gaveUp(death);
    this.#orderAnew(channel, true);
    return 'again';
  }

  /** What was ordered on a channel that is over with is ordered on others, in the order of the disk. */
  #orderAnew(channel: ReaderChannel, replace: boolean): void {
    if (replace) this.#pool.replace(channel);
    else this.#pool.drop(channel);
    const kept = this.#queue.map((each) => (each.channel === channel ? each.range : each));
    this.#queue = kept.filter((each) => 'channel' in each);
    this.#queue = kept.map((each) => ('channel' in each ? each : this.#ask(each, this.#idlest())));
  }

  /** The host gives no further channel, and one is wanted for a bad place. */
  #makeRoom(): boolean {
    const last = this.#pool.last();
    if (last === undefined || this.#pool.size === 1) return false;
    this.#ahead.proof.gaveUp({
      code: 'remote.no-channel',
      at: this.#filler.position,
      why: 'the host gives no further channel: one was closed for the reading of a bad place',
    });
    this.#orderAnew(last, false);
    return true;
  }

  #orderAhead(): void {
    const { ahead, rangeBytes } = this.#ahead;
    const { end } = this.#order.range;
    while (this.#queue.length < this.#pool.size * ahead && this.#next < end) {
      // Cut at multiples of the range, wherever the reading began.
      const to = Math.min((Math.floor(this.#next / rangeBytes) + 1) * rangeBytes, end);
      this.#queue.push(this.#ask({ start: this.#next, end: to }, this.#idlest()));
      this.#next = to;
    }
  }

  #idlest(): ReaderChannel {
    return this.#pool.idlest((channel) => this.#queue.filter((each) => each.channel === channel).length);
  }

  #ask(range: Range, channel: ReaderChannel): Ordered {
    const { clock } = this.#order.ports;
    const mode = (): WireMode => this.#ahead.modes.next(clock.monotonicMs());
    const { sent, answer } = channel.order(range, this.#order.blockBytes, mode);
    const told = (got: RangeAnswer | 'not-read'): void => {
      if (got !== 'not-read' && got.told.exit !== 0) channel.goOn();
    };
    // Whoever waits for it hears of its failure; until then nobody does.
    answer.then(told, () => undefined);
    return { range, channel, sent, answer };
  }

  /** Where in it the read hung nobody told: block by block, until one hangs. */
  async #takeApart(range: Range): Promise<void> {
    const { blockBytes, readTimeoutMs, log } = this.#order;
    const ms = readTimeoutMs ?? 0;
    if (lengthOf(range) <= blockBytes) return this.#recover(range, { errno: 'ETIMEDOUT', ms });
    log.failedRead(ms);
    const blocks: Range[] = [];
    for (let at = range.start; at < range.end; at += blockBytes)
      blocks.push({ start: at, end: Math.min(at + blockBytes, range.end) });
    const channel = this.#idlest();
    this.#queue.unshift(...blocks.map((block) => this.#ask(block, channel)));
  }

  async #take({ range }: Ordered, answer: RangeAnswer): Promise<void> {
    const { proof } = this.#ahead;
    const mismatch = mismatchOf(range, answer);
    if (mismatch !== null) {
      proof.mismatch(mismatch);
      // Once more, alone: a second mismatch ends the job.
      const again = await this.#ranges.readOnceMore(range, this.#order.blockBytes);
      await this.#good({ start: range.start, end: range.start + again.bytes.length }, [again.bytes]);
      if (again.failure !== null) await this.#recover(range, again.failure);
      return;
    }
    const errno = this.#judge(range, answer);
    if (errno === 'died') return;
    const got = { start: range.start, end: range.start + answer.length };
    if (lengthOf(got) > 0) proof.taken(got, answer.sha256 !== null, answer.crossing);
    this.#measure(range, answer);
    await this.#good(got, answer.parts);
    if (errno !== null) await this.#recover(range, { errno, ms: answer.crossing.ms });
  }

  /** Null: all of it came. A dd that died is asked for the range once more. */
  #judge(range: Range, answer: RangeAnswer): string | null {
    try {
      return failureOf(this.#ahead.channel, range, answer);
    } catch (error) {
      const death = this.#deaths.goOnAfter(error, range.start);
      if (death === null) throw error;
      this.#ahead.proof.gaveUp(death);
      this.#queue.unshift(this.#ask(range, this.#idlest()));
      return 'died';
    }
  }

  /** Small ranges tell little. */
  #measure(range: Range, { crossing: { mode, ms }, length }: RangeAnswer): void {
    if (length < this.#ahead.rangeBytes / 2 || length < lengthOf(range)) return;
    this.#ahead.modes.seen({ mode, bytes: length, ms }, this.#order.ports.clock.monotonicMs());
  }

  async #good(range: Range, parts: readonly Uint8Array[]): Promise<void> {
    if (lengthOf(range) === 0) return;
    this.#order.log.good(range);
    for (const part of parts) await this.#filler.append(part);
    this.#recovery.life.seen(range);
  }

  /** The block in which dd stopped is taken apart; what is left of the range behind it is ordered anew. */
  async #recover(range: Range, failure: { errno: string; ms: number }): Promise<void> {
    const at = this.#filler.position;
    const block = { start: at, end: Math.min(at + this.#order.blockBytes, range.end) };
    await this.#recovery.block(this.#filler, block, failure);
    if (this.#order.stop.aborted || block.end >= range.end) return;
    this.#queue.unshift(this.#ask({ start: block.end, end: range.end }, this.#idlest()));
  }
}
