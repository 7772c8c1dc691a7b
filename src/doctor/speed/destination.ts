import { fileSystemIdentity } from '../../discover/file-system-identity.ts';
import { observeDestination } from '../../discover/destination.ts';
import { known, unknown, valueOf, type DestinationFacts, type Fact } from '../../model/device.ts';
import { errnoOf, ExhibitError, messageOf } from '../../model/errors.ts';
import { describeBytes } from '../../model/size.ts';
import type { FileSystemIdentity } from '../../model/speed.ts';
import { visible } from '../../model/text.ts';
import type { Ports } from '../../system/ports.ts';

/** Never more than this is written, nor more than a tenth of what is free. Bytes. */
export const MOST = 1024 ** 3;
/** With less than this a figure would say nothing. */
export const LEAST = 8 * 1024 ** 2;

/** A folder that may be written to for a few seconds. */
export interface TrialPlace {
  readonly facts: DestinationFacts;
  readonly identity: FileSystemIdentity;
  /** Bytes that may be written. */
  readonly cap: number;
  /** Another job writes there just now: what is measured is less than it could be. */
  readonly busy: boolean;
}

/**
 * Looks at the folder of `--speed DEST`; writes nothing.
 * @throws ExhibitError fault `destination`: it is no folder, is mounted read-only, or has too little room
 */
export async function trialPlace(ports: Ports, to: string): Promise<TrialPlace> {
  await requireFolder(ports, to);
  const facts = await observeDestination(ports, to);
  const refusal = judgePlace(facts);
  if (refusal !== null) throw refusal;
  return {
    facts,
    identity: await fileSystemIdentity(ports, facts.path, facts),
    cap: capOf(facts),
    busy: valueOf(busyOf(facts)) === true,
  };
}

/**
 * Whether one does now: a job may have begun since {@link trialPlace} looked. Never throws: what was measured meanwhile
 * is not lost with a destination that is gone.
 */
export async function busyNow(
  ports: Ports,
  { path, device }: Pick<DestinationFacts, 'path' | 'device'>,
): Promise<Fact<boolean>> {
  try {
    const now = await observeDestination(ports, path);
    return now.device === device
      ? busyOf(now)
      : unknown(`another file system is at ${path} now than the one that was measured`);
  } catch (error) {
    return unknown(messageOf(error));
  }
}

type Room = Pick<DestinationFacts, 'freeBytes' | 'claimedByOthers'>;

/** A tenth of what is free and no running job needs, to the KiB. */
export function capOf({ freeBytes, claimedByOthers }: Room): number {
  const left = Math.max(0, freeBytes - (valueOf(claimedByOthers) ?? freeBytes));
  return Math.min(MOST, Math.floor(left / 10 / 1024) * 1024);
}

/** Whether another job writes there. */
function busyOf({ claimedByOthers }: Pick<DestinationFacts, 'claimedByOthers'>): Fact<boolean> {
  return claimedByOthers.known ? known(claimedByOthers.value > 0) : claimedByOthers;
}

/** Facts to why nothing may be written there now; null: it may. Pure. */
export function judgePlace(facts: DestinationFacts): ExhibitError | null {
  const { path, readOnly, mountPoint, claimedByOthers, freeBytes } = facts;
  const place = visible(path);
  if (readOnly) {
    return refused(
      'destination.read-only',
      `${place} is on a file system mounted read-only (${visible(mountPoint)}).`,
      'Mount it for writing, or choose another folder.',
    );
  }
  if (!claimedByOthers.known) {
    return refused(
      'destination.claims-unknown',
      `Whether another job writes to ${place} could not be looked up (${visible(claimedByOthers.why)}); its room must not be taken.`,
      'Run it with sudo, which sees the jobs of others.',
    );
  }
  if (capOf(facts) >= LEAST) return null;
  return refused(
    'destination.no-room',
    `Not enough room on ${place} to measure: a tenth of it is written at most, and that is less than ${describeBytes(LEAST)}. Free are ${describeBytes(freeBytes)}, of which running jobs need ${describeBytes(claimedByOthers.value)}.`,
    `Make room (${describeBytes(LEAST * 10)}), or choose another folder.`,
  );
}

async function requireFolder(ports: Ports, to: string): Promise<void> {
  const found = await ports.files.statOrNull(to).catch((cause: unknown) => {
    const message = `--speed ${visible(to)} can't be looked at (${errnoOf(cause) ?? 'unknown error'}).`;
    throw new ExhibitError('destination', 'destination.unreachable', message, {
      hint: 'Check the path and the mount.',
      cause,
    });
  });
  if (found?.isDirectory() === true) return;
  throw refused(
    'destination.missing',
    `--speed ${visible(to)} ${found === null ? 'does not exist' : 'is not a folder'}.`,
    'Is the destination disk mounted? Name an existing folder of it: nothing in it is touched.',
  );
}

function refused(code: string, message: string, hint: string): ExhibitError {
  return new ExhibitError('destination', code, message, { hint });
}
