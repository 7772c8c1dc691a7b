import { basename, dirname, extname, join } from 'node:path';
import { observeDestination } from '../../discover/destination.ts';
import { sourceSerials } from '../../discover/serials.ts';
import { findSource } from '../../discover/source.ts';
import { observeStation, type StationFacts } from '../../discover/station.ts';
import { segmentsOf } from '../../image/segments.ts';
import { folderNames, PARTIAL } from '../../manifest/file-names.ts';
import { readingState } from '../../manifest/reading-state.ts';
import type { Fact } from '../../model/device.ts';
import { ExhibitError } from '../../model/errors.ts';
import type { Plan, PlanResult } from '../../model/plan.ts';
import { readTimeoutMs, type AcquireRequest } from '../../model/request.ts';
import { visible } from '../../model/text.ts';
import { planFolder } from '../../plan/folder.ts';
import { planResume } from '../../plan/resume.ts';
import { sourceSize } from '../../plan/space.ts';
import { destinationError } from '../../sink/destination-error.ts';
import type { Ports } from '../../system/ports.ts';
import { runSession } from '../acquire.ts';
import { readForeignMap, type ForeignMap } from './adopt.ts';
import type { AcquireJob, AcquireResult } from '../job.ts';
import { closingNames } from './leftovers.ts';
import { claimFolder } from '../open-folder.ts';
import { readerVersionOf } from '../preflight.ts';
import { observeProtection } from '../protection.ts';
import { placesToReread, reread } from '../reading/reread.ts';
import { takeOver } from './resume.ts';

/** An image that another program began, and that no journal tells of. */
export interface ForeignImage {
  readonly folder: string;
  readonly name: string;
  readonly inode: number;
  readonly size: number;
}

export interface AdoptPreflight {
  readonly result: PlanResult;
  readonly station: StationFacts;
  readonly readerVersion: string;
  readonly image: ForeignImage;
  readonly foreign: ForeignMap;
}

/** Files that ddrescue leaves beside its image, and that are none. */
const BESIDE = new Set(['.map', '.bak', '.log', '.mapfile', '.txt']);

/**
 * Looks at an image that GNU ddrescue began, and plans to go on with it where it lies: its folder becomes the evidence
 * folder. Writes nothing.
 * @param imageName the image's name in the folder; null: it is the only file that can be one
 */
export async function preflightAdopt(
  ports: Ports,
  folder: string,
  request: AcquireRequest,
  mapPath: string,
  imageName: string | null,
  labFile: Fact<string>,
): Promise<AdoptPreflight> {
  const source = await findSource(ports, request.sourcePath);
  const size = sourceSize(source);
  const image = await findImage(ports, folder, imageName);
  if (image.size > size) throw tooLong(image, size);
  const foreign = await readForeignMap(ports, await ports.files.realPath(mapPath).catch(() => mapPath), size);
  const destination = await observeDestination(ports, folder, () => folder);
  const station = await observeStation(ports);
  const readerVersion = readerVersionOf(ports, request, source, station);
  const guarded = await observeProtection(ports, request, source, labFile);
  const serials = await sourceSerials(ports, source);
  const named = planFolder(request, dirname(folder));
  if (!named.ok)
    return { result: { ok: false, refusals: named.findings, findings: [] }, station, readerVersion, image, foreign };
  const { stem } = named.folder;
  const result = planResume({
    ...{ request, source, serials, destination, ...guarded, folderContent: null },
    stopped: {
      folder: { path: folder, caseFolder: basename(dirname(folder)), stem },
      segments: segmentsOf(size, 'raw', 0, stem),
      size,
      identity: source.identity,
      own: null,
      taken: image.size,
    },
  });
  return { result, station, readerVersion, image, foreign };
}

/** Claims the folder, gives the image its name, takes over what the map tells, and reads the rest. */
export async function adoptAcquisition(
  job: AcquireJob & Pick<AdoptPreflight, 'image' | 'foreign'>,
): Promise<AcquireResult> {
  const { ports, plan, image, foreign, stop } = job;
  return runSession(job, async (taken, start) => {
    const { path, stem } = plan.folder;
    const parts = [{ path: join(path, image.name), offset: 0, length: image.size }];
    const places = placesToReread(foreign.map, { start: 0, end: image.size });
    // Before anything is made: an image of another disk is not taken over.
    const limits = { readTimeoutMs: readTimeoutMs(plan.request.settings), stop };
    const again = await reread({ ports, source: taken.held, parts, ...limits, when: 'resumed' }, places);
    const known = await strangers(ports, plan, image, foreign);
    // Before the first record: with it the folder's files bear the names that the journal goes by.
    const { journal, reserve } = await claimFolder(ports, plan, start, known, async () => {
      await giveName(ports, path, image.name, `${stem}.dd${PARTIAL}`);
      // Our own map takes that name; the other program's is kept as it was.
      if (basename(foreign.path) === folderNames(stem).map)
        await giveName(ports, path, `${stem}.map`, `${stem}.adopted.map`);
    });
    try {
      const [segment] = plan.segments;
      const there = segment === undefined ? [] : [{ segment, inode: image.inode, size: image.size }];
      const left = { state: readingState([], plan.size).state, there, answered: again?.differing ?? [] };
      return { journal, reserve, start, left: await takeOver(job, journal, foreign, left) };
    } catch (error) {
      await reserve.release();
      await journal.close();
      throw error;
    }
  });
}

async function findImage(ports: Ports, folder: string, name: string | null): Promise<ForeignImage> {
  const names =
    name === null ? (await ports.files.readDir(folder)).filter((each) => !BESIDE.has(extname(each))) : [name];
  const found: ForeignImage[] = [];
  for (const each of names) {
    const stats = await ports.files.lstat(join(folder, each)).catch(() => null);
    if (stats?.isFile() === true && basename(each) === each)
      found.push({ folder, name: each, inode: stats.ino, size: stats.size });
  }
  const [image] = found;
  if (image !== undefined && found.length === 1) return image;
  const what = found.length === 0 ? 'holds no image' : `holds ${found.length} files that could be the image`;
  throw new ExhibitError('usage', 'adopt.no-image', `${visible(folder)} ${what}.`, {
    hint: 'Name the folder in which ddrescue wrote the image, and the image in it: --image NAME',
  });
}

/** Names in the folder that no file of the evidence is to get: they may stay, and nothing covers them. */
async function strangers(ports: Ports, { folder }: Plan, image: ForeignImage, foreign: ForeignMap): Promise<string[]> {
  const { path, stem } = folder;
  const ours = new Set<string>([
    ...Object.values<string>({ ...folderNames(stem) }),
    ...closingNames(stem),
    `${stem}.dd`,
    `${stem}.dd${PARTIAL}`,
  ]);
  for (const taken of [image.name, ...(dirname(foreign.path) === path ? [basename(foreign.path)] : [])])
    ours.delete(taken);
  return (await ports.files.readDir(path)).filter((name) => !ours.has(name));
}

/** By link and unlink, which can't replace anything. */
async function giveName(ports: Ports, folder: string, now: string, name: string): Promise<void> {
  if (now === name) return;
  try {
    await ports.files.link(join(folder, now), join(folder, name));
    await ports.files.unlink(join(folder, now));
    await ports.files.syncFolder(folder);
  } catch (error) {
    throw destinationError(join(folder, name), error);
  }
}

function tooLong({ name, size }: ForeignImage, source: number): ExhibitError {
  const message = `The image ${visible(name)} has ${size} bytes, and the source ${source}: it is an image of something else.`;
  return new ExhibitError('source', 'source.changed', message, { hint: 'Name the source that ddrescue read.' });
}
