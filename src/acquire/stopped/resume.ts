import { join } from 'node:path';
import { observeDestination } from '../../discover/destination.ts';
import { observeStation, type StationFacts } from '../../discover/station.ts';
import { sourceSerials } from '../../discover/serials.ts';
import type { Fact } from '../../model/device.ts';
import { ExhibitError } from '../../model/errors.ts';
import type { PlanResult } from '../../model/plan.ts';
import type { Range } from '../../model/range.ts';
import { ReadMap } from '../../model/read-map.ts';
import { readTimeoutMs } from '../../model/request.ts';
import { visible } from '../../model/text.ts';
import { folderNames } from '../../manifest/file-names.ts';
import { Journal, JOURNAL_LIMIT } from '../../manifest/journal.ts';
import { identityRecord } from '../../manifest/reading-records.ts';
import { planResume } from '../../plan/resume.ts';
import { takeBack } from '../../sink/publish.ts';
import type { Ports } from '../../system/ports.ts';
import { adopt, foreignProgress, newlyTold, readForeignMap, requireNotHashed, type ForeignMap } from './adopt.ts';
import type { LeftBefore } from '../reading/read-stage.ts';
import { ranOn } from '../reading/come-back.ts';
import { readStoppedJob } from './stopped-job.ts';
import { runSession, type ClaimedFolder } from '../acquire.ts';
import type { TakenSource } from '../hold.ts';
import { partialParts } from '../reading/image-parts.ts';
import type { AcquireJob, AcquireResult } from '../job.ts';
import { removeStaleReport } from './leftovers.ts';
import { busy, claim } from '../open-folder.ts';
import { readerVersionOf, unfitMachine } from '../preflight.ts';
import { observeProtection } from '../protection.ts';
import { placesToReread, reread, type Reread } from '../reading/reread.ts';
import { holdReserve } from '../reserve.ts';
import { requirePlacesAsRead } from '../reading/replay.ts';
import { reasonThatHolds, requestToResume, type ResumeChoices } from './resume-request.ts';
import { imageThere, isAtWork, readStoppedFolder, requireNoMismatch, type StoppedFolder } from './stopped-folder.ts';
import { findOn, type SourceSide } from '../source-side.ts';
import { withWayOn } from './way-on.ts';

/** How long whoever has the source is given to take the folder too, and how often it is looked at. */
const TWIN_MS = 2000;
const TWIN_STEP_MS = 100;

/** A resume that was looked at, and not yet begun. */
export interface ResumePreflight {
  readonly result: PlanResult;
  readonly station: StationFacts;
  readonly readerVersion: string;
  readonly stopped: StoppedFolder;
  /** What another program read, and is to be taken over. */
  readonly foreign: ForeignMap | null;
}

/** Facts, then a pure decision: reads the stopped folder's journal, looks at source, destination and station. Writes nothing. */
export async function preflightResume(
  ports: Ports,
  folder: string,
  stem: string,
  choices: ResumeChoices,
  labFile: Fact<string>,
  side: SourceSide = { ports },
): Promise<ResumePreflight> {
  await requireIdle(ports, folder, stem);
  const stopped = await readStoppedFolder(ports, folder, stem);
  requireNoMismatch(stopped);
  const foreign = await foreignMap(ports, stopped, choices.adoptMap);
  const outOfOrder = foreign !== null || stopped.state.adopted.length > 0;
  const asked = requestToResume(stopped.start, stopped.lastHead, choices, outOfOrder);
  const looking = observeDestination(ports, folder, () => folder);
  // What is wrong with the source is told first.
  looking.catch(() => undefined);
  // A dozen small programs, which run while the disks are looked at; it never throws.
  const lookingAtStation = observeStation(ports);
  const unfit = await unfitMachine(lookingAtStation, side);
  if (unfit !== null) return { ...unfit, stopped, foreign };
  const source = await findOn(side, asked.sourcePath, asked.remote);
  const destination = await looking;
  const station = await lookingAtStation;
  const readerVersion = readerVersionOf(ports, asked, source, station);
  const guarded = await observeProtection(ports, asked, source, labFile);
  const carried = asked.overrides.allowUnblocked ?? reasonThatHolds(stopped.start, guarded.verdict.name);
  const request = { ...asked, overrides: { ...asked.overrides, allowUnblocked: carried } };
  const serials = await sourceSerials(side.ports, source);
  const facts = { request, source, serials, destination, ...guarded, folderContent: null };
  const result = planResume({ ...facts, stopped: await stoppedFacts(ports, stopped) });
  return { result, station, readerVersion, stopped, foreign };
}

