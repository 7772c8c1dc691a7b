import type { Emit } from '../../model/event.ts';
import { errnoOf, ExhibitError, messageOf } from '../../model/errors.ts';
import { checkPresent } from '../../discover/source.ts';
import { valueOf } from '../../model/device.ts';
import { describeSeconds } from '../../model/duration.ts';
import type { Plan, SourceFacts } from '../../model/plan.ts';
import { readTimeoutMs } from '../../model/request.ts';
import { visible } from '../../model/text.ts';
import type { Journal } from '../../manifest/journal.ts';
import type { Ports } from '../../system/ports.ts';
import type { HeldSource } from '../../read/held-source.ts';
import { openProbe } from '../../read/probe.ts';
import type { Attached } from '../attached.ts';
import { isGone, lookAgain, pauseAfter, ranOn } from './come-back.ts';
import { otherDisk } from './find-again.ts';
import { countersSection, evidenceSection } from '../guard-section.ts';
import { takeAgain, type TakenSource } from '../hold.ts';
import type { partialParts } from './image-parts.ts';
import type { ReadRecorder } from './read-recorder.ts';
import { tellTaken } from '../side-record.ts';
import { placesToReread, reread, type Reread } from './reread.ts';
import type { SourceSide } from '../source-side.ts';

export interface ReconnectWork {
  readonly ports: Ports;
  readonly plan: Plan;
  readonly attached: Attached;
  readonly journal: Journal;
  readonly recorder: ReadRecorder;
  readonly stop: AbortSignal;
  readonly emit: Emit;
  /** Brings the image to disk as far as the stream has come: what is compared must be there. */
  readonly settle: () => Promise<void>;
  /** Where the image's files lie. */
  readonly parts: ReturnType<typeof partialParts>;
  readonly when: 'reconnected' | 'verify-source';
}

/**
 * A disconnect is not a bad sector: the job pauses, says which disk to plug back in, waits, and goes on with it once it
 * is known to be the same, as well protected as it was. Returns when reading can go on, or when the person stopped;
 * throws what was given when it is no disconnect, and otherwise why nobody goes on.
 */
export async function reconnect(work: ReconnectWork, error: unknown, position: number): Promise<void> {
  const { plan, attached, journal, emit, ports } = work;
  const lost = attached.taken.source;
  const patience = plan.request.settings.waitForDevice;
  if (lost.kind === 'file' || work.stop.aborted) throw error;
  const loss = (await lossOf(error, () => attached.checkPresent())) ?? attached.readerDied(error, position);
  if (loss === null) throw error;
  if (patience === 0) throw resumable(loss);
  const sign = await attached.letGo();
  if (sign !== null) throw sign;
  const since = ports.clock.monotonicMs();
  await journal.append('paused', { position, code: loss.code, message: loss.message });
  emit({ type: 'note', level: 'warning', code: 'source.waiting', message: plugBackIn(lost, loss, patience) });
  try {
    const back = await waitFor(work, lost, loss, since + patience * 1000);
    if (back === null) return;
    await goOnWith(work, lost, back, Math.round(ports.clock.monotonicMs() - since));
  } catch (failure) {
    const waited_ms = Math.round(ports.clock.monotonicMs() - since);
    await journal.append('gave-up-waiting', { waited_ms, message: messageOf(failure) });
    throw failure;
  }
}

/**
 * What says that the device is gone; null: it is there, and the error is about something else. To whoever has it open the
 * kernel gives the end of the file, and no error, once a disk was pulled (its capacity is 0 from then on).
 */
async function lossOf(error: unknown, checkPresent: () => Promise<void>): Promise<ExhibitError | null> {
  if (isGone(error)) return error;
  if (!(error instanceof ExhibitError) || error.code !== 'source.ended-early') return null;
  return checkPresent().then(
    () => null,
    (absence: unknown) => {
      if (isGone(absence)) return absence;
      throw absence;
    },
  );
}

/** The disk, taken anew, and what its last good stretch holds now; null stretch: nothing was read yet. */
interface Back {
  readonly taken: TakenSource;
  readonly again: Reread | null;
}

/** Milliseconds that an attempt to reach a machine has in any case. */
const ATTEMPT_MS = 20_000;

/** An attempt to reach a machine is given up when the person stops, and when there is nothing left to wait for. */
async function inTime<T>(
  { ports: { clock }, stop }: ReconnectWork,
  until: number,
  look: (limit: AbortSignal) => Promise<T>,
): Promise<T> {
  const [late, done] = [new AbortController(), new AbortController()];
  void clock.sleep(Math.max(until - clock.monotonicMs(), ATTEMPT_MS), done.signal).then(() => {
    late.abort();
  });
  try {
    return await look(AbortSignal.any([stop, late.signal]));
  } finally {
    done.abort();
  }
}

/** Null: the person stopped. */
async function waitFor(work: ReconnectWork, lost: SourceFacts, why: ExhibitError, until: number): Promise<Back | null> {
  const { ports, stop } = work;
  for (let [others, looks, side] = [0, 0, work.attached.side]; !stop.aborted; looks += 1) {
    const { again, ...now } = await inTime(work, until, (limit) => lookAgain(side, lost, limit));
    side = now.side;
    others = again.found === 'other' ? others + 1 : 0;
    // A disk that is just coming may not have said all of its name yet.
    if (again.found === 'other' && others > 1) throw otherDisk(lost, again);
    if (again.found === 'same') {
      const back = await tryToTake(work, side, lost, again.source);
      if (back !== null) return back;
    }
    if (ports.clock.monotonicMs() >= until) throw gaveUp(lost, why, work.plan.request.settings.waitForDevice);
    await ports.clock.sleep(pauseAfter(looks, side), stop);
  }
  return null;
}

