/** What a device between host and disk is. */
export const HARDWARE_ROLES = ['write-blocker', 'bridge'] as const;
export type HardwareRole = (typeof HARDWARE_ROLES)[number];

/**
 * Whether it keeps writes from the disk. `switch`: it has a read/write setting, so that its mere presence says little.
 * `never`: the id belongs to an ordinary bridge; a blocker that its maker built on that bridge can't be told from it.
 */
export const BLOCKS = ['always', 'switch', 'never', 'unknown'] as const;
export type Blocks = (typeof BLOCKS)[number];

/** How well an entry's claim is known, from best to least. `attested`: by the lab, on this station; never shipped. */
export const EVIDENCE_LEVELS = ['vendor-document', 'tested', 'reported', 'attested'] as const;
export type EvidenceLevel = (typeof EVIDENCE_LEVELS)[number];

/** Known habits that matter to a reader of a disk behind it. Closed: a new one is a change of the program. */
export const QUIRKS = [
  'replaces-serial',
  'replaces-model',
  'cuts-capacity',
  'emulates-512-sectors',
  'no-pass-through',
  'no-mode-sense-wp',
  'tableau-query',
] as const;
export type Quirk = (typeof QUIRKS)[number];

/** What a source speaks for: that this id is this device, that it blocks as told, that it has these quirks. */
export const EVIDENCE_CLAIMS = ['identity', 'blocking', 'quirks'] as const;
export type EvidenceClaim = (typeof EVIDENCE_CLAIMS)[number];

export interface HardwareEvidence {
  readonly level: EvidenceLevel;
  /** A list of ids knows nothing of blocking, a manual often nothing of ids: what is known how well is told for each. */
  readonly claims: readonly EvidenceClaim[];
  /** Where a reader finds it: title and place of a document, a test's report. */
  readonly source: string;
  readonly note: string | null;
}

/** By what an entry is recognised: every field that is not null must agree. */
export interface HardwareMatch {
  /** Four lower-case hex digits each; `productId` null means every product of the vendor. */
  readonly vendorId: string | null;
  readonly productId: string | null;
  /** Beginnings of the INQUIRY strings, compared as they are. */
  readonly inquiryVendor: string | null;
  readonly inquiryProduct: string | null;
  /** The USB serial: only entries of the lab bind to one piece of hardware. */
  readonly serial: string | null;
}

/** One entry of `hardware/`, or of the lab's own file. */
export interface HardwareEntry {
  /** `tableau-t35u`: unique among all entries. */
  readonly id: string;
  readonly make: string;
  readonly model: string;
  readonly role: HardwareRole;
  readonly blocks: Blocks;
  readonly match: readonly HardwareMatch[];
  readonly quirks: readonly Quirk[];
  readonly evidence: readonly HardwareEvidence[];
  /** Who attested it, and when; null for entries that came with the program. */
  readonly attestation: Attestation | null;
  /** The file it stands in, and the SHA-256 of that file's bytes. */
  readonly file: string;
  readonly sha256: string;
}

export interface Attestation {
  readonly by: string;
  /** UTC, `2026-11-22T09:00:00Z`. */
  readonly at: string;
  /** When the lab last validated the blocker, `2026-11-22`; null: never, or not told. */
  readonly validated: string | null;
  /** Serial on the blocker's own label. */
  readonly serial: string | null;
}
