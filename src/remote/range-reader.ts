import { bug, ExhibitError } from '../model/errors.ts';
import { lengthOf, type Range } from '../model/range.ts';
import { placeOf } from '../model/remote-faults.ts';
import { visible } from '../model/text.ts';
import type { ClosableRangeReader, ProbeAnswer } from '../read/probe.ts';
import { Watchdog } from '../read/watchdog.ts';
import type { Clock } from '../system/clock.ts';
import { Deaths, type GivenUp } from './channel-pool.ts';
import type { Crossing, RangeAnswer } from './range-answer.ts';
import { ReaderChannel, type ChannelOrder } from './reader-channel.ts';
import { whenThereIsRoom } from './shell.ts';

/** A range whose hash over there is not that of what came. */
export interface Mismatch extends Range {
  readonly told: string;
  readonly ours: string;
}

/** Told of what the target told of each range that was taken. */
export interface ProofLog {
  /** @param hashed the target told a hash of what it sent, and it is ours */
  taken(range: Range, hashed: boolean, crossing: Pick<Crossing, 'mode' | 'wire'>): void;
  mismatch(mismatch: Mismatch): void;
  /** A program over there was left or died, and another one goes on. */
  gaveUp(program: GivenUp): void;
}

/** When a range is not waited for any longer. */
export interface RangeLimits {
  /** Milliseconds; null: never. */
  readonly readTimeoutMs: number | null;
  readonly stop: AbortSignal | null;
}

/** Into so many a range is split whose read hung. */
const PARTS = 16;

const NO_LIMITS: RangeLimits = { readTimeoutMs: null, stop: null };

/**
 * Ranges of a disk over there, one at a time, as the recovery of bad places and the rescue ask for them. A loop that died
 * is replaced at the next read; what ended it is the caller's to judge.
 */
export class RemoteRanges implements ClosableRangeReader {
  readonly #order: ChannelOrder;
  readonly #proof: ProofLog;
  readonly #clock: Clock;
  readonly #limits: RangeLimits;
  readonly #watchdog: Watchdog;
  readonly #makeRoom: () => boolean;
  readonly #deaths = new Deaths();
  #channel: ReaderChannel | null = null;
  readonly #stopped = (): void => {
    this.#channel?.close();
  };

  /** @param makeRoom gives up a channel that somebody else has; false: there is none to give up */
  constructor(order: ChannelOrder, proof: ProofLog, limits = NO_LIMITS, makeRoom = () => false) {
    this.#order = order;
    this.#makeRoom = makeRoom;
    this.#proof = proof;
    this.#clock = order.clock;
    this.#limits = limits;
    this.#watchdog = new Watchdog(order.clock, limits.readTimeoutMs, () => {
      this.#channel?.close();
    });
    limits.stop?.addEventListener('abort', this.#stopped);
  }

  /** As `Probe.read`: single reads cut at multiples of `unit`, up to the first that fails. */
  read(range: Range, unit = lengthOf(range)): Promise<ProbeAnswer> {
    return this.#read(range, unit, false);
  }

  /** A range whose hash did not fit when it was read ahead: this is the second reading, and there is no third. */
  readOnceMore(range: Range, unit: number): Promise<ProbeAnswer> {
    return this.#read(range, unit, true);
  }

  async #read(range: Range, unit: number, second: boolean): Promise<ProbeAnswer> {
    const parts: Buffer[] = [];
    let goodMs = 0;
    const left = cutAt(range, unit);
    for (let part = left.shift(); part !== undefined; part = left.shift()) {
      const answer = await this.#untilJudged(part, unit, second);
      // Where in it the read hung nobody told.
      const smaller = answer === null ? splitAt(part, unit) : [];
      if (smaller.length > 1) {
        left.unshift(...smaller);
        continue;
      }
      if (answer === null) {
        const ms = this.#limits.readTimeoutMs ?? 0;
        return { bytes: Buffer.concat(parts), failure: { errno: 'ETIMEDOUT', ms }, goodMs };
      }
      const { bytes, failure, ms } = answer;
      parts.push(bytes);
      if (failure !== null) return { bytes: Buffer.concat(parts), failure: { errno: failure, ms }, goodMs };
      goodMs += ms;
    }
    return { bytes: Buffer.concat(parts), failure: null, goodMs };
  }

  close(): void {
    this.#limits.stop?.removeEventListener('abort', this.#stopped);
    this.#watchdog.close();
    this.#channel?.close();
  }

  /** What came, the errno of what failed, and what it took; null: nothing came for too long. A program that dies is replaced a few times. */
  async #untilJudged(
    part: Range,
    unit: number,
    second: boolean,
  ): Promise<{ bytes: Buffer; failure: string | null; ms: number } | null> {
    for (;;) {
      try {
        const answer = await this.#inTime(part, unit, second);
        if (answer === null) return null;
        const failure = failureOf(this.#order, part, answer);
        this.#count(part, answer);
        return { bytes: answer.bytes, failure, ms: answer.crossing.ms };
      } catch (error) {
        if (this.#order.shell.lost.aborted || this.#limits.stop?.aborted === true) throw error;
        const death = this.#deaths.goOnAfter(error, part.start);
        if (death === null) throw error;
        this.#proof.gaveUp(death);
      }
    }
  }

  /** Null: nothing came for too long, though the link lives; the program over there is left behind. */
  async #inTime(part: Range, unit: number, second: boolean): Promise<RangeAnswer | null> {
    this.#watchdog.forget();
    try {
      return await this.#taken(part, unit, second);
    } catch (error) {
      if (!this.#watchdog.hasBitten || this.#order.shell.lost.aborted) throw error;
      const why = 'a read gave no answer';
      this.#proof.gaveUp({ code: 'ETIMEDOUT', at: part.start, why });
      return null;
    } finally {
      this.#watchdog.end();
    }
  }

  /** A hash that does not fit is read once more: a live disk may have changed, a second mismatch is none of its doing. */
  async #taken(range: Range, unit: number, isSecond: boolean): Promise<RangeAnswer> {
    const first = await this.#ask(range, unit);
    const mismatch = mismatchOf(range, first);
    if (mismatch === null) return first;
    this.#proof.mismatch(mismatch);
    if (isSecond) throw damaged(this.#order, mismatch);
    const second = await this.#ask(range, unit);
    const again = mismatchOf(range, second);
    if (again === null) return second;
    this.#proof.mismatch(again);
    throw damaged(this.#order, again);
  }

  #count(range: Range, answer: RangeAnswer): void {
    const taken = { start: range.start, end: range.start + answer.length };
    if (answer.length > 0) this.#proof.taken(taken, answer.sha256 !== null, answer.crossing);
  }

  async #ask(range: Range, unit: number): Promise<RangeAnswer> {
    const channel = await this.#opened();
    const { sent, answer: ordered } = channel.order(range, unit, () => 'none');
    await sent;
    // What its start takes, and what a limit holds back, is no part of the read.
    this.#watchdog.begin();
    channel.heard = () => {
      this.#watchdog.begin();
    };
    try {
      const answer = await ordered;
      // Only one range is ordered at a time, and after a failure the loop is told to go on.
      if (answer === 'not-read') throw bug('a range was left out though nothing failed before it');
      if (answer.told.exit !== 0) channel.goOn();
      return answer;
    } finally {
      channel.heard = null;
      this.#watchdog.end();
    }
  }

  #opened(): Promise<ReaderChannel> {
    const open = async (): Promise<ReaderChannel> => {
      const channel = this.#channel?.usable === true ? this.#channel : new ReaderChannel(this.#order);
      this.#channel = channel;
      try {
        await channel.hello;
        return channel;
      } catch (error) {
        this.#channel = null;
        throw error;
      }
    };
    return whenThereIsRoom(open, this.#clock, this.#limits.stop, this.#makeRoom);
  }
}

