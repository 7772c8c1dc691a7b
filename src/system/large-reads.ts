import type { Socket, OnReadOpts } from 'node:net';

/** Bytes of one read of a socket: as little as Node itself takes, and as much as a fast link fills. */
const SMALLEST = 64 * 1024;
const LARGEST = 1024 * 1024;

/**
 * Reads of a socket that grow while they come back full. Node's own are 64 KiB: most packets of SSH then lie across two of
 * them, and are put together by a copy. Every read has memory of its own: whoever gets it may keep it.
 */
export class LargeReads {
  #socket: Socket | null = null;
  #size = SMALLEST;
  /** What came before anybody listened. */
  #early: Buffer[] = [];

  readonly options: OnReadOpts = {
    buffer: () => Buffer.allocUnsafeSlow(this.#size),
    callback: (bytes, buffer) => {
      if (bytes === buffer.length) this.#size = Math.min(this.#size * 2, LARGEST);
      else if (bytes < buffer.length / 4) this.#size = Math.max(this.#size / 2, SMALLEST);
      this.#give(Buffer.from(buffer.buffer, buffer.byteOffset, bytes));
      return true;
    },
  };

  /** Gives what comes to the socket's `data` listeners, as Node's own reads do. */
  for(socket: Socket): void {
    this.#socket = socket;
    socket.on('newListener', (event) => {
      if (event !== 'data' || this.#early.length === 0) return;
      // The listener is there when this turn is over.
      process.nextTick(() => {
        for (const part of this.#early.splice(0)) socket.emit('data', part);
      });
    });
  }

  #give(part: Buffer): void {
    if (this.#early.length > 0 || this.#socket?.listenerCount('data') === 0) this.#early.push(part);
    else this.#socket?.emit('data', part);
  }
}
