import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { atEnd } from './temp.ts';

/** A link between us and a server on loopback that can be made slow, silent, or be cut; it limits no rate. */
export interface Link {
  readonly port: number;
  /** Milliseconds that every byte takes, each way. */
  delayMs: number;
  /** Nothing passes any more, in either direction, and nobody is told; false: what was held back passes. */
  stall(on: boolean): void;
  /** Both ends are reset. */
  cut(): void;
  /** Bytes that came from the server. */
  readonly received: number;
}

/** @param target the port of the server, asked for each connection */
export async function startLink(t: TestContext, target: number | (() => number)): Promise<Link> {
  const sockets = new Set<Socket>();
  const state = { delayMs: 0, stalled: false, received: 0, held: [] as (() => void)[] };
  const pass = (from: Socket, to: Socket, count: (bytes: number) => void): void => {
    sockets.add(from);
    from.on('error', () => undefined);
    from.on('data', (bytes) => {
      count(bytes.length);
      const send = (): void => {
        if (state.stalled) state.held.push(send);
        else if (!to.destroyed) to.write(bytes);
      };
      if (state.delayMs === 0) send();
      else setTimeout(send, state.delayMs);
    });
    from.on('close', () => {
      sockets.delete(from);
      // A stalled link carries no farewell either.
      if (!state.stalled) setTimeout(() => to.destroy(), state.delayMs);
    });
  };
  const server = createServer({ noDelay: true }, (client) => {
    const onward = connect({ port: typeof target === 'number' ? target : target(), host: '127.0.0.1', noDelay: true });
    pass(client, onward, () => undefined);
    pass(onward, client, (bytes) => (state.received += bytes));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  atEnd(t, async () => {
    state.stalled = false;
    cut();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    port: (server.address() as AddressInfo).port,
    get delayMs() {
      return state.delayMs;
    },
    set delayMs(ms) {
      state.delayMs = ms;
    },
    get received() {
      return state.received;
    },
    stall(on) {
      state.stalled = on;
      if (!on) for (const send of state.held.splice(0)) send();
    },
    cut,
  };
}
