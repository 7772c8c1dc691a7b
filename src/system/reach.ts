import { connect, type Socket } from 'node:net';
import { errnoOf, messageOf, type ExhibitError } from '../model/errors.ts';
import type { RemoteAddress } from '../model/remote.ts';
import { LargeReads } from './large-reads.ts';
import { linkClosed, noSuchHost, unreachable } from '../model/remote-faults.ts';

const CONNECT_MS = 15_000;
const SSH_PORT = 22;

/** A TCP connection, over whichever of the host's addresses answers. Throws `remote.unreachable`, `remote.no-such-host`. */
export async function reach(address: RemoteAddress, signal: AbortSignal): Promise<Socket> {
  const reads = new LargeReads();
  const onread = reads.options;
  const socket = connect({ host: address.host, port: address.port ?? SSH_PORT, noDelay: true, onread });
  reads.for(socket);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      socket.destroy(new Error(`no answer within ${CONNECT_MS / 1000} seconds`));
    }, CONNECT_MS);
    const stop = (): void => {
      socket.destroy(linkClosed(address));
    };
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    const settled = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      socket.removeListener('error', failed);
    };
    const failed = (error: Error): void => {
      settled();
      reject(signal.aborted ? linkClosed(address) : whyNot(address, error));
    };
    socket.on('error', failed).once('connect', () => {
      settled();
      resolve(socket);
    });
  });
}

const MEANINGS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens on that port',
  EHOSTUNREACH: 'there is no way to it',
  ENETUNREACH: 'there is no way to its network',
  ETIMEDOUT: 'it does not answer',
  ECONNRESET: 'it ended the connection at once',
};

function whyNot(address: RemoteAddress, error: Error): ExhibitError {
  const errno = errnoOf(error) ?? '';
  // EAI_AGAIN: the name service did not answer; the name may exist.
  if (errno === 'ENOTFOUND') return noSuchHost(address, error);
  if (errno === 'EAI_AGAIN') return unreachable(address, `no name service could say where ${address.host} is`, error);
  // Several addresses were tried: an AggregateError has no message of its own.
  const all = error instanceof AggregateError ? error.errors.map(messageOf).join('; ') : error.message;
  const meaning = MEANINGS[errno];
  return unreachable(address, meaning === undefined ? all : `${meaning} (${errno})`, error);
}
