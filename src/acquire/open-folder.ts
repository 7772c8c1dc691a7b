import { join } from 'node:path';
import { destinationPlace } from '../discover/destination.ts';
import { deviceNumber } from '../discover/number.ts';
import { ExhibitError } from '../model/errors.ts';
import type { Plan } from '../model/plan.ts';
import { visible } from '../model/text.ts';
import { folderNames } from '../manifest/file-names.ts';
import { Journal } from '../manifest/journal.ts';
import type { ManifestStart } from '../manifest/start.ts';
import { destinationError } from '../sink/destination-error.ts';
import { tryLock } from '../system/lock.ts';
import type { Ports } from '../system/ports.ts';
import { removeMade } from './made-folders.ts';
import { holdReserve, type Reserve } from './reserve.ts';

/** The first record's type; its data is the {@link ManifestStart}. */
const BEGIN = 'begin';

/** A folder that this job alone writes to. */
export interface OpenedFolder {
  readonly journal: Journal;
  readonly reserve: Reserve;
}

/**
 * Makes the evidence folder and claims it: the journal is made exclusively and locked by the kernel for as long as
 * this process lives. Nothing is left behind when the claim fails.
 */
export async function openFolder(ports: Ports, plan: Plan, start: ManifestStart): Promise<OpenedFolder> {
  await requireSameDestination(ports, plan);
  let made: readonly string[];
  try {
    made = await ports.files.makeFolder(plan.folder.path);
  } catch (error) {
    throw destinationError(plan.folder.path, error);
  }
  try {
    return await claimFolder(ports, plan, start, []);
  } catch (error) {
    await removeMade(ports.files, made);
    throw error;
  }
}

/**
 * Claims a folder that is there: the journal is made exclusively and locked. Nothing is left behind when that fails.
 * @param known names of files that may be in it
 * @param prepare what has to be done in it under the lock, before the first record
 */
export async function claimFolder(
  ports: Ports,
  plan: Plan,
  start: ManifestStart,
  known: readonly string[],
  prepare: () => Promise<void> = () => Promise.resolve(),
): Promise<OpenedFolder> {
  const path = join(plan.folder.path, folderNames(plan.folder.stem).journal);
  await requirePlannedDevice(ports, plan);
  const journal = await Journal.create(ports.files, ports.clock, path);
  try {
    await claim(ports, journal.fd, plan.folder.path);
    await refuseLeftovers(ports, plan, known);
    await prepare();
    await journal.append(BEGIN, start);
    return { journal, reserve: await holdReserve(ports.files, plan.folder.path) };
  } catch (error) {
    await journal.close();
    await ports.files.unlink(path).catch(() => undefined);
    throw error;
  }
}

/** Takes the kernel's lock on a journal; throws `destination.busy` when another job has it. */
export async function claim(ports: Ports, fd: number, folder: string): Promise<void> {
  const lock = await tryLock(ports.commands, fd);
  if (lock === 'held') return;
  if (lock === 'busy') throw busy(folder);
  throw new ExhibitError('destination', 'destination.no-lock', `The journal in ${visible(folder)} can't be locked.`, {
    hint: 'exhibit needs flock(1) from util-linux, and a destination file system that has locks.',
  });
}

export function busy(folder: string): ExhibitError {
  return new ExhibitError('destination', 'destination.busy', `Another job is at work in ${visible(folder)}.`, {
    hint: 'Wait until it has ended; its lock ends with it.',
  });
}

/** A destination disk that was unmounted while a person was asked leaves an empty folder, on quite another disk. */
async function requireSameDestination(ports: Ports, plan: Plan): Promise<void> {
  const planned = plan.destination;
  const now = await destinationPlace(ports, plan.request.to, () => plan.folder.path);
  const fields = ['path', 'fileSystem', 'fileSystemMagic', 'mountPoint', 'mountSource', 'device'] as const;
  const changed = fields.filter((field) => now[field] !== planned[field]);
  if (changed.length === 0) return;
  const differences = changed.map((field) => `${field} was ${planned[field]}, is now ${now[field]}`).join('; ');
  throw notPlanned(plan.request.to, differences);
}

/** Looked at by name until now: the folder that was made, and will be written to, must be where the plan looked. */
async function requirePlannedDevice(ports: Ports, plan: Plan): Promise<void> {
  const device = deviceNumber((await ports.files.stat(plan.folder.path)).dev);
  if (device === plan.destination.device) return;
  throw notPlanned(plan.folder.path, `it lies on device ${device}, not on ${plan.destination.device}`);
}

function notPlanned(path: string, differences: string): ExhibitError {
  const message = `${visible(path)} is not the destination that was planned: ${visible(differences)}.`;
  return new ExhibitError('destination', 'destination.changed', message, {
    hint: 'Was its disk unmounted or exchanged? No evidence was written. Look at the mount, then start again.',
  });
}

/** The plan saw an empty folder; somebody may have put something there since. */
async function refuseLeftovers(ports: Ports, plan: Plan, known: readonly string[]): Promise<void> {
  const own = folderNames(plan.folder.stem).journal;
  const others = (await ports.files.readDir(plan.folder.path)).filter((name) => name !== own && !known.includes(name));
  if (others.length === 0) return;
  throw new ExhibitError(
    'destination',
    'destination.exists',
    `${visible(plan.folder.path)} already holds something: ${visible(others.slice(0, 5).join(', '))}.`,
    {
      hint: 'Nothing is ever overwritten. Choose another evidence id, or another --to folder.',
    },
  );
}
