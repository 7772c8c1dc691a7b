import { ExhibitError } from '../model/errors.ts';
import type { HostKey, RemoteAddress, RemoteRequest } from '../model/remote.ts';
import type { Ports } from '../system/ports.ts';
import { connectRemote, type ConnectOrder } from './connect.ts';
import { probeRemote } from './probe.ts';
import { remoteMachine, type RemoteMachine } from './remote-ports.ts';

/** How a machine is reached, and what may run there. */
export interface MachineOrder extends ConnectOrder {
  /** `dd`: nothing of ours is run by an interpreter of the target. */
  readonly program: RemoteRequest['program'];
}

/** Connects, and asks the machine what it is. Errors are `connectRemote`'s. */
export async function openMachine(ports: Ports, order: MachineOrder): Promise<RemoteMachine> {
  const shell = await connectRemote(ports, order);
  try {
    const own = await ports.files.readText(`${ports.root}/proc/sys/kernel/random/boot_id`).catch(() => '');
    return remoteMachine(ports, shell, await probeRemote(shell, ports.clock, order.program), own.trim() || null);
  } catch (error) {
    await shell.close();
    throw error;
  }
}

/** @param pinned the key that it showed before; null: it has not been met */
export type Open = (stop: AbortSignal, pinned: HostKey | null) => Promise<RemoteMachine>;

/** A machine that is reached again when the connection to it is lost: the same one, by its host key. */
export class RemoteReach {
  readonly address: RemoteAddress & { readonly path: string };
  readonly #open: Open;
  #current: RemoteMachine | null = null;
  #pinned: HostKey | null;

  /** @param pinned as an earlier session met it; null: it has not been met */
  constructor(address: RemoteReach['address'], pinned: HostKey | null, open: Open) {
    this.address = address;
    this.#pinned = pinned;
    this.#open = open;
  }

  /** The machine as it is connected, or connected anew. */
  async machine(stop: AbortSignal): Promise<RemoteMachine> {
    if (this.#current?.shell.lost.aborted === false) return this.#current;
    await this.close();
    const machine = await this.#open(stop, this.#pinned);
    this.#current = machine;
    this.#pinned = machine.shell.facts.hostKey;
    return machine;
  }

  /** Nobody waits for a machine that says nothing any more. */
  async close(): Promise<void> {
    const machine = this.#current;
    this.#current = null;
    await machine?.close().catch(() => undefined);
  }
}

/**
 * Not there, or not yet: what a link that comes back says before it does, a host among them that is there and still counts
 * the channels of the connection that was lost. Anything else is for a person.
 */
const NOT_YET = [
  'remote.unreachable',
  'remote.no-such-host',
  'remote.not-ssh',
  'remote.link-lost',
  'remote.silent',
  'remote.no-channel',
  'remote.no-answer',
];

/** Whether it is worth waiting: the machine is not there, or gives no channel yet. What a person has to see to is none of it. */
export function isUnreachable(error: unknown): error is ExhibitError {
  return error instanceof ExhibitError && NOT_YET.includes(error.code);
}
