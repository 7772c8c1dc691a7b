import { findSource } from '../discover/source.ts';
import { valueOf } from '../model/device.ts';
import { ExhibitError } from '../model/errors.ts';
import type { SourceFacts } from '../model/plan.ts';
import type { ListenRequest } from '../model/listen.ts';
import type { RemoteRequest } from '../model/remote.ts';
import { placeOf } from '../model/remote-faults.ts';
import { visible } from '../model/text.ts';
import { sentDisk } from '../listen/disk.ts';
import { formatSshAddress } from '../remote/address.ts';
import { lookAtDisk } from '../remote/disk.ts';
import type { RemoteReach } from '../remote/open-machine.ts';
import type { RemoteMachine } from '../remote/remote-ports.ts';
import type { Ports } from '../system/ports.ts';
import type { ReceivedAccount } from './received/account.ts';
import type { RemoteAccount } from './remote/account.ts';

/** A source on another machine of which nothing was said but its address. */
export const NOTHING_ASKED: RemoteRequest = {
  program: 'auto',
  connections: null,
  compress: 'auto',
  limitRate: null,
  frozen: null,
  ciphertext: null,
  rebooted: null,
};

/** Where a source is: here, on another machine, or sent by one. */
export interface SourceSide {
  /** Whoever asks for its files, its commands and its numbers asks these. */
  readonly ports: Ports;
  /** Set when it is on another machine. */
  readonly remote?: RemoteSide;
  /** Set when another machine sends it. */
  readonly listen?: ListenSide;
}

/** How a disk that another machine sends is waited for. */
export interface ListenSide {
  readonly request: ListenRequest;
  readonly account: ReceivedAccount;
  /** All of it came in an earlier session: nobody is waited for, and no port is opened. */
  readonly whole?: boolean;
}

/** The machine that a source is on, as it is connected now, and how it is reached when it no longer is. */
export interface RemoteSide {
  readonly machine: RemoteMachine;
  readonly reach: RemoteReach;
  readonly account: RemoteAccount;
}

/** The side of a source on another machine. */
export async function connectSide(reach: RemoteReach, account: RemoteAccount, stop: AbortSignal): Promise<SourceSide> {
  const machine = await reach.machine(stop);
  account.met(machine.shell);
  account.started(valueOf(machine.facts.bootId));
  return { ports: machine.ports, remote: { machine, reach, account } };
}

/** The named source, on its side, for the first time. Errors are `findSource`'s. */
export async function findOn(side: SourceSide, path: string, asked: RemoteRequest | undefined): Promise<SourceFacts> {
  if (side.listen !== undefined) return sentDisk(side.listen.request);
  if (side.remote === undefined) return findSource(side.ports, path);
  const { machine, reach } = side.remote;
  const found = await machine
    .look(() => findSource(side.ports, reach.address.path))
    .catch((error: unknown) => {
      throw error instanceof ExhibitError && error.code === 'source.missing' ? notThere(reach.address, error) : error;
    });
  if (found.kind === 'file') throw notADisk(formatSshAddress(reach.address));
  const request = asked ?? NOTHING_ASKED;
  const remote = await lookAtDisk(machine, reach.address, found.device, request);
  return { ...found, path: formatSshAddress(reach.address), remote };
}

/** One look at the side of a source: on another machine what the look before it asked is asked all at once. */
export function lookOn<T>({ remote }: SourceSide, work: () => Promise<T>): Promise<T> {
  return remote === undefined ? work() : remote.machine.look(work);
}

/** Looks for a source again where it was, on its side. Errors are `findSource`'s. */
export async function lookFor(side: SourceSide, source: SourceFacts): Promise<SourceFacts> {
  // There is nothing to look at.
  if (source.received !== undefined) return source;
  const path = source.remote?.address.path ?? source.path;
  const found = await lookOn(side, () => findSource(side.ports, path));
  return asRemote(side, source, found);
}

/** What was found there, as the source that it was. */
export function asRemote({ remote }: SourceSide, was: SourceFacts, found: SourceFacts): SourceFacts {
  if (remote === undefined || was.remote === undefined || found.kind === 'file') return found;
  const { shell, facts } = remote.machine;
  return { ...found, path: was.path, remote: { ...was.remote, link: shell.facts, machine: facts } };
}

/** Its hint is about disks of this station. */
function notThere(address: RemoteReach['address'], { fault, code, message }: ExhibitError): ExhibitError {
  const machine = formatSshAddress({ ...address, path: null });
  return new ExhibitError(fault, code, `On ${placeOf(address)}: ${message}`, {
    hint: `What that machine has shows: exhibit devices ${visible(machine)}`,
  });
}

function notADisk(path: string): ExhibitError {
  return new ExhibitError('usage', 'remote.not-a-disk', `${visible(path)} is a file of another machine, and no disk.`, {
    hint: 'Ranges of a disk are read over SSH; copy a file by scp, and image the copy.',
  });
}