/** Null: it is there and does not answer yet, or it is gone again. What the guard says of it is thrown, and another content. */
async function tryToTake(
  work: ReconnectWork,
  side: SourceSide,
  lost: SourceFacts,
  source: SourceFacts,
): Promise<Back | null> {
  const { ports, plan, stop } = work;
  const whether = { answers: (held: HeldSource) => answers(ports, held, stop), stop };
  const taken = await takeAgain(side, plan, source, whether).catch((error: unknown) => {
    return stop.aborted ? null : nullIfNotYet(error);
  });
  if (taken === null) return null;
  try {
    return { taken, again: await rereadLast(work, lost, taken) };
  } catch (error) {
    taken.held.close().catch(() => undefined);
    // A loose plug: whatever it was that failed, the disk is gone again.
    if (await isAway(side.ports, taken.source)) return null;
    throw error;
  }
}

/**
 * udev and the kernel look at a disk that has just come, and hold it for a moment. Changed between two looks: it went and
 * came once more, and the next look tells whether as another one.
 */
const NOT_YET = [
  'source.busy',
  'source.unreadable',
  'source.missing',
  'source.empty',
  'source.changed',
  'guard.in-use',
];

function nullIfNotYet(error: unknown): null {
  if (isGone(error) || (error instanceof ExhibitError && NOT_YET.includes(error.code))) return null;
  throw error;
}

async function isAway(ports: Ports, source: SourceFacts): Promise<boolean> {
  try {
    await checkPresent(ports, source);
    return false;
  } catch (error) {
    return isGone(error);
  }
}

/** A loop device stays when what lies behind it is gone, and fails everywhere: one sector has to come. */
async function answers(ports: Ports, held: HeldSource, stop: AbortSignal): Promise<boolean> {
  const probe = openProbe({ ports, source: held, stop, readTimeoutMs: 5000 });
  try {
    for (const start of [0, Math.floor(held.size / 2 / held.logicalSector) * held.logicalSector]) {
      const answer = await probe.read({ start, end: start + Math.min(held.logicalSector, held.size - start) });
      if (answer.failure === null) return true;
    }
    return false;
  } catch (error) {
    if (errnoOf(error) !== undefined || error instanceof ExhibitError) return false;
    throw error;
  } finally {
    probe.close();
  }
}

async function goOnWith(work: ReconnectWork, lost: SourceFacts, { taken, again }: Back, waited: number): Promise<void> {
  const { attached, journal, recorder, emit } = work;
  attached.replace(taken);
  recorder.answeredDifferently(again?.differing ?? []);
  const { source, verdict, counters, held } = taken;
  await journal.append('reconnected', {
    waited_ms: waited,
    path: source.path,
    real_path: source.realPath,
    identity: { ...source.identity },
    held_by: held.heldBy,
    verdict: { name: verdict.name, meaning: verdict.meaning, evidence: evidenceSection(verdict.evidence) },
    counters: countersSection(counters),
    reread: again === null ? null : { start: again.start, end: again.end, differing: again.differing },
  });
  await tellTaken(taken, journal, emit);
  const message = `${visible(lost.path)} is back (${visible(source.path)}), the same disk: going on.`;
  emit({ type: 'note', level: 'info', code: 'source.back', message });
}

async function rereadLast(work: ReconnectWork, lost: SourceFacts, taken: TakenSource): Promise<Reread | null> {
  await work.settle();
  const bootId = lost.remote === undefined ? null : valueOf(lost.remote.machine.bootId);
  if (ranOn({ identity: lost.identity, bootId }, taken.source)) return null;
  const places = placesToReread(work.recorder.map, { start: 0, end: work.plan.size });
  const { ports, plan, parts, stop, when } = work;
  const limits = { readTimeoutMs: readTimeoutMs(plan.request.settings), stop };
  return reread({ ports, source: taken.held, parts, ...limits, when }, places);
}

/** `Generic USB-Disk, serial 0123 (was /dev/sdb)`. */
function nameOf({ identity: { model, serial }, path }: SourceFacts): string {
  const words = [model ?? 'the disk', serial === null ? null : `serial ${serial}`].filter((word) => word !== null);
  return visible(`${words.join(', ')} (it was ${path})`);
}

function plugBackIn(lost: SourceFacts, { message }: ExhibitError, patience: number): string {
  const waiting = `up to ${describeSeconds(patience)}; Ctrl-C stops, and exhibit resume goes on later.`;
  if (lost.remote !== undefined) return `${message} No sector is marked bad for it. Waiting for the machine ${waiting}`;
  return `${message} No sector is marked bad for it. Plug back in: ${nameOf(lost)}. Waiting for it ${waiting}`;
}

function gaveUp(lost: SourceFacts, why: ExhibitError, patience: number): ExhibitError {
  const message = `${why.message} It did not come back within ${describeSeconds(patience)}: ${nameOf(lost)}.`;
  return new ExhibitError('source', why.code, message, { hint: GO_ON, cause: why });
}

function resumable(error: ExhibitError): ExhibitError {
  return new ExhibitError('source', error.code, error.message, { hint: GO_ON, cause: error });
}

const GO_ON =
  'No sector was marked bad for it, and what was read is on disk. Check cable and power of the drive, or the way to its machine, then go on: exhibit resume DIR';
