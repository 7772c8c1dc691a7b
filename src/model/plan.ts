import type { DestinationFacts, Device, Fact } from './device.ts';
import type { Fault } from './errors.ts';
import type { ProtectionFacts } from './guard-facts.ts';
import type { SourceIdentity } from './identity.ts';
import type { ListenRequest } from './listen.ts';
import type { RemoteDisk } from './remote.ts';
import type { AcquireRequest } from './request.ts';
import type { SerialFacts } from './serial.ts';
import type { Verdict } from './verdict.ts';

/** One thing the guard or the plan has to say. A refusal stops before anything is written; all are shown at once. */
export interface Finding {
  readonly level: 'refusal' | 'warning' | 'note';
  readonly code: string;
  readonly fault: Fault;
  readonly message: string;
  readonly hint?: string;
}

/** How one field of the label compares with what the device says. */
export interface LabelComparison {
  readonly field: 'model' | 'serial' | 'size';
  readonly label: string;
  readonly device: string | null;
  /** `disk`: by pass-through, from the disk itself. `host`: as the kernel was told, perhaps by a bridge. */
  readonly by: 'disk' | 'host' | null;
  readonly result: 'match' | 'mismatch' | 'not-compared';
}

/** What stands at the source's path. */
export type SourceFacts =
  | {
      readonly kind: 'block';
      readonly path: string;
      readonly realPath: string;
      readonly device: Device;
      readonly identity: SourceIdentity;
      /** Set for a disk of another machine: then `path` is its address, `realPath` and `device` are as that machine has them. */
      readonly remote?: RemoteDisk;
      /** Set for a disk that another machine sends: all else is what the operator said of it, and what follows from that. */
      readonly received?: ListenRequest;
    }
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly realPath: string;
      readonly size: number;
      readonly identity: SourceIdentity;
      readonly remote?: never;
      readonly received?: never;
    };

/** Whether another machine has it: nothing of this station speaks of it then. */
export function isElsewhere({ remote, received }: SourceFacts): boolean {
  return remote !== undefined || received !== undefined;
}

/** Everything the pure planning function sees. */
export interface PlanFacts {
  readonly request: AcquireRequest;
  readonly source: SourceFacts;
  /** Whether its serial tells the source from the other disks. Unknown: they could not be looked at. */
  readonly serials: Fact<SerialFacts>;
  readonly destination: DestinationFacts;
  readonly verdict: Verdict;
  readonly protection: ProtectionFacts;
  /** Names already in the evidence folder; null: it does not exist yet. */
  readonly folderContent: readonly string[] | null;
}

/** One file of the image: which bytes of the source it holds. */
export interface Segment {
  readonly name: string;
  readonly offset: number;
  readonly length: number;
}

/** The evidence folder: `DIR/<case>/<item>`, and the stem of its files' names. */
export interface FolderPlan {
  readonly path: string;
  readonly caseFolder: string;
  readonly stem: string;
}

/** The very plan that runs, and that `--dry-run` prints. */
export interface Plan {
  readonly request: AcquireRequest;
  readonly source: SourceFacts;
  readonly destination: DestinationFacts;
  readonly verdict: Verdict;
  /** What the verdict was drawn from. */
  readonly protection: ProtectionFacts;
  readonly folder: FolderPlan;
  /** Bytes to read, and the source's sector sizes in bytes (512 for a plain file). */
  readonly size: number;
  readonly logicalSector: number;
  readonly physicalSector: number;
  readonly segments: readonly Segment[];
  /** Bytes that image and sidecars may take. */
  readonly spaceNeeded: number;
  readonly labelComparisons: readonly LabelComparison[];
  /** Device paths whose kernel read-only flag is to be set before reading (`--software-block`). */
  readonly setReadOnly: readonly string[];
  /** A physical disk needs the one question, or `--yes` with a label serial. */
  readonly confirmSerial: string | null;
  readonly findings: readonly Finding[];
}

export type PlanResult =
  | { readonly ok: true; readonly plan: Plan }
  | { readonly ok: false; readonly refusals: readonly Finding[]; readonly findings: readonly Finding[] };
