/**
 * What is known about the write protection of a source, from weakest to strongest claim. The names are chosen so
 * that a report can't mislead: `kernel-flag-only` is this host's promise not to write, not a blocker.
 */
export const VERDICTS = ['not-applicable', 'none-observed', 'kernel-flag-only', 'contradicted'] as const;
export type VerdictName = (typeof VERDICTS)[number];

/** One thing that was looked at, with what was seen. */
export interface Evidence {
  readonly what: string;
  readonly seen: string;
  readonly source: string;
}

export interface Verdict {
  readonly name: VerdictName;
  /** One sentence for the report. */
  readonly meaning: string;
  readonly evidence: readonly Evidence[];
}
