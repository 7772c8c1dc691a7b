import { callerAgentSocket, findCaller } from '../manifest/keys-caller.ts';
import { valueOf } from '../model/device.ts';
import { ExhibitError } from '../model/errors.ts';
import { TRANSPORTS, type RemoteFacts, type Transport } from '../model/remote.ts';
import { visible } from '../model/text.ts';
import { parseSshAddress } from '../remote/address.ts';
import { connectRemote } from '../remote/connect.ts';
import type { Asker } from '../remote/credentials.ts';
import { parseFingerprint } from '../remote/fingerprint.ts';
import { probeRemote } from '../remote/probe.ts';
import { remoteMachine } from '../remote/remote-ports.ts';
import type { RemoteShell } from '../remote/shell.ts';
import type { Ports } from '../system/ports.ts';
import type { Env } from './env.ts';

/** What a command line says of how another machine is reached. */
export interface RemoteOptions {
  readonly identity?: string;
  readonly hostKey?: string;
  readonly transport?: string;
}

/** Another machine, connected and asked what it is. */
export interface Connected {
  readonly shell: RemoteShell;
  readonly facts: RemoteFacts;
  /** Its files and commands in the place of the station's. */
  readonly ports: Ports;
}

/** Connects to a machine, not to a disk of it; works with it; closes. Errors of the address and of `connectRemote`. */
export async function withMachine<T>(
  env: Env,
  text: string,
  options: RemoteOptions,
  work: (machine: Connected) => Promise<T>,
): Promise<T> {
  const address = parseSshAddress(text);
  if (address.path !== null) throw diskNamed(address.path);
  const [transport, hostKey] = [
    transportOf(options),
    options.hostKey === undefined ? null : parseFingerprint(options.hostKey),
  ];
  const { home } = await findCaller(env.ports);
  const agentSocket = valueOf(await callerAgentSocket(env.ports));
  const person = { home, agentSocket, identity: options.identity ?? null };
  const signals = env.watchSignals(() => undefined);
  try {
    const asker = askerOf(env, signals.stop);
    const shell = await connectRemote(env.ports, { address, transport, hostKey, person, asker, signal: signals.stop });
    try {
      const facts = await probeRemote(shell, env.ports.clock);
      const machine = remoteMachine(env.ports, shell, facts);
      try {
        return await work({ shell, facts, ports: machine.ports });
      } finally {
        machine.close();
      }
    } finally {
      await shell.close();
    }
  } finally {
    signals.release();
  }
}

function transportOf({ transport = 'ssh2' }: RemoteOptions): Transport {
  const known = TRANSPORTS.find((each) => each === transport);
  if (known !== undefined) return known;
  throw new ExhibitError('usage', 'usage', `"${visible(transport)}" is no transport.`, {
    hint: `--transport takes ${TRANSPORTS.join(' or ')}.`,
  });
}

function askerOf({ terminal }: Env, signal: AbortSignal): Asker {
  return {
    canAsk: terminal.canAsk,
    ask: (question) => terminal.ask(question, signal),
    askSecret: (question) => terminal.askSecret(question, signal),
  };
}

function diskNamed(path: string): ExhibitError {
  return new ExhibitError(
    'usage',
    'remote.address',
    `The address names a disk (${visible(path)}), where a machine is meant.`,
    {
      hint: 'Leave out everything behind the host: ssh://user@host',
    },
  );
}