/** The first part ends at a multiple of `unit`, so that every read of the second begins at one. */
function cutAt(range: Range, unit: number): Range[] {
  const edge = Math.ceil(range.start / unit) * unit;
  const single = unit >= lengthOf(range);
  if (single || edge === range.start || edge >= range.end) return [range];
  return [
    { start: range.start, end: edge },
    { start: edge, end: range.end },
  ];
}

/** Parts of whole units; one: it is a single read already. */
function splitAt(range: Range, unit: number): Range[] {
  const units = Math.ceil(lengthOf(range) / unit);
  const size = Math.ceil(units / PARTS) * unit;
  const parts: Range[] = [];
  for (let at = range.start; at < range.end; at += size) parts.push({ start: at, end: Math.min(at + size, range.end) });
  return parts;
}

/** Null: the target told no hash, or the one that is ours. */
export function mismatchOf({ start }: Range, { length, told, sha256 }: RangeAnswer): Mismatch | null {
  if (told.sha256 === null || sha256 === null || told.sha256 === sha256) return null;
  return { start, end: start + length, told: told.sha256, ours: sha256 };
}

/** The errno of a read that failed; null: everything came. Throws for what is no failing read. */
export function failureOf(
  { path, shell }: Pick<ChannelOrder, 'path' | 'shell'>,
  range: Range,
  { length, told }: Pick<RangeAnswer, 'length' | 'told'>,
): string | null {
  if (told.exit === 0 && length === lengthOf(range)) return null;
  if (told.exit !== 0 && told.errno !== null) return told.errno;
  const at = range.start + length;
  const where = `${visible(path)} on ${placeOf(shell.facts.address)}`;
  if (told.exit === 0) {
    throw new ExhibitError('source', 'source.ended-early', `${where} ended at byte ${at}, before ${range.end}.`, {
      hint: 'Its size was told wrongly, or it was cut meanwhile. What was read is kept.',
    });
  }
  const said = told.complaint === '' ? '' : `: ${visible(told.complaint)}`;
  throw new ExhibitError(
    'source',
    'remote.reader-died',
    `dd ended with status ${told.exit ?? 'unknown'} at byte ${at} of ${where}${said}.`,
    {
      hint: 'No sector was marked bad for it. See what ended it over there.',
    },
  );
}

function damaged(
  { path, shell }: Pick<ChannelOrder, 'path' | 'shell'>,
  { start, end, told, ours }: Mismatch,
): ExhibitError {
  const what = `Bytes ${start} to ${end - 1} of ${visible(path)} on ${placeOf(shell.facts.address)}`;
  return new ExhibitError(
    'damage',
    'remote.hash-mismatch',
    `${what} did not arrive as they were sent, twice: ${told} there, ${ours} here.`,
    {
      hint: 'The memory of one of the machines, or a program over there, changes what is read. Nothing of this range was kept.',
    },
  );
}
