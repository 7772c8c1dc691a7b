import type { ProtectionWatch } from '../guard/watch.ts';
import type { Journal } from '../manifest/journal.ts';
import type { ManifestStart } from '../manifest/start.ts';
import type { ClockWatch } from '../system/clock-watch.ts';
import type { TakenSource } from './hold.ts';
import type { AcquireJob } from './job.ts';
import type { Reserve } from './reserve.ts';

/** A job under way: what was planned, what was taken, and where it is written down. */
export interface Story {
  readonly job: AcquireJob;
  readonly taken: TakenSource;
  readonly journal: Journal;
  readonly reserve: Reserve;
  readonly start: ManifestStart;
  readonly startedMono: number;
  readonly clockWatch: ClockWatch;
  /** What looks after the source's write protection meanwhile; null: the source is a file. */
  readonly watch: ProtectionWatch | null;
}
