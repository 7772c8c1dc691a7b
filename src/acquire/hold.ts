import { readIdentity } from '../discover/source.ts';
import { deviceNumber } from '../discover/number.ts';
import { setReadOnly } from '../guard/software-block.ts';
import { countedWrites, writeCounters } from '../guard/counters.ts';
import { compareAfter, judge, verdictAfter, verdictOnStop } from '../guard/verdict.ts';
import { unknown, type Fact } from '../model/device.ts';
import { ExhibitError } from '../model/errors.ts';
import type { WriteCounters } from '../model/guard-facts.ts';
import type { ProbeRun } from '../model/probe.ts';
import { identityDifferences, type SourceIdentity } from '../model/identity.ts';
import { isElsewhere, type Finding, type Plan, type SourceFacts } from '../model/plan.ts';
import { visible } from '../model/text.ts';
import { meets, VERDICTS, type Verdict } from '../model/verdict.ts';
import { readOnlyPaths } from '../plan/plan.ts';
import { holdSource, type HeldSource } from '../read/held-source.ts';
import type { Ports } from '../system/ports.ts';
import { holdListening } from './received/hold.ts';
import { holdRemote } from './remote/hold.ts';
import { askAgain, guardFacts } from './protection.ts';
import { lookFor, lookOn, type SourceSide } from './source-side.ts';

/** The source, held as far as it can be (`HeldBy` says how far), and it is the one that was planned. */
export interface TakenSource {
  readonly side: SourceSide;
  readonly held: HeldSource;
  readonly source: SourceFacts;
  /** The verdict at the first read; after `--software-block` has set the flags, where asked for. */
  readonly verdict: Verdict;
  readonly counters: Fact<readonly WriteCounters[]>;
}

/** Sets the flags that were asked for, takes the source, and checks that it still is the planned one. */
export async function takeSource(side: SourceSide, plan: Plan, stop: AbortSignal): Promise<TakenSource> {
  const { ports } = side;
  if (plan.setReadOnly.length > 0) {
    // A flag is set on the planned disk or on none: the name may have moved while a person was asked.
    await checkSame(ports, plan.source);
    await setReadOnly(ports, plan.setReadOnly);
  }
  const held = await holdOn(side, plan.source, stop);
  try {
    const source = await lookFor(side, plan.source).catch(async (error: unknown) => {
      // Gone, or another one: told as such.
      await checkSame(ports, plan.source);
      throw error;
    });
    requireSame(plan.source, source.identity);
    await requireHeld(plan.source, held);
    const { entries, probes } = plan.protection;
    const verdict = judge(guardFacts(source, entries, probes));
    requireProtection(plan, verdict);
    return { side, held, source, verdict, counters: await countersOf(ports, source) };
  } catch (error) {
    await held.close();
    throw error;
  }
}

/**
 * Takes a source that went away and is back, under whatever name: it must be protected as it was planned.
 * Null: it is there and does not answer yet; what is said of its protection then means nothing.
 * @param source as it was found just now
 */
export async function takeAgain(
  side: SourceSide,
  plan: Plan,
  source: SourceFacts,
  { answers, stop }: { readonly answers: (held: HeldSource) => Promise<boolean>; readonly stop: AbortSignal },
): Promise<TakenSource | null> {
  const { ports } = side;
  const here = source.kind === 'block' && !isElsewhere(source);
  const now = here && plan.request.overrides.softwareBlock ? readOnlyPaths(source.device) : [];
  // The flag went away with the device.
  if (now.length > 0) await setReadOnly(ports, now);
  const held = await holdOn(side, source, stop);
  try {
    const seen = await lookFor(side, source);
    requireSame(source, seen.identity);
    await requireHeld(source, held);
    if (!(await answers(held))) {
      held.close().catch(() => undefined);
      return null;
    }
    const asked = await askAgain(ports, plan.request, seen);
    const verdict = judge(guardFacts(seen, plan.protection.entries, asked));
    requireProtection(plan, verdict);
    return { side, held, source: seen, verdict, counters: await countersOf(ports, seen) };
  } catch (error) {
    await held.close();
    throw error;
  }
}

function holdOn({ ports, remote, listen }: SourceSide, source: SourceFacts, stop: AbortSignal): Promise<HeldSource> {
  if (listen !== undefined) return holdListening(ports, listen, source);
  return remote === undefined ? holdSource(ports.files, ports.commands, source) : holdRemote(remote, source, stop);
}

