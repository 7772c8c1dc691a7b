import type { Finding, SourceFacts } from '../model/plan.ts';
import { visible } from '../model/text.ts';
import { type Evidence, VERDICTS, type Verdict, type VerdictName } from '../model/verdict.ts';
import { flagEvidence, kernelFlags, READ_ONLY, surroundings } from './observe.ts';

/** What one rule makes of the facts: a name it can stand for, and what it saw. */
interface Claim {
  readonly name: VerdictName;
  readonly evidence: readonly Evidence[];
}

/** Looks at the facts; null when they are none of its business. A new kind of evidence is a new rule in the list. */
type VerdictRule = (source: SourceFacts) => Claim | null;

const plainFile: VerdictRule = (source) =>
  source.kind === 'file'
    ? {
        name: 'not-applicable',
        evidence: [{ what: 'kind of source', seen: 'plain file, opened read-only', source: `stat ${source.realPath}` }],
      }
    : null;

const kernelReadOnly: VerdictRule = (source) => {
  if (source.kind !== 'block') return null;
  const flags = kernelFlags(source.device);
  const all = flags.every(({ readOnly }) => readOnly.known && readOnly.value);
  return { name: all ? 'kernel-flag-only' : 'none-observed', evidence: flags.map(flagEvidence) };
};

/** Claims nothing by itself; it tells what the others did not look at. */
const layersBelow: VerdictRule = (source) =>
  source.kind === 'block' ? { name: 'none-observed', evidence: surroundings(source.device) } : null;

export const VERDICT_RULES: readonly VerdictRule[] = [plainFile, kernelReadOnly, layersBelow];

const MEANING: Readonly<Record<VerdictName, string>> = {
  'not-applicable': 'The source is a plain file: no device, no write blocker; it is opened read-only.',
  'none-observed': 'Nothing was seen that keeps this host from writing to the source.',
  'kernel-flag-only':
    "This host's kernel has the source marked read-only; that is a promise of this host, and no write blocker was identified.",
  contradicted: 'What was seen of the write protection contradicts itself: nothing is claimed.',
};

/**
 * The verdict on a source's write protection: the strongest claim that a rule makes, with what every rule saw.
 * {@link VERDICTS} goes from weak to strong and ends with `contradicted`, which therefore beats them all. Pure.
 */
export function judge(source: SourceFacts, rules: readonly VerdictRule[] = VERDICT_RULES): Verdict {
  const claims = rules.map((rule) => rule(source)).filter((claim) => claim !== null);
  const rank = Math.max(0, ...claims.map(({ name }) => VERDICTS.indexOf(name)));
  const name = claims.length === 0 ? 'none-observed' : (VERDICTS[rank] ?? 'none-observed');
  return { name, meaning: MEANING[name], evidence: claims.flatMap(({ evidence }) => evidence) };
}

/**
 * What changed between the verdict before reading and the one after. Protection that was seen and is gone is a
 * refusal (fault `source`); protection that appeared, or can't be seen any more, is a warning.
 */
export function compareAfter(before: Verdict, after: Verdict): Finding[] {
  const earlier = new Set(before.evidence.map(({ what }) => what));
  const later = new Map(after.evidence.map((evidence) => [evidence.what, evidence]));
  const appeared = after.evidence
    .filter(({ what }) => !earlier.has(what))
    .map(({ what, seen }): Finding => ({
      level: 'warning',
      code: 'guard.evidence-changed',
      fault: 'source',
      message: `${visible(what)}: was not there before, is now ${visible(seen)}.`,
    }));
  const changed = before.evidence.flatMap((was): Finding[] => {
    const now = later.get(was.what)?.seen ?? 'not seen any more';
    if (now === was.seen) return [];
    const lost = was.seen === READ_ONLY && later.has(was.what) && !now.startsWith('unknown');
    return [
      {
        level: lost ? 'refusal' : 'warning',
        code: lost ? 'guard.protection-lost' : 'guard.evidence-changed',
        fault: 'source',
        message: `${visible(was.what)}: was ${visible(was.seen)}, is now ${visible(now)}.`,
      },
    ];
  });
  return [...changed, ...appeared];
}

/** The verdict that the record carries after reading: contradicted when protection was lost on the way. */
export function verdictAfter(before: Verdict, after: Verdict): Verdict {
  const lost = compareAfter(before, after).some(({ level }) => level === 'refusal');
  return lost ? { name: 'contradicted', meaning: MEANING.contradicted, evidence: after.evidence } : after;
}
