import { callerAgentSocket, callerProgram, findCaller } from '../manifest/keys-caller.ts';
import { valueOf } from '../model/device.ts';
import { ExhibitError } from '../model/errors.ts';
import { TRANSPORTS, type Transport } from '../model/remote.ts';
import { visible } from '../model/text.ts';
import { parseSshAddress } from '../remote/address.ts';
import type { Asker } from '../remote/credentials.ts';
import { parseFingerprint } from '../remote/fingerprint.ts';
import { openMachine, type MachineOrder } from '../remote/open-machine.ts';
import type { RemoteMachine } from '../remote/remote-ports.ts';
import type { Env } from './env.ts';

/** What a command line says of how another machine is reached. */
export interface RemoteOptions {
  readonly identity?: string;
  readonly hostKey?: string;
  readonly transport?: string;
  readonly remoteReader?: string | undefined;
}

/** Connects to a machine, not to a disk of it; works with it; closes. Errors of the address and of `connectRemote`. */
export async function withMachine<T>(
  env: Env,
  text: string,
  options: RemoteOptions,
  work: (machine: RemoteMachine) => Promise<T>,
): Promise<T> {
  const address = parseSshAddress(text);
  if (address.path !== null) throw diskNamed(address.path);
  const order = await connectOrder(env, options);
  const signals = env.watchSignals(() => undefined);
  try {
    const asker = askerOf(env, signals.stop);
    const machine = await openMachine(env.ports, { ...order, address, asker, signal: signals.stop });
    try {
      return await work(machine);
    } finally {
      await machine.close();
    }
  } finally {
    signals.release();
  }
}

/** What a command line says of how a machine is reached, judged, and whose keys are used. */
export async function connectOrder(
  env: Env,
  options: RemoteOptions,
): Promise<Pick<MachineOrder, 'transport' | 'hostKey' | 'person' | 'program'>> {
  const transport = transportOf(options);
  const program = options.remoteReader === 'dd' ? 'dd' : 'auto';
  const hostKey = options.hostKey === undefined ? null : parseFingerprint(options.hostKey);
  const { home } = await findCaller(env.ports);
  const agentSocket = valueOf(await callerAgentSocket(env.ports));
  const person = { home, agentSocket, identity: options.identity ?? null };
  if (transport !== 'openssh') return { transport, program, hostKey, person };
  return { transport, program, hostKey, person: { ...person, caller: await callerProgram(env.ports) } };
}

function transportOf({ transport = 'ssh2' }: RemoteOptions): Transport {
  const known = TRANSPORTS.find((each) => each === transport);
  if (known !== undefined) return known;
  throw new ExhibitError('usage', 'usage', `"${visible(transport)}" is no transport.`, {
    hint: `--transport takes ${TRANSPORTS.join(' or ')}.`,
  });
}

/** Whoever sits at the terminal. */
export function askerOf({ terminal }: Env, signal: AbortSignal): Asker {
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
