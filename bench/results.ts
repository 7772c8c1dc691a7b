import type { BadMediaFigures } from './bad-media.ts';
import type { Contest } from './contest.ts';
import type { CutOffFigures } from './cut-off.ts';
import type { Kind } from './data.ts';
import type { RemoteFigures } from './elsewhere.ts';
import type { Growth } from './growth.ts';
import type { StageFigures } from './stages.ts';
import type { Machine, Program } from './station.ts';
import type { Target } from './targets.ts';

/** What was measured; a part that was not run is not there. */
export interface Measured {
  readonly acquire?: Partial<Record<Kind, Contest>>;
  readonly verify?: Contest;
  readonly stages?: StageFigures;
  readonly growth?: Growth;
  readonly bad_media?: readonly BadMediaFigures[];
  readonly cut_off?: readonly CutOffFigures[];
  readonly ssh?: readonly RemoteFigures[];
  readonly netcat?: readonly RemoteFigures[];
}

/** bench/results.json: medians, every single run, and what follows from them. Written by `npm run bench` alone. */
export interface Results extends Measured {
  /** UTC. */
  readonly measured: string;
  /** Few rounds of little data: to see that everything runs, not to be held against anything. */
  readonly quick: boolean;
  readonly program: Program;
  readonly machine: Machine;
  /** First line of each peer's version; null: not installed, not measured. */
  readonly peers: Readonly<Record<string, string | null>>;
  readonly help_milliseconds: number;
  readonly targets: readonly Target[];
}
