import { messageOf } from '../../model/errors.ts';
import { Deaths } from '../../remote/channel-pool.ts';
import { ReaderChannel, type ChannelOrder } from '../../remote/reader-channel.ts';
import { isRefused, whenThereIsRoom } from '../../remote/shell.ts';
import type { RemoteAccount } from './account.ts';

/**
 * A program over there that is asked for nothing: it holds the disk open, so that its number stays its own. One that ends
 * while the link lives goes on record, and another one takes its place; one that can't is no longer replaced.
 */
export class Keeper {
  readonly #order: ChannelOrder;
  readonly #account: Pick<RemoteAccount, 'gaveUp' | 'position'>;
  readonly #deaths = new Deaths();
  readonly #closed = new AbortController();
  #channel: ReaderChannel | null = null;

  constructor(order: ChannelOrder, account: Pick<RemoteAccount, 'gaveUp' | 'position'>) {
    this.#order = order;
    this.#account = account;
  }

  /**
   * Resolves when it holds the disk. Rejects as `ReaderChannel.hello` does.
   * @param stop nobody waits for it any longer
   */
  async hold(stop: AbortSignal): Promise<void> {
    const close = (): void => {
      this.close();
    };
    stop.addEventListener('abort', close, { once: true });
    if (stop.aborted) this.close();
    try {
      await this.#begin();
    } finally {
      stop.removeEventListener('abort', close);
    }
  }

  close(): void {
    this.#closed.abort();
    this.#channel?.close();
  }

  async #begin(): Promise<void> {
    const channel = new ReaderChannel(this.#order);
    this.#channel = channel;
    if (this.#closed.signal.aborted) channel.close();
    await channel.hello;
    const ended = (): void => {
      this.#replace(channel.over.reason);
    };
    if (channel.over.aborted) ended();
    else channel.over.addEventListener('abort', ended);
  }

  #replace(why: unknown): void {
    // Who reads finds out of a lost link by itself.
    if (this.#closed.signal.aborted || this.#order.shell.lost.aborted) return;
    const { position: at } = this.#account;
    const code = isRefused(why) ? 'remote.no-channel' : 'remote.reader-died';
    this.#account.gaveUp({ code, at, why: `the program that held the disk open: ${messageOf(why)}` });
    if (this.#deaths.goOnAfter(why, at) === null) return;
    const { shell, clock } = this.#order;
    // One that does not begin has ended, too. That the disk is another one by now is told by whoever reads it next.
    whenThereIsRoom(() => this.#begin(), clock, AbortSignal.any([this.#closed.signal, shell.lost])).catch(
      (error: unknown) => {
        this.#replace(error);
      },
    );
  }
}
