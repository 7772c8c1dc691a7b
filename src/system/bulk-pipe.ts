import { createServer, connect, type Socket } from 'node:net';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** As much as the kernel queues in a Unix socket and more: one read takes all that is there (measured: 213 KiB). */
const READ_BYTES = 1024 * 1024;

/** A pipe for a child's standard output that costs no allocation a read: about half the CPU of Node's own pipes. */
export interface BulkPipe {
  /** The child's end. To be destroyed here as soon as the child has its copy, or the end of its output never shows. */
  readonly childEnd: Socket;
  /** What came, or null at the end. The bytes are valid until the next call. */
  next(): Promise<Uint8Array | null>;
  /** Ends the reading now; a `next` that waits gives null. */
  close(): void;
}

/** A connected pair of Unix sockets, whose name is gone from the file system before anything is sent. */
export async function openBulkPipe(): Promise<BulkPipe> {
  const folder = await mkdtemp(join(tmpdir(), 'exhibit-pipe-'));
  const handle = await open(folder, 'r');
  const server = createServer({ pauseOnConnect: true });
  try {
    // Through the descriptor: a socket's name takes 107 bytes (unix(7)), and more is cut without a word.
    const path = `/proc/self/fd/${handle.fd}/socket`;
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
    const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
    const reader = new Reader(path);
    await reader.connected;
    return {
      childEnd: await accepted,
      next: () => reader.next(),
      close: () => {
        reader.close();
      },
    };
  } finally {
    server.close();
    await handle.close();
    await rm(folder, { recursive: true, force: true });
  }
}

class Reader {
  readonly connected: Promise<void>;
  readonly #socket: Socket;
  #ready: Uint8Array | null = null;
  #waiting: ((bytes: Uint8Array | null) => void) | null = null;
  #ended = false;

  constructor(path: string) {
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    // False: no more reading until somebody asks, so that the buffer stays as it is.
    const callback = (length: number): boolean => {
      this.#give(buffer.subarray(0, length));
      return false;
    };
    this.#socket = connect({ path, onread: { buffer, callback } });
    this.connected = new Promise((resolve, reject) => this.#socket.once('connect', resolve).once('error', reject));
    this.#socket
      .once('end', () => {
        this.#end();
      })
      .once('close', () => {
        this.#end();
      });
  }

  next(): Promise<Uint8Array | null> {
    const ready = this.#ready;
    this.#ready = null;
    if (ready !== null || this.#ended) return Promise.resolve(ready);
    return new Promise((resolve) => {
      this.#waiting = resolve;
      this.#socket.resume();
    });
  }

  close(): void {
    this.#end();
    this.#socket.destroy();
  }

  #give(bytes: Uint8Array): void {
    if (this.#waiting === null) this.#ready = bytes;
    else this.#wake(bytes);
  }

  #end(): void {
    this.#ended = true;
    if (this.#waiting !== null) this.#wake(null);
  }

  #wake(bytes: Uint8Array | null): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.(bytes);
  }
}
