import type { StationFacts } from '../discover/station.ts';
import type { FailedReads } from '../model/checkpoint.ts';
import type { Emit } from '../model/event.ts';
import type { Plan } from '../model/plan.ts';
import type { Outcome } from '../manifest/schema.ts';
import type { Signer } from '../manifest/sign.ts';
import type { CacheState } from '../read/page-cache.ts';
import type { Ports } from '../system/ports.ts';
import type { Seal } from './close-folder.ts';
import type { SourceSide } from './source-side.ts';

/** Everything one acquisition needs, all of it judged: from here on things happen. */
export interface AcquireJob {
  readonly ports: Ports;
  readonly plan: Plan;
  readonly station: StationFacts;
  /** First version line of the reader's program. */
  readonly readerVersion: string;
  /** Null: `--unsigned`. */
  readonly signer: Signer | null;
  /** How the operator confirmed the source, as a sentence for the record. */
  readonly confirmation: string;
  readonly emit: Emit;
  /** The person asked to stop. */
  readonly stop: AbortSignal;
  /** Where the source is; absent: on this station. */
  readonly side?: SourceSide;
}

/** How a job ended that did not throw. */
export type AcquireResult =
  | {
      readonly ended: 'closed';
      readonly outcome: Outcome;
      readonly folder: string;
      readonly manifestName: string;
      readonly seal: Seal;
      readonly digests: readonly { readonly algorithm: string; readonly hex: string }[];
      /** Bytes filled with zeros because they could not be read, and in how many ranges. */
      readonly unreadableBytes: number;
      readonly unreadableRanges: number;
      readonly readBack: string;
      readonly sourceCheck: string;
      /** Whether the image's and the source's second reading went past the page cache; null: there was none. */
      readonly readBackCache?: CacheState['avoided'] | null;
      readonly sourceCheckCache?: CacheState['avoided'] | null;
      /** What failing reads cost, all sessions together. */
      readonly failedReads: FailedReads;
      /** Places that answered differently when they were read again. */
      readonly unstablePlaces: number;
      readonly sessions: number;
      /** How often the source was away while a session waited for it. */
      readonly pauses: number;
      /** Of a disk that was read over SSH: what its reading can be held to, and whose word it is that it arrived as it was sent. */
      readonly remote: { readonly state: string; readonly proof: string } | null;
      /** Of a disk that another machine sent: the same, and how it was kept from others on its way. */
      readonly received: { readonly state: string; readonly way: string; readonly proof: string } | null;
      /** The read map in cells, as `mapCells` gives it. */
      readonly map: string;
    }
  | {
      readonly ended: 'stopped';
      readonly folder: string;
      /** Where the stream of the hashes stood; behind it there may be bytes that came out of order. */
      readonly position: number;
      readonly size: number;
      /** Bytes that are in the image as they were read. */
      readonly good: number;
      readonly unreadableBytes: number;
      readonly failedReads: FailedReads;
      readonly map: string;
    };