/**
 * A job that is at work there is told as such: its journal is no stopped one, and its source is in use. NFS locks no
 * journal that can't be written to; then the lock that is taken before the first change tells.
 */
async function requireIdle(ports: Ports, folder: string, stem: string): Promise<void> {
  // What keeps it from being opened is told by whoever needs it.
  if (await isAtWork(ports, folder, stem).catch(() => false)) throw busy(folder);
}

/** What another program has read since, if that is to be taken over. Told by the folder's own map, it must not be missed. */
async function foreignMap(ports: Ports, stopped: StoppedFolder, path: string | null): Promise<ForeignMap | null> {
  const { folder, start, state } = stopped;
  if (path !== null) {
    if (start.segments.length > 1) throw notForSplit(folder.path);
    const foreign = await readForeignMap(ports, path, start.size);
    requireNotHashed(folder.path, state, foreign);
    return foreign;
  }
  const own = join(folder.path, folderNames(folder.stem).map);
  if ((await ports.files.statOrNull(own)) === null) return null;
  const { map } = await readForeignMap(ports, own, start.size);
  if (newlyTold(state, map).some(({ status }) => status === 'good')) throw foreignProgress(own);
  return null;
}

function notForSplit(path: string): ExhibitError {
  const message = `The image in ${visible(path)} is split: no other program has gone on with it by one mapfile.`;
  return new ExhibitError('usage', 'adopt.split', message, { hint: 'Leave --adopt-map out.' });
}

async function stoppedFacts(
  ports: Ports,
  { folder, start, identity, lastHead, bootId }: StoppedFolder,
): Promise<Parameters<typeof planResume>[0]['stopped']> {
  const { probes } = start.head;
  let taken = 0;
  for (const { name } of start.segments)
    for (const path of [`${name}.partial`, name])
      // Blocks, not length: an image that is written out of order has its full length from the start.
      taken += ((await ports.files.statOrNull(join(folder.path, path)))?.blocks ?? 0) * 512;
  return {
    folder,
    segments: start.segments,
    size: start.size,
    identity,
    own: probes.own,
    remote: lastHead.source.remote === null ? null : { bootId },
    taken,
  };
}

export interface ResumeJob extends AcquireJob {
  readonly stopped: StoppedFolder;
  readonly foreign: ForeignMap | null;
}

/**
 * Goes on with a stopped acquisition: takes the source and the folder, holds what is on disk and what the source answers
 * against the journal, and reads on where the last checkpoint stands.
 */
export async function resumeAcquisition(job: ResumeJob): Promise<AcquireResult> {
  const { ports, plan, stopped } = job;
  const { path, stem } = plan.folder;
  return runSession(job, async (taken, { head }) => {
    const journalPath = join(path, folderNames(stem).journal);
    const journal = await Journal.reopen(ports.files, ports.clock, journalPath, async (fd) => {
      await claim(ports, fd, path);
      await requireUnchanged(ports, stopped);
    });
    try {
      return await takeUp(job, journal, taken, head);
    } catch (error) {
      await journal.close();
      throw withWayOn(error, path);
    }
  }).catch(async (error: unknown) => {
    if (error instanceof ExhibitError && error.code === 'source.busy') await requireNoTwin(job);
    throw error;
  });
}

/** Who has the source may be another resume of this very folder, started at the same time: it takes the folder next. */
async function requireNoTwin({ ports, plan, stop }: ResumeJob): Promise<void> {
  const { path, stem } = plan.folder;
  for (let waited = 0; waited < TWIN_MS && !stop.aborted; waited += TWIN_STEP_MS) {
    await requireIdle(ports, path, stem);
    await ports.clock.sleep(TWIN_STEP_MS, stop);
  }
}

