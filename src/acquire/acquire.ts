import { ClockWatch } from '../system/clock-watch.ts';
import { inhibitSleep } from '../system/inhibit.ts';
import type { Journal } from '../manifest/journal.ts';
import type { ManifestStart } from '../manifest/start.ts';
import { Attached } from './attached.ts';
import { takeSource, type TakenSource } from './hold.ts';
import type { AcquireJob, AcquireResult } from './job.ts';
import { openFolder } from './open-folder.ts';
import type { LeftBefore } from './reading/read-stage.ts';
import { recordFailure } from './record.ts';
import { tellTaken } from './side-record.ts';
import type { Reserve } from './reserve.ts';
import { readCheckClose } from './run.ts';
import { manifestStart } from './start.ts';

/** One acquisition, from taking the source to the seal. What goes wrong on the way is in the journal before it is thrown. */
export async function acquire(job: AcquireJob): Promise<AcquireResult> {
  return runSession(job, async (_taken, start) => ({
    ...(await openFolder(job.ports, job.plan, start)),
    start,
    left: null,
  }));
}

/** A folder that is claimed, and what is known of the acquisition in it. */
export interface ClaimedFolder {
  readonly journal: Journal;
  readonly reserve: Reserve;
  /** Of the first session. */
  readonly start: ManifestStart;
  readonly left: LeftBefore | null;
}

/**
 * One session of an acquisition: takes the source, claims the folder, reads, checks, closes.
 * @param claim makes or reopens the folder; gets what is known before the first byte is read in this session
 */
export async function runSession(
  job: AcquireJob,
  claim: (taken: TakenSource, start: ManifestStart) => Promise<ClaimedFolder>,
): Promise<AcquireResult> {
  const { ports, plan } = job;
  const startedMs = ports.clock.wallMs();
  const startedMono = ports.clock.monotonicMs();
  const taken = await takeSource(job.side ?? { ports }, plan, job.stop);
  const awake = await inhibitSleep(ports, `imaging ${plan.folder.stem}`);
  const clockWatch = new ClockWatch(ports.clock);
  const attached = { now: null as Attached | null };
  try {
    const begin = manifestStart({
      plan: { ...plan, source: taken.source, verdict: taken.verdict },
      station: job.station,
      toolVersion: ports.host.toolVersion,
      readerVersion: job.readerVersion,
      confirmation: job.confirmation,
      sleepInhibited: awake.state,
      heldBy: taken.held.heldBy,
      counters: taken.counters,
      startedMs,
    });
    const folder = await claim(taken, begin);
    const source = new Attached(taken);
    attached.now = source;
    await tellTaken(taken, folder.journal, job.emit);
    const stop = AbortSignal.any([job.stop, source.signal]);
    const story = { ...folder, job: { ...job, stop }, attached: source, startedMono, clockWatch };
    try {
      return await readCheckClose(story);
    } catch (error) {
      throw await recordFailure(story, error);
    } finally {
      await source.endWatch();
      await folder.reserve.release();
      await folder.journal.close();
    }
  } finally {
    clockWatch.stop();
    awake.release();
    // Closing would wait for a read that hangs; a job that was stopped ends with its process.
    if (!job.stop.aborted || taken.side.listen !== undefined) await (attached.now?.held ?? taken.held).close();
  }
}
