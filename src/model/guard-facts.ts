import type { Fact } from './device.ts';
import type { HardwareEntry } from './hardware.ts';
import type { SourceFacts } from './plan.ts';
import type { DeclaredProtection, ProbeFacts, VendorAnswer } from './probe.ts';

/** What this host has sent to one device since it appeared, as /sys/class/block/NAME/stat counts it. Sectors of 512 bytes. */
export interface WriteCounters {
  readonly device: string;
  readonly writes: number;
  readonly writtenSectors: number;
  readonly discards: number;
  readonly discardedSectors: number;
}

/** Everything that the verdict on a source's write protection is drawn from. */
export interface GuardFacts {
  readonly source: SourceFacts;
  /** The entry of the shipped data that this disk's own bridge is; null: it is in none. Unknown: the data can't be read. */
  readonly hardware: Fact<HardwareEntry | null>;
  /** The lab's own entry for it. */
  readonly attested: Fact<HardwareEntry | null>;
  readonly declared: Fact<DeclaredProtection>;
  readonly vendor: Fact<VendorAnswer>;
}

/** Entries of the shipped data, and of the lab's own file. */
export interface KnownHardware {
  readonly shipped: readonly HardwareEntry[];
  readonly lab: readonly HardwareEntry[];
  /** What was left out because it has faults, a line each: an entry that is not found may stand there. */
  readonly leftOut: { readonly shipped: readonly string[]; readonly lab: readonly string[] };
}

/** What was learned of a source's protection and of the disk itself, for the verdict and the record. */
export interface ProtectionFacts {
  readonly guard: GuardFacts;
  readonly probes: ProbeFacts;
  /** The hardware data, to look again with. */
  readonly entries: KnownHardware;
}
