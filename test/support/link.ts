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
  /** One bit of the server's byte at this place of a connection is turned on its way, once. */
  flip(at: number): void;
}

/** @param target the port of the server, asked for each connection */
export async function startLink(t: TestContext, target: number | (() => number)): Promise<Link> {
  const sockets = new Set<Socket>();
  const state = { delayMs: 0, stalled: false, received: 0, held: [] as (() => void)[], flipAt: null as number | null };
  const pass = (from: Socket, to: Socket, count: (bytes: Buffer) => void): void => {
    sockets.add(from);
    from.on('error', () => undefined);
    from.on('data', (bytes) => {
      count(bytes);
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
    let came = 0;
    pass(onward, client, (bytes) => {
      const at = (state.flipAt ?? -1) - came;
      if (at >= 0 && at < bytes.length) {
        bytes.writeUInt8(bytes.readUInt8(at) ^ 16, at);
        state.flipAt = null;
      }
      came += bytes.length;
      state.received += bytes.length;
    });
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
    flip(at) {
      state.flipAt = at;
    },
    stall(on) {
      state.stalled = on;
      if (!on) for (const send of state.held.splice(0)) send();
    },
    cut,
  };
}
