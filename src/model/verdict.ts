/** What a profile may require: anything from `none-observed` (nothing) up. */
export const REQUIRABLE = [
  'none-observed',
  'kernel-flag-only',
  'device-declares-wp',
  'operator-attested',
  'known-blocker',
  'known-blocker-declares-wp',
  'vendor-reports-blocking',
] as const;
export type RequiredProtection = (typeof REQUIRABLE)[number];

/**
 * What is known about the write protection of a source, from weakest to strongest claim; `contradicted` beats them
 * all. The names are chosen so that a report can't mislead: `kernel-flag-only` is this host's promise not to write,
 * `device-declares-wp` the word of a device that nobody knows, and only a blocker that is this very disk's own bridge
 * is a `known-blocker`. docs/write-blocking.md says what each can and can't mean.
 */
export const VERDICTS = ['not-applicable', ...REQUIRABLE, 'contradicted'] as const;
export type VerdictName = (typeof VERDICTS)[number];

/**
 * Which of the separate facts a piece of evidence belongs to. They are never merged: the kernel's flag is this host's
 * policy, the declaration is the device's, the answer is the blocker's, the attestation is a person's.
 */
export const FACTS = [
  'kernel-flag',
  'declared',
  'vendor-answer',
  'attestation',
  'hardware',
  'write-counters',
  'capacity',
  'surroundings',
] as const;
export type FactName = (typeof FACTS)[number];

/** Codes of what may be seen while the source is read, and of which fact it is: whatever was claimed before, it is contradicted. */
export const LOST_WHILE_READ: Readonly<Partial<Record<string, FactName>>> = {
  'guard.flag-flipped': 'kernel-flag',
  'guard.write-counted': 'write-counters',
  'guard.capacity-changed': 'capacity',
};

/** One thing that was looked at, what was seen, and where. */
export interface Seen {
  readonly what: string;
  readonly seen: string;
  readonly source: string;
}

/** Something that was seen of the write protection, and whose word it is. */
export interface Evidence extends Seen {
  readonly fact: FactName;
}

export interface Verdict {
  readonly name: VerdictName;
  /** One sentence for the report. */
  readonly meaning: string;
  readonly evidence: readonly Evidence[];
}

/** True when a verdict is at least as strong as what is required. A contradiction meets nothing; where no blocker applies, nothing is required. */
export function meets(verdict: VerdictName, required: RequiredProtection): boolean {
  if (verdict === 'contradicted') return false;
  if (verdict === 'not-applicable') return true;
  return VERDICTS.indexOf(verdict) >= VERDICTS.indexOf(required);
}

/** The weakest of several: a contradiction, or else the least claim. Where no blocker applies, nothing is said; `not-applicable` is left when all are. */
export function weakest(names: readonly VerdictName[]): VerdictName {
  if (names.includes('contradicted')) return 'contradicted';
  const ranks = names.map((name) => VERDICTS.indexOf(name)).filter((rank) => rank > 0);
  return VERDICTS[ranks.length === 0 ? 0 : Math.min(...ranks)] ?? 'none-observed';
}
