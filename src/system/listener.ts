import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { createServer as createTlsServer, type Server as TlsServer, type TLSSocket } from 'node:tls';
import { errnoOf, messageOf } from '../model/errors.ts';
import { ArrivalStream, cutOff, type Arrival } from './arrival.ts';
import { collectLessOften } from './collector.ts';

/** A certificate of our own and its key, PEM. */
export interface ServerIdentity {
  readonly certificate: string;
  readonly key: string;
}

/** Somebody has connected; nothing was read, nothing was said. */
export interface Knock {
  readonly address: string;
  readonly port: number;
  /** Ends it at once, by a reset. */
  refuse(): void;
  /** Lets it in; with an identity, after a handshake of TLS, within so many milliseconds. */
  enter(limitMs: number): Promise<Arrival | NoEntry>;
}

/** The handshake of TLS did not come to its end. */
export interface NoEntry {
  readonly why: 'not-tls' | 'tls-failed';
  readonly said: string;
}

/** A port of ours. */
export interface Listener {
  readonly address: string;
  readonly port: number;
  /** Addresses of this station by which it can be reached, those of a network first. */
  readonly reachable: readonly string[];
  /** Stops listening and resets what is still connected. */
  close(): Promise<void>;
}

export interface ListenOrder {
  readonly host: string;
  readonly port: number;
  /** Null: plain. */
  readonly identity: ServerIdentity | null;
  readonly onKnock: (knock: Knock) => void;
}

/** Begins to listen. Rejects with Node's own error (`EADDRINUSE`, `EADDRNOTAVAIL`, `EACCES`). */
export type OpenListener = (order: ListenOrder) => Promise<Listener>;

/** Handshakes are limited by us; this one is only never to be what ends it. */
const NEVER_MS = 0x7fff_ffff;

export const openListener: OpenListener = async ({ host, port, identity, onKnock }) => {
  // Every read is a buffer of its own.
  collectLessOften();
  const sockets = new Set<Socket>();
  const tls = identity === null ? null : tlsServer(identity);
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 10_000 }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    onKnock(knockOf(socket, tls));
  });
  await listening(server, host, port);
  const bound = server.address() as AddressInfo;
  return {
    address: bound.address,
    port: bound.port,
    reachable: reachableAddresses(),
    close: async () => {
      for (const socket of sockets) cutOff(socket);
      await new Promise<void>((resolve) =>
        server.close(() => {
          resolve();
        }),
      );
    },
  };
};

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen({ host, port, exclusive: true, ipv6Only: false }, () => {
      server.removeListener('error', reject);
      // A connection that fails while it is taken (EMFILE, ECONNABORTED) is none.
      server.on('error', () => undefined);
      resolve();
    });
  });
}

/** Never listens itself: it is handed sockets whose address was looked at. */
function tlsServer({ certificate, key }: ServerIdentity): TlsServer {
  return createTlsServer({ cert: certificate, key, minVersion: 'TLSv1.2', handshakeTimeout: NEVER_MS });
}

function knockOf(socket: Socket, tls: TlsServer | null): Knock {
  return {
    // Undefined when it is gone already.
    address: socket.remoteAddress ?? '',
    port: socket.remotePort ?? 0,
    refuse: () => {
      cutOff(socket);
    },
    enter: (limitMs) =>
      tls === null ? Promise.resolve(new ArrivalStream(socket, null)) : shakeHands(socket, tls, limitMs),
  };
}

function shakeHands(socket: Socket, server: TlsServer, limitMs: number): Promise<Arrival | NoEntry> {
  return new Promise((resolve) => {
    const settle = (answer: Arrival | NoEntry): void => {
      clearTimeout(timer);
      server.off('secureConnection', secured).off('tlsClientError', failed);
      socket.off('close', closed);
      if ('why' in answer) cutOff(socket);
      resolve(answer);
    };
    const isOurs = (other: TLSSocket): boolean =>
      other.remotePort === socket.remotePort && other.remoteAddress === socket.remoteAddress;
    const secured = (secure: TLSSocket): void => {
      if (isOurs(secure)) settle(new ArrivalStream(secure, socket));
    };
    const failed = (error: Error, secure: TLSSocket): void => {
      if (isOurs(secure) || socket.destroyed) settle(noEntry(error));
    };
    const closed = (): void => {
      settle({ why: 'tls-failed', said: 'it ended during the handshake' });
    };
    const timer = setTimeout(() => {
      settle({ why: 'tls-failed', said: `no handshake within ${limitMs / 1000} seconds` });
    }, limitMs);
    server.on('secureConnection', secured).on('tlsClientError', failed);
    socket.on('close', closed);
    server.emit('connection', socket);
  });
}

/** What OpenSSL calls bytes that are no record of TLS: plain data, HTTP, a version that never was. */
const NOT_TLS = new Set(['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_HTTP_REQUEST', 'ERR_SSL_PACKET_LENGTH_TOO_LONG']);

function noEntry(error: Error): NoEntry {
  const code = errnoOf(error) ?? '';
  return { why: NOT_TLS.has(code) ? 'not-tls' : 'tls-failed', said: code === '' ? messageOf(error) : code };
}

function reachableAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ address }) => !address.startsWith('fe80:'))
    .sort((a, b) => Number(a.internal) - Number(b.internal) || a.family.localeCompare(b.family))
    .map(({ address }) => address);
}