async function takeUp(
  job: ResumeJob,
  journal: Journal,
  taken: TakenSource,
  head: StoppedFolder['lastHead'],
): Promise<ClaimedFolder> {
  const { ports, plan, stopped, emit } = job;
  const { path, stem } = plan.folder;
  const { start, state } = stopped;
  const renamed = await takeBack(
    ports.files,
    path,
    start.segments.map(({ name }) => name),
  );
  const there = await imageThere(ports, stopped);
  // A reason for going on with a machine that was started anew holds for whichever start it turns out to be.
  if ((plan.request.remote?.rebooted ?? null) === null) taken.side.remote?.account.startedBefore(stopped.bootId);
  const again = await rereadLast(job, taken);
  await removeStaleReport(ports.files, path, stem);
  await journal.append('resumed', {
    from: state.position,
    head,
    renamed,
    reread: again === null ? null : { start: again.start, end: again.end, differing: again.differing },
  });
  emit({ type: 'note', level: 'info', code: 'resume.from', message: wordsOf(stopped) });
  const left = { state, there, answered: again?.differing ?? [] };
  const withForeign = job.foreign === null ? left : await takeOver(job, journal, job.foreign, left);
  return { journal, reserve: await holdReserve(ports.files, path), start, left: withForeign };
}

/** What another program read is hashed as it is found, put on record, and not read again. */
export async function takeOver(
  { ports, plan, emit, stop }: Pick<AcquireJob, 'ports' | 'plan' | 'emit' | 'stop'>,
  journal: Journal,
  foreign: ForeignMap,
  left: LeftBefore,
): Promise<LeftBefore> {
  const { path, stem } = plan.folder;
  const parts = partialParts(path, plan.segments);
  const { record, bytes } = await adopt(ports, parts, left.state, foreign, plan.request.settings.pieceSize, stop);
  await journal.append('adopted', record);
  const message = `${bytes} bytes are taken over as they were found in the image: another program read them (${foreign.comment}).`;
  emit({ type: 'note', level: 'warning', code: 'adopt.taken', message });
  const bytesOfJournal = await ports.files.readBytes(join(path, folderNames(stem).journal), JOURNAL_LIMIT);
  const { state } = readStoppedJob(bytesOfJournal, path, stem);
  return { ...left, state };
}

/** Before anything new is read: what was read last must come again, or it is another disk; so must what is taken over. */
async function rereadLast(job: ResumeJob, { held, source }: TakenSource): Promise<Reread | null> {
  const { ports, plan, stopped, foreign, stop } = job;
  const { state, folder, start } = stopped;
  // What is sent comes once.
  if (state.finished !== null || source.received !== undefined) return null;
  const { identity_before, remote } = stopped.lastHead.source;
  const was = identityRecord.safeParse(identity_before).data;
  if (was !== undefined && ranOn({ identity: was, bootId: remote?.system.boot_id ?? null }, source)) return null;
  const whole = { start: 0, end: start.size };
  const places = placesToReread(state.map, whole);
  const parts = partialParts(folder.path, start.segments);
  const limits = { readTimeoutMs: readTimeoutMs(plan.request.settings), stop };
  const work = { ports, source: held, parts, ...limits, when: 'resumed' as const };
  const requireImage = (place: Range): Promise<void> => requirePlacesAsRead(ports, folder.path, parts, state, [place]);
  const ours = await reread({ ...work, requireImage }, places);
  if (foreign === null) return ours;
  const told = newlyTold(state, foreign.map).filter(({ status }) => status === 'good');
  const theirs = await reread({ ...work, known: ours !== null }, placesToReread(new ReadMap(start.size, told), whole));
  if (ours === null || theirs === null) return ours ?? theirs;
  const { compared, differing } = theirs;
  return { ...ours, compared: ours.compared + compared, differing: [...ours.differing, ...differing] };
}

/** Another resume may have come and gone between the plan and the lock. */
async function requireUnchanged(ports: Ports, stopped: StoppedFolder): Promise<void> {
  const now = await readStoppedFolder(ports, stopped.folder.path, stopped.folder.stem);
  if (now.head === stopped.head) return;
  const message = `Another job has gone on with ${visible(stopped.folder.path)} since it was looked at.`;
  throw new ExhibitError('destination', 'destination.busy', message, { hint: 'Look at it again: exhibit resume DIR' });
}

function wordsOf({ state, start, sessions }: StoppedFolder): string {
  const { position } = state;
  return `Session ${sessions + 1}: going on at byte ${position} of ${start.size}.`;
}
