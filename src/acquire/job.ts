import type { StationFacts } from '../discover/station.ts';
import type { Emit } from '../model/event.ts';
import type { Plan } from '../model/plan.ts';
import type { Outcome } from '../manifest/schema.ts';
import type { Signer } from '../manifest/sign.ts';
import type { CacheState } from '../read/page-cache.ts';
import type { Ports } from '../system/ports.ts';
import type { Seal } from './close-folder.ts';

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
    }
  | { readonly ended: 'stopped'; readonly folder: string; readonly position: number; readonly size: number };
