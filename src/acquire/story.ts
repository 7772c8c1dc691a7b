import type { Journal } from '../manifest/journal.ts';
import type { ManifestStart } from '../manifest/start.ts';
import type { ClockWatch } from '../system/clock-watch.ts';
import type { Attached } from './attached.ts';
import type { AcquireJob } from './job.ts';
import type { LeftBefore } from './reading/read-stage.ts';
import type { Reserve } from './reserve.ts';

/** A job under way: what was planned, what was taken, and where it is written down. */
export interface Story {
  readonly job: AcquireJob;
  /** The source, and what looks after its write protection. */
  readonly attached: Attached;
  readonly journal: Journal;
  readonly reserve: Reserve;
  /** What was known when the acquisition began, in its first session. */
  readonly start: ManifestStart;
  readonly startedMono: number;
  readonly clockWatch: ClockWatch;
  /** What earlier sessions left; null: this is the first. */
  readonly left: LeftBefore | null;
}
