import type { Algorithm, EngineChoice } from './digest.ts';
import type { ListenRequest } from './listen.ts';
import type { RemoteRequest } from './remote.ts';
import type { RequiredProtection } from './verdict.ts';

/** Who and what the acquisition is for. The ids stand unchanged in the manifest. Null: not given. */
export interface CaseInfo {
  readonly caseNumber: string;
  readonly evidenceId: string;
  readonly examiner: string;
  readonly description: string | null;
  readonly notes: string | null;
  readonly authority: string | null;
}

/** What the technician read off the drive and its packaging. Null: not given. */
export interface LabelInfo {
  readonly model: string | null;
  readonly serial: string | null;
  /** Bytes, as the label's unit says. */
  readonly size: number | null;
  readonly sealNumber: string | null;
  readonly condition: string | null;
  /** Why a label that does not match the device is accepted. */
  readonly mismatchReason: string | null;
}

export type ImageFormat = 'raw' | 'split';
export type ReaderName = 'dd' | 'direct';
/**
 * When bad places are dealt with. `in-line`: where they are met, in the order of the source. `deferred`: the good areas
 * first, the image out of order, the stream hashed from it afterwards.
 */
export type Recovery = 'in-line' | 'deferred';

/** How to read, hash and write: a profile's values with the command line's on top. Sizes in bytes. */
export interface Settings {
  readonly format: ImageFormat;
  readonly segmentSize: number;
  readonly hashes: readonly Algorithm[];
  readonly engine: EngineChoice;
  readonly reader: ReaderName;
  readonly blockSize: number;
  readonly pieceSize: number;
  readonly readBack: boolean;
  readonly verifySource: boolean;
  /** The weakest verdict that is read without `--allow-unblocked`; files and what lies on them need none. */
  readonly protection: RequiredProtection;
  /** Ask the named disk itself (its own identity, hidden areas, signs of encryption, declared write protection). */
  readonly probe: boolean;
  /** Put its maker's own query to a write blocker of Tableau's. */
  readonly vendorQuery: boolean;
  readonly recovery: Recovery;
  /** Further reads of each sector that failed. */
  readonly retries: number;
  /** Logical sectors that may stay unreadable before the job gives up; null: no limit. */
  readonly maxBad: number | null;
  /** Seconds after which a read that gives no answer is left behind and counts as failed; null: never. */
  readonly readTimeout: number | null;
  /** Seconds that a job waits for a source that was pulled out; 0: it ends at once. */
  readonly waitForDevice: number;
}

/** Milliseconds after which a read counts as failed; null: never. */
export function readTimeoutMs({ readTimeout }: Pick<Settings, 'readTimeout'>): number | null {
  return readTimeout === null ? null : readTimeout * 1000;
}

/** Where a setting's value came from. */
export type SettingOrigin = 'profile' | 'command-line';

export interface ProfileRef {
  readonly name: string;
  readonly version: number;
  /** SHA-256 of the profile file's bytes. */
  readonly sha256: string;
}

/** Deviations from the safe way, each with its reason where one is due. They stand in the manifest. */
export interface Overrides {
  readonly allowUnblocked: string | null;
  readonly softwareBlock: boolean;
  readonly allowSystemDestination: boolean;
  readonly unsigned: boolean;
  /** Go on with the hardware data that is good, although some is not. */
  readonly ignoreBadHardware: boolean;
}

/** One acquisition as asked for: command line, request file and profile merged and judged. */
export interface AcquireRequest {
  readonly sourcePath: string;
  readonly to: string;
  /** `ITEM` or `CASE/ITEM`, for ids that can't be folder names. */
  readonly folderName: string | null;
  readonly caseInfo: CaseInfo;
  readonly label: LabelInfo;
  readonly profile: ProfileRef;
  readonly settings: Settings;
  readonly origins: Readonly<Record<keyof Settings, SettingOrigin>>;
  readonly overrides: Overrides;
  readonly keyPath: string | null;
  readonly yes: boolean;
  /** Set when the source is on another machine. */
  readonly remote?: RemoteRequest;
  /** Set when another machine sends it. */
  readonly listen?: ListenRequest;
}
