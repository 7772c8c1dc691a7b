import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { errnoOf } from '../model/errors.ts';

/** Why no more bytes come. */
export interface ArrivalEnd {
  /** `closed`: the other side said that it was all; `reset`: the connection broke; `ours`: we ended it. */
  readonly ended: 'closed' | 'reset' | 'ours';
  readonly errno: string | null;
}

/** A connection that was let in. */
export interface Arrival {
  readonly tls: { readonly protocol: string; readonly cipher: string } | null;
  /** What is here already, without waiting; null: nothing. */
  ready(): Uint8Array | null;
  /** The next bytes, in order, or why there are none. One call at a time. */
  next(): Promise<Uint8Array | ArrivalEnd>;
  /** Puts back what was not used: the next `next` gives it. */
  unread(bytes: Uint8Array): void;
  /** Ends it in good order: all that came was wanted. */
  close(): void;
  /** Cuts it: whoever sends notices at once. */
  cut(): void;
}

/** Bytes that wait for us before the sender is slowed down. */
const MOST_WAITING = 4 * 1024 * 1024;
/** A sender that does not take our farewell. */
const FAREWELL_MS = 2000;

/** Sockets whose sending side was ended, by us or by Node when the other side ended. */
const ended = new WeakSet<Socket>();

/**
 * Ends a connection at once; by a reset where that can be. A handle of libuv that is being shut down refuses the reset,
 * Node then never closes it, and the process can't end (Node 20.20, `TCPWrap::Reset`; seen as a busy loop at exit).
 */
export function cutOff(socket: Socket): void {
  if (ended.has(socket) || socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

export class ArrivalStream implements Arrival {
  readonly tls: Arrival['tls'];
  readonly #socket: Socket;
  readonly #raw: Socket;
  readonly #queue: Uint8Array[] = [];
  #waiting = 0;
  #end: ArrivalEnd | null = null;
  #wake: (() => void) | null = null;

  /** @param below the socket that carries the TLS; null: there is none */
  constructor(socket: Socket, below: Socket | null) {
    this.#socket = socket;
    this.#raw = below ?? socket;
    this.tls = socket instanceof TLSSocket ? factsOf(socket) : null;
    socket
      .on('data', (bytes: Buffer) => {
        this.#queue.push(bytes);
        this.#waiting += bytes.length;
        if (this.#waiting >= MOST_WAITING) socket.pause();
        this.#wake?.();
      })
      .on('end', () => {
        ended.add(this.#raw);
        this.#ended({ ended: 'closed', errno: null });
      })
      .on('error', (error) => {
        this.#ended({ ended: 'reset', errno: errnoOf(error) ?? null });
      })
      .on('close', () => {
        this.#ended({ ended: 'reset', errno: null });
      });
  }

  ready(): Uint8Array | null {
    const bytes = this.#queue.shift() ?? null;
    this.#waiting -= bytes?.length ?? 0;
    if (this.#waiting < MOST_WAITING / 2 && this.#socket.isPaused()) this.#socket.resume();
    return bytes;
  }

  async next(): Promise<Uint8Array | ArrivalEnd> {
    for (;;) {
      const bytes = this.ready();
      if (bytes !== null) return bytes;
      if (this.#end !== null) return this.#end;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  unread(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#queue.unshift(bytes);
    this.#waiting += bytes.length;
  }

  close(): void {
    this.#ended({ ended: 'ours', errno: null });
    ended.add(this.#raw);
    const timer = setTimeout(() => {
      this.#raw.destroy();
    }, FAREWELL_MS);
    this.#raw.once('close', () => {
      clearTimeout(timer);
    });
    this.#socket.resume().end();
  }

  cut(): void {
    this.#ended({ ended: 'ours', errno: null });
    cutOff(this.#raw);
    this.#socket.destroy();
  }

  /** The first reason stays. What came before it is still given. */
  #ended(end: ArrivalEnd): void {
    this.#end ??= end;
    this.#wake?.();
  }
}

function factsOf(socket: TLSSocket): Arrival['tls'] {
  return { protocol: socket.getProtocol() ?? 'unknown', cipher: socket.getCipher().name };
}
