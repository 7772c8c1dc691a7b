import type { Fact } from './device.ts';

/**
 * One question put to the named device, for the journal and the manifest: a command, or exhibit's own reading of a few
 * known places (`argv[0]` is {@link OWN_READING}; `exit` is then 1 where a place could not be read).
 */
export interface ProbeRun {
  readonly argv: readonly string[];
  readonly exit: number | null;
  readonly signal: string | null;
  readonly milliseconds: number;
  /**
   * Null when it ended by itself, whatever it said: else why it did not (`timeout`: killed at the time limit; `aborted`:
   * the job was stopped), or was not started (`missing`: not installed; `refused`: the device's name is no path).
   */
  readonly failure: 'missing' | 'timeout' | 'refused' | 'aborted' | 'too-much-output' | null;
}

/** What stands for a command where exhibit itself reads. */
export const OWN_READING = 'exhibit:read';

/** What the disk itself says by pass-through; kept apart from what its bridge says. Empty: the disk leaves it blank. */
export interface OwnIdentity {
  readonly model: string;
  readonly serial: string;
  readonly firmware: string;
}

/**
 * Sectors that the disk has and does not show: `native - visible`. Sizes in logical sectors of the disk. What a DCO
 * hides takes in what an HPA hides, so the two are never added up; and "no HPA" says nothing of a DCO.
 */
export interface HiddenArea {
  /** Sectors shown now, and sectors that there are. */
  readonly visible: number;
  readonly native: number;
  /** Bytes in one of these sectors. */
  readonly sectorSize: number;
}

/** Write protection that the device declares: the WP bit of MODE SENSE. It is a fact of its own: no kernel flag, no blocker. */
export interface DeclaredProtection {
  readonly writeProtected: boolean;
  /** `MODE SENSE(10)`, `MODE SENSE(6)`, `kernel log`, `NVMe namespace attributes`. */
  readonly by: string;
}

/** A write blocker's answer to its vendor's own query. */
export interface VendorAnswer {
  readonly vendor: 'tableau';
  readonly blocking: boolean;
  readonly serial: string;
  readonly model: string;
  readonly firmware: string;
  /** The reply, hex: whoever doubts the parser has the bytes. */
  readonly raw: string;
}

/** Signs of encryption at known places; a scheme that leaves no sign (VeraCrypt) can't be told, and is never ruled out. */
export interface EncryptionSign {
  /** `apfs-container`, `core-storage`: what FileVault lies in; whether it is switched on can't be told by looking. */
  readonly scheme:
    | 'bitlocker'
    | 'luks1'
    | 'luks2'
    | 'apfs-encrypted'
    | 'apfs-container'
    | 'filevault-core-storage'
    | 'core-storage'
    | 'opal';
  /** Byte offset on the device. */
  readonly offset: number;
  readonly partition: string | null;
}

/** A place that was to be looked at for signs of encryption and could not be read. */
export interface UnreadPlace {
  readonly partition: string | null;
  /** Byte offset on the device. */
  readonly offset: number;
  /** `EIO`, or words. */
  readonly why: string;
}

/** One entry of a partition table. Bytes on the device. */
export interface TableEntry {
  readonly start: number;
  readonly size: number;
  /** As the table has it: a GUID, or a hexadecimal number; or its name where lsblk told. Null: not told. */
  readonly type: string | null;
  readonly name: string | null;
}

export interface PartitionTable {
  /** `gpt`, `dos`, …; null: lsblk does not tell, or sfdisk recognises none (a table that it does not know is not ruled out). */
  readonly label: string | null;
  readonly by: 'lsblk' | 'sfdisk';
  readonly entries: readonly TableEntry[];
}

/** Everything that was asked of the named device itself, each with a time limit. Not asked, refused, missing: reasons. */
export interface ProbeFacts {
  readonly own: Fact<OwnIdentity>;
  /** SMART overall health: passed, or not. */
  readonly healthy: Fact<boolean>;
  readonly hpa: Fact<HiddenArea>;
  readonly dco: Fact<HiddenArea>;
  readonly declared: Fact<DeclaredProtection>;
  readonly vendor: Fact<VendorAnswer>;
  readonly partitionTable: Fact<PartitionTable>;
  /**
   * Found signs. Known and empty: every place was read and has none of the known signs, which rules no encryption out.
   * Unknown when no sign was found and a place could not be read.
   */
  readonly encryption: Fact<readonly EncryptionSign[]>;
  /** Places that were not read: signs found elsewhere say nothing of them. */
  readonly unread: readonly UnreadPlace[];
  readonly runs: readonly ProbeRun[];
}
