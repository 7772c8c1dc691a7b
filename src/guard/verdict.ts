import type { GuardFacts } from '../model/guard-facts.ts';
import type { Finding } from '../model/plan.ts';
import { visible } from '../model/text.ts';
import { LOST_WHILE_READ, type Verdict, type VerdictName, VERDICTS } from '../model/verdict.ts';
import { READ_ONLY } from './observe.ts';
import { type Claim, VERDICT_RULES, type VerdictRule, WRITE_BLOCKING, WRITE_PROTECTED } from './rules.ts';

const MEANING: Readonly<Record<VerdictName, string>> = {
  'not-applicable':
    'No write blocker applies: the source is a file, a loop device on one, or a disk of another machine that runs, and is opened read-only.',
  'none-observed': 'Nothing was seen that keeps this host from writing to the source.',
  'kernel-flag-only':
    "This host's kernel has the source marked read-only; that is a promise of this host, and no write blocker was identified.",
  'device-declares-wp':
    'The device declares itself write-protected; what it hangs on is no known write blocker, so that only its own word stands for it.',
  'operator-attested':
    "The lab attests that this disk hangs on a write blocker; exhibit's own data does not know it, and nothing was tested in this job.",
  'known-blocker':
    "This disk's own bridge is a known write blocker; it declares no write protection to the host, which many do not.",
  'known-blocker-declares-wp':
    "This disk's own bridge is a known write blocker, and the device declares itself write-protected.",
  'vendor-reports-blocking':
    "This disk's own bridge has the id of a maker of write blockers, and answered that maker's own query that it blocks writes.",
  contradicted: 'What was seen of the write protection contradicts itself: nothing is claimed.',
};

export function meaningOf(name: VerdictName): string {
  return MEANING[name];
}

/**
 * The verdict on a source's write protection: the strongest claim that a rule makes, with what every rule saw.
 * Where no write blocker applies, none is claimed, whatever else is seen. {@link VERDICTS} goes from weak to strong and
 * ends with `contradicted`, which therefore beats them all. Pure.
 */
export function judge(facts: GuardFacts, rules: readonly VerdictRule[] = VERDICT_RULES): Verdict {
  const claims = rules.map((rule) => rule(facts)).filter((claim) => claim !== null);
  const name = strongest(claims);
  return { name, meaning: MEANING[name], evidence: claims.flatMap(({ evidence }) => evidence) };
}

function strongest(claims: readonly Claim[]): VerdictName {
  if (claims.some(({ name }) => name === 'not-applicable')) return 'not-applicable';
  const ranks = claims.map(({ name }) => VERDICTS.indexOf(name));
  return VERDICTS[Math.max(...ranks, VERDICTS.indexOf('none-observed'))] ?? 'none-observed';
}

/** How protection looks in evidence: the kernel's flag, the device's declaration, the blocker's answer. */
const PROTECTED: ReadonlySet<string> = new Set([READ_ONLY, WRITE_PROTECTED, WRITE_BLOCKING]);

/**
 * What changed between the verdict before reading and the one after. Protection that was seen and is gone is a
 * refusal (fault `source`), and so is a contradiction; protection that appeared, or can't be seen any more, is a warning.
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
    const lost = PROTECTED.has(was.seen) && later.has(was.what) && !now.startsWith('unknown');
    return [
      {
        level: lost ? 'refusal' : 'warning',
        code: lost ? 'guard.protection-lost' : 'guard.evidence-changed',
        fault: 'source',
        message: `${visible(was.what)}: was ${visible(was.seen)}, is now ${visible(now)}.`,
      },
    ];
  });
  return [...changed, ...appeared, ...contradictedNow(after)];
}

/** A contrary fact may come out only now, where nothing was known of it before: a blocker that did not answer then. */
function contradictedNow({ name, evidence }: Verdict): Finding[] {
  if (name !== 'contradicted') return [];
  const seen = evidence.map((each) => `${visible(each.what)}: ${visible(each.seen)}`).join('; ');
  const message = `${MEANING.contradicted} Seen: ${seen}.`;
  return [{ level: 'refusal', code: 'guard.contradicted', fault: 'source', message }];
}

/** The verdict that the record carries after reading: contradicted when protection was lost on the way. */
export function verdictAfter(
  before: Verdict,
  after: Verdict,
  findings: readonly Finding[] = compareAfter(before, after),
): Verdict {
  const lost = findings.some(({ level }) => level === 'refusal');
  return lost ? { name: 'contradicted', meaning: MEANING.contradicted, evidence: after.evidence } : after;
}

/**
 * The verdict on a source of which this was seen while it was read; null: a code that says nothing of its protection.
 * @param code the error that ended the reading, `message` its words
 */
export function verdictOnStop(code: string, message: string): Verdict | null {
  const fact = LOST_WHILE_READ[code];
  if (fact === undefined) return null;
  const evidence = { fact, what: 'while the source was read', seen: message, source: `the journal: ${code}` };
  return { name: 'contradicted', meaning: MEANING.contradicted, evidence: [evidence] };
}
