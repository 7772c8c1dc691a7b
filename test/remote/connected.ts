import type { TestContext } from 'node:test';
import type { Transport } from '../../src/model/remote.ts';
import { parseSshAddress } from '../../src/remote/address.ts';
import { connectRemote, type ConnectOrder } from '../../src/remote/connect.ts';
import type { Asker } from '../../src/remote/credentials.ts';
import type { RemoteShell } from '../../src/remote/shell.ts';
import { testPorts } from '../support/ports.ts';
import type { Sshd } from '../support/sshd.ts';
import { atEnd } from '../support/temp.ts';

/** Nobody sits at the terminal. */
export const nobody: Asker = {
  canAsk: false,
  ask: () => Promise.resolve(null),
  askSecret: () => Promise.resolve(null),
};

/** An order that the server grants, or with something else in it. */
export function orderFor(sshd: Sshd, transport: Transport, change: Partial<ConnectOrder> = {}): ConnectOrder {
  return {
    address: parseSshAddress(`ssh://${sshd.place}`),
    transport,
    // The system's ssh looks into the real home, whatever the environment says.
    hostKey: transport === 'openssh' ? sshd.fingerprint : null,
    person: { home: sshd.home, agentSocket: null, identity: sshd.identity },
    asker: nobody,
    signal: new AbortController().signal,
    ...change,
  };
}

/** A shell on the server, closed when the test ends. */
export async function connected(
  t: TestContext,
  sshd: Sshd,
  transport: Transport = 'ssh2',
  change: Partial<ConnectOrder> = {},
): Promise<RemoteShell> {
  const shell = await connectRemote(testPorts(), orderFor(sshd, transport, change));
  atEnd(t, () => shell.close());
  return shell;
}
