import { findSource, readIdentity } from '../discover/source.ts';
import { deviceNumber } from '../discover/number.ts';
import { setReadOnly } from '../guard/software-block.ts';
import { compareAfter, judge, verdictAfter } from '../guard/verdict.ts';
import { ExhibitError } from '../model/errors.ts';
import { identityDifferences, type SourceIdentity } from '../model/identity.ts';
import type { Finding, Plan, SourceFacts } from '../model/plan.ts';
import { visible } from '../model/text.ts';
import { VERDICTS, type Verdict } from '../model/verdict.ts';
import { holdSource, type HeldSource } from '../read/held-source.ts';
import type { Ports } from '../system/ports.ts';

/** The source, held as far as it can be (`HeldBy` says how far), and it is the one that was planned. */
export interface TakenSource {
  readonly held: HeldSource;
  readonly source: SourceFacts;
  /** The verdict at the first read; after `--software-block` has set the flags, where asked for. */
  readonly verdict: Verdict;
}

/** Sets the flags that were asked for, takes the source, and checks that it still is the planned one. */
export async function takeSource(ports: Ports, plan: Plan): Promise<TakenSource> {
  if (plan.setReadOnly.length > 0) {
    // A flag is set on the planned disk or on none: the name may have moved while a person was asked.
    await checkSame(ports, plan.source);
    await setReadOnly(ports, plan.setReadOnly);
  }
  const held = await holdSource(ports.files, ports.commands, plan.source);
  try {
    await checkSame(ports, plan.source);
    const source = await findSource(ports, plan.source.path);
    requireSame(plan.source, source.identity);
    await requireHeld(plan.source, held);
    const verdict = judge(source);
    requireProtection(plan, verdict);
    return { held, source, verdict };
  } catch (error) {
    await held.close();
    throw error;
  }
}

/** The open file itself, not what its name leads to by now, must be the planned source. */
async function requireHeld(planned: SourceFacts, held: HeldSource): Promise<void> {
  const stats = await held.file.stat();
  const node = planned.kind === 'block' ? deviceNumber(stats.rdev) : `${stats.dev}:${stats.ino}`;
  if (node === planned.identity.node) return;
  throw new ExhibitError(
    'source',
    'source.changed',
    `${visible(planned.path)} led to something else when it was opened (${node}, not ${planned.identity.node}).`,
    {
      hint: 'Look again with `exhibit devices`, and plan anew.',
    },
  );
}

/** What protected the source at the plan must protect it at the first read, unless going on without was asked for. */
function requireProtection({ verdict: planned, request, source }: Plan, now: Verdict): void {
  if (request.overrides.allowUnblocked !== null || VERDICTS.indexOf(now.name) >= VERDICTS.indexOf(planned.name)) return;
  throw new ExhibitError(
    'guard',
    'guard.protection-lost',
    `${visible(source.path)} was ${planned.name} when it was planned, and is ${now.name} now.`,
    {
      hint: 'Find out what changed its write protection. Nothing was read.',
    },
  );
}

/** What the source says of itself after a reading. */
export interface AfterReading {
  readonly identity: SourceIdentity;
  /** Null: it is another source by now, whose protection says nothing. */
  readonly verdict: Verdict | null;
  readonly findings: readonly Finding[];
  /** `source.changed` or `guard.protection-lost`: it is no longer what it was, and nobody goes on with it. */
  readonly refusal: ExhibitError | null;
}

/** Looks at the source again. Throws what the look itself throws, `source.vanished` for one. */
export async function checkAfterReading(ports: Ports, taken: TakenSource): Promise<AfterReading> {
  const identity = await readIdentity(ports, taken.source);
  const other = differenceOf(taken.source, identity);
  if (other !== null) return { identity, verdict: null, findings: [], refusal: other };
  const after = judge(await findSource(ports, taken.source.realPath));
  const findings = compareAfter(taken.verdict, after);
  const lost = findings.find((finding) => finding.level === 'refusal');
  return {
    identity,
    verdict: verdictAfter(taken.verdict, after),
    findings,
    refusal: lost === undefined ? null : protectionLost(lost),
  };
}

function protectionLost({ code, message }: Finding): ExhibitError {
  return new ExhibitError('source', code, `The write protection of the source changed while it was read. ${message}`, {
    hint: 'Find out what changed it. What was read stays as .partial and can be closed: exhibit seal --incomplete REASON.',
  });
}

/** Takes the identity anew and compares it with the planned one. */
async function checkSame(ports: Ports, planned: SourceFacts): Promise<void> {
  requireSame(planned, await readIdentity(ports, planned));
}

function requireSame(planned: SourceFacts, now: SourceIdentity): void {
  const other = differenceOf(planned, now);
  if (other !== null) throw other;
}

function differenceOf(planned: SourceFacts, now: SourceIdentity): ExhibitError | null {
  const differences = identityDifferences(planned.identity, now);
  if (differences.length === 0) return null;
  return new ExhibitError(
    'source',
    'source.changed',
    `${visible(planned.path)} is not the source that was planned: ${visible(differences.join('; '))}.`,
    {
      hint: 'Look again with `exhibit devices`, and plan anew.',
    },
  );
}
