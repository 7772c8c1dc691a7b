import type { Range } from '../model/range.ts';
import type { Outcome } from '../manifest/schema.ts';
import type { CacheState } from '../read/page-cache.ts';

/**
 * How one check went.
 * - `damaged`: bytes of the evidence are not those that its hashes say.
 * - `invalid`: a signature, signer, seal or list is wrong, or is missing where one is due.
 * - `unestablished`: nothing contradicts, and it is not proven either.
 * - `not-checked`: not looked at, on purpose or because it could not be.
 */
export type CheckStatus = 'ok' | 'damaged' | 'invalid' | 'unestablished' | 'not-checked';

export type CheckName =
  | 'manifest-file'
  | 'sums'
  | 'seal'
  | 'sums-signature'
  | 'manifest-signature'
  | 'signer'
  | 'manifest'
  | 'outcome'
  | 'read-back'
  | 'listing'
  | 'files'
  | 'journal'
  | 'pieces-file'
  | 'map'
  | 'image-files'
  | 'stream-hash'
  | 'image-pieces';

/** One thing that was looked at. Several checks may share a name. The texts are escaped. */
export interface Check {
  readonly name: CheckName;
  readonly status: CheckStatus;
  readonly message: string;
  /** What the person can do or type now. */
  readonly hint?: string;
}

/** Where a stretch of the logical media lies in the folder. */
export interface Place {
  readonly file: string;
  /** Bytes inside that file. */
  readonly offset: number;
  readonly length: number;
}

/**
 * Damaged bytes of the logical media. `differs`: somewhere in the range; `missing` and `unreadable`: the whole range;
 * `unproven`: bytes that are there, in a piece whose other bytes are missing or unreadable.
 */
export interface DamageRange extends Range {
  readonly kind: 'differs' | 'missing' | 'unreadable' | 'unproven';
  /** Logical sectors of the source that it touches, half-open. */
  readonly firstSector: number;
  readonly endSector: number;
  readonly places: readonly Place[];
}

/** Whose signature the folder bears. Names are escaped. */
export interface ReportSigner {
  readonly fingerprint: string;
  readonly keyType: string;
  /** Whom `--signers` names for the key; null: nobody, or no file was given. */
  readonly trustedAs: string | null;
  /** Whom the folder itself names; it proves nothing. */
  readonly claimed: string | null;
}

/** What of the image was read for this report. */
export interface ImageReading {
  readonly whole: boolean;
  /** Bytes read, in ranges of whole pieces. */
  readonly ranges: readonly Range[];
  readonly cache: CacheState;
  /** The seed of `--sample`, escaped. */
  readonly seed: string | null;
}

export type VerifyExit = 0 | 4 | 13 | 14;

/** What `exhibit verify` found. Every text in it is escaped already. */
export interface VerifyReport {
  readonly folder: string;
  /** Null when there is no manifest to take it from. */
  readonly stem: string | null;
  readonly caseNumber: string | null;
  readonly evidenceId: string | null;
  readonly outcome: Outcome | null;
  readonly exit: VerifyExit;
  readonly checks: readonly Check[];
  /** In order of the logical media. */
  readonly damage: readonly DamageRange[];
  /** Files that lie in the folder and are in no list; they change no verdict. */
  readonly notCovered: readonly string[];
  readonly notes: readonly string[];
  readonly signer: ReportSigner | null;
  /** SHA-256 of SHA256SUMS; null when it can't be read. */
  readonly sealHex: string | null;
  readonly image: ImageReading | null;
}

/** Without an `ok` under each of these names nothing is called verified, whatever else went well. */
export const REQUIRED: readonly CheckName[] = [
  'manifest-file',
  'sums',
  'sums-signature',
  'manifest-signature',
  'signer',
  'manifest',
  'outcome',
  'listing',
  'files',
  'journal',
  'pieces-file',
  'map',
  'image-files',
  'stream-hash',
  'image-pieces',
];

/** The exit code of a list of checks: damage weighs most, then what is not valid, then what is not established. */
export function exitOf(checks: readonly Check[]): VerifyExit {
  const some = (...statuses: readonly CheckStatus[]): boolean =>
    checks.some((check) => statuses.includes(check.status));
  if (some('damaged')) return 13;
  if (some('invalid')) return 14;
  if (some('unestablished', 'not-checked')) return 4;
  const proven = REQUIRED.every((name) => checks.some((check) => check.name === name && check.status === 'ok'));
  return proven ? 0 : 4;
}
