import type { Stats } from 'node:fs';
import { join } from 'node:path';
import { observeDestination } from '../discover/destination.ts';
import { sourceSerials } from '../discover/serials.ts';
import { observeStation, type StationFacts } from '../discover/station.ts';
import type { Fact } from '../model/device.ts';
import { errnoOf, ExhibitError } from '../model/errors.ts';
import type { PlanResult, SourceFacts } from '../model/plan.ts';
import type { AcquireRequest } from '../model/request.ts';
import { visible } from '../model/text.ts';
import { planFolder } from '../plan/folder.ts';
import { planAcquisition } from '../plan/plan.ts';
import { judgeMachine } from '../plan/rules-remote.ts';
import { requireGnuDd } from '../read/dd-reader.ts';
import { directVersion } from '../read/direct-reader.ts';
import type { Ports } from '../system/ports.ts';
import { observeProtection } from './protection.ts';
import { findOn, type SourceSide } from './source-side.ts';

export interface Preflight {
  readonly result: PlanResult;
  readonly station: StationFacts;
  readonly readerVersion: string;
}

/**
 * Facts, then a pure decision: looks at source, destination, station and tools, and plans. Writes nothing.
 * @param labFile where the lab's own hardware data would lie
 */
export async function preflight(
  ports: Ports,
  request: AcquireRequest,
  labFile: Fact<string>,
  side: SourceSide = { ports },
): Promise<Preflight> {
  await requireDestination(ports, request.to);
  const looking = observeDestination(ports, request.to, (root) => {
    const named = planFolder(request, root);
    return named.ok ? named.folder.path : root;
  });
  // What is wrong with the source is told first.
  looking.catch(() => undefined);
  // A dozen small programs, which run while the disks are looked at; it never throws.
  const lookingAtStation = observeStation(ports);
  const unfit = await unfitMachine(lookingAtStation, side);
  if (unfit !== null) return unfit;
  const source = await findOn(side, request.sourcePath, request.remote);
  const destination = await looking;
  const station = await lookingAtStation;
  const readerVersion = readerVersionOf(ports, request, source, station);
  const named = planFolder(request, destination.path);
  const folderContent = named.ok ? await contentOf(ports, named.folder.path) : null;
  const guarded = await observeProtection(ports, request, source, labFile);
  const serials = await sourceSerials(side.ports, source);
  const result = planAcquisition({ request, source, serials, destination, ...guarded, folderContent });
  return { result, station, readerVersion };
}

/** Null: what is on the other machine can be read; else why not. */
export async function unfitMachine(station: Promise<StationFacts>, { remote }: SourceSide): Promise<Preflight | null> {
  const refusals = remote === undefined ? [] : judgeMachine(remote.machine.facts);
  if (refusals.length === 0) return null;
  return { result: { ok: false, refusals, findings: [] }, station: await station, readerVersion: '' };
}

/** First version line of the reader's program. Throws where it can't be used. */
export function readerVersionOf(
  ports: Ports,
  request: AcquireRequest,
  source: SourceFacts,
  station: StationFacts,
): string {
  if (source.received !== undefined) return 'none here: the other machine sends';
  if (source.remote !== undefined) {
    const { ways, machine } = source.remote;
    return machine.tools[ways.program]?.version ?? `${ways.program} that does not tell its version`;
  }
  if (request.settings.reader === 'dd')
    return requireGnuDd(ports.commands.which('dd') === null ? null : (station.tools['dd'] ?? ''));
  return directVersion(ports.host.nodeVersion, source.kind);
}

/** A missing --to is most likely a destination disk that is not mounted: making the folder would fill another disk. */
async function requireDestination(ports: Ports, to: string): Promise<void> {
  const found = await lookAt(ports, `--to ${visible(to)}`, to);
  if (found?.isDirectory() === true) return;
  const what = found === null ? 'does not exist' : 'is not a folder';
  throw new ExhibitError('destination', 'destination.missing', `--to ${visible(to)} ${what}.`, {
    hint: 'Is the destination disk mounted? Mount it, or make the folder, then start again.',
  });
}

async function contentOf(ports: Ports, folder: string): Promise<string[] | null> {
  const found = await lookAt(ports, visible(folder), folder);
  if (found === null) return null;
  return found.isDirectory() ? ports.files.readDir(folder) : [join(folder, '(not a folder)')];
}

/** Null: nothing of that name. A file in the middle of the path, or a folder that nobody may enter, is an error. */
async function lookAt(ports: Ports, name: string, path: string): Promise<Stats | null> {
  return ports.files.statOrNull(path).catch((cause: unknown) => {
    const message = `${name} can't be looked at (${errnoOf(cause) ?? 'unknown error'}).`;
    throw new ExhibitError('destination', 'destination.unreachable', message, {
      hint: 'Check the path and the mount.',
      cause,
    });
  });
}