/** The open file itself, not what its name leads to by now, must be the planned source. */
async function requireHeld(planned: SourceFacts, held: HeldSource): Promise<void> {
  // The program over there has said what it holds.
  if (held.file === null) return;
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

/**
 * What protected the source at the plan must protect it at the first read, and what the profile requires must be there
 * by now, unless going on without was asked for. A contradiction has no other way.
 */
export function requireProtection(
  { verdict: planned, request, source }: Pick<Plan, 'verdict' | 'request' | 'source'>,
  now: Verdict,
): void {
  if (now.name !== 'contradicted') {
    if (request.overrides.allowUnblocked !== null) return;
    const applies = (now.name === 'not-applicable') === (planned.name === 'not-applicable');
    const asStrong = VERDICTS.indexOf(now.name) >= VERDICTS.indexOf(planned.name);
    if (applies && asStrong && meets(now.name, request.settings.protection)) return;
  }
  throw new ExhibitError(
    'guard',
    'guard.protection-lost',
    `${visible(source.path)} was ${planned.name} when it was planned, and is ${now.name} now; the profile requires ${request.settings.protection}.`,
    {
      hint: 'Find out what changed its write protection. Nothing was read with less of it.',
    },
  );
}

/** What the source says of itself after a reading. */
export interface AfterReading {
  /** Null: it was not looked at. */
  readonly identity: SourceIdentity | null;
  /** Null: not looked at, or another source by now, whose protection says nothing. */
  readonly verdict: Verdict | null;
  readonly counters: Fact<readonly WriteCounters[]>;
  /** What it was asked for that. */
  readonly asked: readonly ProbeRun[];
  readonly findings: readonly Finding[];
  /** `source.changed` or `guard.protection-lost`: it is no longer what it was, and nobody goes on with it. */
  readonly refusal: ExhibitError | null;
}

/**
 * Looks at the source again, and asks it again what it was asked before. Throws what the look itself throws,
 * `source.vanished` for one.
 */
export async function checkAfterReading(plan: Plan, taken: TakenSource): Promise<AfterReading> {
  const { ports } = taken.side;
  const identity = await lookOn(taken.side, () => readIdentity(ports, taken.source));
  const other = differenceOf(taken.source, identity);
  if (other !== null) {
    const counters = unknown('it is another source by now');
    const capacity = capacityChange(taken.source, identity);
    const verdict = capacity === null ? null : verdictOnStop(capacity.code, capacity.message);
    return { identity, verdict, counters, asked: [], findings: [], refusal: capacity ?? other };
  }
  const source = await lookFor(taken.side, atRealPath(taken.source));
  const asked = await askAgain(ports, plan.request, source);
  const after = judge(guardFacts(source, plan.protection.entries, asked));
  const counters = await countersOf(ports, source);
  const findings = [...compareAfter(taken.verdict, after), ...writesCounted(taken.counters, counters)];
  const lost = findings.find((finding) => finding.level === 'refusal');
  return {
    identity,
    verdict: verdictAfter(taken.verdict, after, findings),
    counters,
    asked: asked.runs,
    findings,
    refusal: lost === undefined ? null : protectionLost(lost),
  };
}

/** Of a device here the name that was given may have moved on. */
function atRealPath(source: SourceFacts): SourceFacts {
  return source.remote === undefined ? { ...source, path: source.realPath } : source;
}

async function countersOf(ports: Ports, source: SourceFacts): Promise<Fact<readonly WriteCounters[]>> {
  if (isElsewhere(source)) return unknown('what another machine writes to its own disks is not counted');
  return source.kind === 'block' ? writeCounters(ports, source.device) : unknown('a file has no counters of its own');
}

function writesCounted(before: TakenSource['counters'], after: TakenSource['counters']): Finding[] {
  if (!before.known || !after.known) return [];
  const written = countedWrites(before.value, after.value);
  if (written === null) return [];
  const message = `This host sent writes to the source: ${visible(written)}.`;
  return [{ level: 'refusal', code: 'guard.write-counted', fault: 'source', message }];
}

function protectionLost({ code, message }: Pick<Finding, 'code' | 'message'>): ExhibitError {
  return new ExhibitError('source', code, `The write protection of the source changed while it was read. ${message}`, {
    hint: 'Find out what changed it. What was read stays as .partial; then go on (exhibit resume DIR), or close it as it is (exhibit seal DIR --incomplete REASON).',
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

/** The same disk, with another capacity: what a look while it was read would have called so. */
function capacityChange(taken: SourceFacts, now: SourceIdentity): ExhibitError | null {
  const { size } = taken.identity;
  const same = identityDifferences({ ...taken.identity, size: now.size }, now).length === 0;
  if (taken.kind === 'file' || !same || now.size === size) return null;
  const what = `${visible(taken.path)} had ${size} bytes and has ${now.size} now`;
  return protectionLost({ code: 'guard.capacity-changed', message: `${what}.` });
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
