import { createHash } from 'node:crypto';
import { compareTold, isWholeEnd, type StreamEnd, type ToldEnd } from '../model/listen.ts';
import type { Range } from '../model/range.ts';
import type { ArrivalEnd } from '../system/arrival.ts';
import type { Clock } from '../system/clock.ts';
import type { LiveStream } from './door.ts';
import { Patience } from './patience.ts';
import { within } from './within.ts';

/** How long is waited, in milliseconds. */
export interface StreamLimits {
  /** For further bytes, before the stream counts as dead. A drive with a bad sector says nothing for half a minute. */
  readonly stallMs: number;
  /** For the end of a stream that has given all its bytes. */
  readonly endMs: number;
  /** For its end to be told, when it has ended. */
  readonly tellMs: number;
}

/** One stream that was let in, and where it goes. */
export interface StreamOrder {
  readonly stream: LiveStream;
  /** What is to come of the disk: from where it stands to its end. */
  readonly range: Range;
  readonly sector: number;
  readonly clock: Clock;
  readonly limits: StreamLimits;
  readonly stop: AbortSignal;
  /** Takes bytes of the disk, whole sectors at a time, in order. */
  readonly take: (bytes: Uint8Array) => Promise<void>;
  /** Told how it ended, before anything comes of that: the last sector is taken when this has resolved. */
  readonly ended: (result: StreamResult) => Promise<void>;
}

/** What came of a stream, however it ended. */
export interface StreamResult {
  readonly end: StreamEnd;
  /** Bytes that arrived, of the sector that was kept back and of what was too much, too. */
  readonly received: number;
  readonly told: ToldEnd | null;
  /** Of what arrived; null: nobody tells what was sent. */
  readonly sha256: string | null;
}

/** Once the end was told: what is still on its way comes within so long. */
const ON_ITS_WAY_MS = 3000;

/**
 * Receives one stream. Its last sector is taken only when the stream has ended as it should: what went wrong at the end
 * leaves an image that is not whole, however many bytes came.
 */
export class StreamReceiver {
  readonly #order: StreamOrder;
  readonly #length: number;
  readonly #hash;
  #told: ToldEnd | null = null;
  readonly #patience: Patience;
  #received = 0;
  #taken = 0;
  /** What arrived and was not taken: less than a sector, or the last one. */
  #kept: Buffer = Buffer.alloc(0);

  constructor(order: StreamOrder) {
    this.#order = order;
    this.#length = order.range.end - order.range.start;
    this.#hash = order.stream.tells ? createHash('sha256') : null;
    this.#patience = new Patience(order.clock, order.stop);
    // One reaction for the whole stream: a promise keeps each of them until it is settled.
    void order.stream.end.then((told) => {
      this.#told = told;
      this.#patience.interrupt();
    });
  }

  /** Rejects with what `take` and `ended` reject with; the connection is cut then. */
  async run(): Promise<StreamResult> {
    const { stream, ended, take } = this.#order;
    let good = false;
    try {
      const end = await this.#judge(await this.#receive());
      const result = { end, received: this.#received, told: this.#told, sha256: this.#sha256 };
      await ended(result);
      if (isWholeEnd(end)) {
        await take(this.#kept);
        stream.arrival.close();
        good = true;
      }
      return result;
    } finally {
      this.#patience.close();
      if (!good) stream.arrival.cut();
    }
  }

  async #receive(): Promise<StreamEnd> {
    for (;;) {
      const all = this.#received === this.#length;
      const next = await this.#next(all);
      if (next instanceof Uint8Array) {
        if (!(await this.#accept(next))) return 'too-much';
      } else if (next === 'stopped') return 'stopped';
      else if (next === 'late') return all ? 'left-open' : this.#told === null ? 'stalled' : 'ended-early';
      else if (all) return 'complete';
      else return next.ended === 'closed' ? 'ended-early' : 'reset';
    }
  }

  /** The next bytes, or why there are none. */
  async #next(all: boolean): Promise<Uint8Array | ArrivalEnd | 'late' | 'stopped'> {
    const { limits, stream } = this.#order;
    const ready = stream.arrival.ready();
    if (ready !== null) return ready;
    const bytes = stream.arrival.next();
    const limit = all ? limits.endMs : limits.stallMs;
    for (;;) {
      const shorter = this.#told === null ? limit : Math.min(limit, ON_ITS_WAY_MS);
      const came = await this.#patience.until(shorter, bytes);
      if (came !== 'told') return came;
    }
  }

  /** False: that is more than was promised. */
  async #accept(bytes: Uint8Array): Promise<boolean> {
    this.#received += bytes.length;
    const { sector, take } = this.#order;
    if (this.#received > this.#length) return false;
    this.#hash?.update(bytes);
    const whole = Math.floor(this.#received / sector) * sector;
    const due = Math.min(whole, this.#length - sector) - this.#taken;
    if (due <= 0) {
      this.#kept = Buffer.concat([this.#kept, bytes]);
      return true;
    }
    const fresh = due - this.#kept.length;
    if (this.#kept.length > 0) await take(this.#kept);
    await take(bytes.subarray(0, fresh));
    this.#kept = Buffer.from(bytes.subarray(fresh));
    this.#taken += due;
    return true;
  }

  /** What was told of the end, where it was to be told, is heard before the last sector is taken. */
  async #judge(came: StreamEnd): Promise<StreamEnd> {
    const end = (await this.#isStopped(came)) ? 'stopped' : came;
    const told = this.#told;
    if (told === null) return end;
    if (compareTold({ end, received: this.#received, told, sha256: this.#sha256 }) === 'differs') return 'hash-differs';
    return isWholeEnd(end) && told.exit !== null && told.exit !== 0 ? 'sender-failed' : end;
  }

  /** Waits for the end to be told, where it still may be; whether we were told to stop in that time. */
  async #isStopped(end: StreamEnd): Promise<boolean> {
    const { clock, limits, stop, stream } = this.#order;
    if (end === 'stopped' || end === 'too-much' || end === 'stalled' || !stream.tells) return false;
    return (await within(clock, limits.tellMs, stop, stream.end)) === 'stopped';
  }

  /** Of what has arrived; null: nobody tells what was sent. */
  get #sha256(): string | null {
    return this.#hash?.copy().digest('hex') ?? null;
  }
}
