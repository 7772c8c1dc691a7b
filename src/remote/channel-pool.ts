import { ExhibitError } from '../model/errors.ts';
import { ReaderChannel, type ChannelOrder } from './reader-channel.ts';

/** A program over there that was given up while the link lived, and where the reading stood. */
export interface GivenUp {
  /** `remote.reader-died`, `remote.no-channel`; `ETIMEDOUT`: it gave no answer for too long. */
  readonly code: string;
  /** Offset on the source. */
  readonly at: number;
  /** Untrusted text in it. */
  readonly why: string;
}

/** How often one place may end the program that reads it, and all places of one reading. */
const DEATHS_OF_A_PLACE = 2;
const DEATHS_IN_ALL = 20;

/** Judges whether a program that broke off is replaced: its machine may have ended it for reasons of its own, once or twice. */
export class Deaths {
  #at = -1;
  #here = 0;
  #all = 0;

  /** What is put on record when it is gone on with; null: what ended it has to end the reading. */
  goOnAfter(error: unknown, at: number): GivenUp | null {
    if (!(error instanceof ExhibitError) || error.code !== 'remote.reader-died') return null;
    this.#here = at === this.#at ? this.#here + 1 : 1;
    this.#at = at;
    this.#all += 1;
    if (this.#here > DEATHS_OF_A_PLACE || this.#all > DEATHS_IN_ALL) return null;
    return { code: error.code, at, why: error.message };
  }
}

/** The channels of a reading: as many as were asked for, or as the host gives. */
export class ChannelPool {
  readonly #order: ChannelOrder;
  readonly #channels: ReaderChannel[];

  constructor(order: ChannelOrder, connections: number) {
    this.#order = order;
    this.#channels = Array.from({ length: connections }, () => new ReaderChannel(order));
  }

  get size(): number {
    return this.#channels.length;
  }

  /** The one with the fewest orders, as `orders` counts them. */
  idlest(orders: (channel: ReaderChannel) => number): ReaderChannel {
    return this.#channels.reduce((best, each) => (orders(each) < orders(best) ? each : best));
  }

  /** Another one in its place. */
  replace(channel: ReaderChannel): void {
    this.drop(channel);
    this.#channels.push(new ReaderChannel(this.#order));
  }

  drop(channel: ReaderChannel): void {
    channel.close();
    const index = this.#channels.indexOf(channel);
    if (index !== -1) this.#channels.splice(index, 1);
  }

  last(): ReaderChannel | undefined {
    return this.#channels.at(-1);
  }

  close(): void {
    for (const channel of this.#channels) channel.close();
  }
}
