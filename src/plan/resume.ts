import type { Finding, FolderPlan, Plan, PlanFacts, PlanResult, Segment } from '../model/plan.ts';
import { diskDifferences, identityDifferences, type SourceIdentity } from '../model/identity.ts';
import { visible } from '../model/text.ts';
import { refusal, type Rule, warning } from './finding.ts';
import { makePlan } from './plan.ts';
import { notOnSource, notSystemDisk, roomEnough, writable } from './rules-destination.ts';
import { LABEL_RULES } from './rules-label.ts';
import { SOURCE_RULES } from './rules-source.ts';

/** What the stopped acquisition says of itself. */
export interface StoppedFacts {
  readonly folder: FolderPlan;
  readonly segments: readonly Segment[];
  /** Bytes. */
  readonly size: number;
  readonly identity: SourceIdentity;
  /** As the disk itself told by pass-through; null: it was not asked, or told nothing. */
  readonly own: { readonly model: string; readonly serial: string } | null;
  /** Bytes that the image takes already: they are not needed again. */
  readonly taken: number;
  /** Set when the source is on another machine: its boot id, null where it was not known. */
  readonly remote?: { readonly bootId: string | null } | null;
}

/** Everything the pure planning of a resume sees. */
export interface ResumeFacts extends PlanFacts {
  readonly stopped: StoppedFacts;
}

/** Facts to the plan of a session that goes on, or to refusals. All rules are asked. Pure. */
export function planResume(facts: ResumeFacts): PlanResult {
  const { stopped, destination } = facts;
  // What the image holds already needs no room again.
  const roomier = { ...facts, destination: { ...destination, freeBytes: destination.freeBytes + stopped.taken } };
  const rules: readonly Rule[] = [...SOURCE_RULES, ...LABEL_RULES, notOnSource, notSystemDisk, writable];
  const all = [
    ...sameSource(facts),
    ...sameMachine(facts),
    ...rules.flatMap((rule) => rule(facts)),
    ...roomEnough(roomier),
  ];
  const refusals = all.filter(({ level }) => level === 'refusal');
  const findings = all.filter(({ level }) => level !== 'refusal');
  if (refusals.length > 0) return { ok: false, refusals, findings };
  const plan: Plan = { ...makePlan(facts, stopped.folder, findings), segments: stopped.segments };
  return { ok: true, plan };
}

/**
 * The same disk, wherever it hangs now. Behind another bridge the kernel may be told another name; then the disk's own
 * word by pass-through decides, when both sessions have it.
 */
function sameSource(facts: ResumeFacts): Finding[] {
  const { source, stopped, protection } = facts;
  const differences = diskDifferences(stopped.identity, source.identity);
  if (source.received !== undefined && differences.length === 0) return [sentAgain(source.path)];
  if (differences.length === 0) return namelessWarning(facts);
  const { own } = protection.probes;
  const sameSize = stopped.identity.size === source.identity.size && stopped.identity.kind === source.identity.kind;
  const bothTold = stopped.own !== null && own.known;
  if (sameSize && bothTold && own.value.serial === stopped.own.serial && own.value.model === stopped.own.model) {
    const message = `${visible(source.path)} is told by another name than before (${visible(differences.join('; '))}); by pass-through the disk itself gives the same model and serial.`;
    return [warning('source', 'resume.other-bridge', message)];
  }
  const message = `${visible(source.path)} is not the source of this acquisition: ${visible(differences.join('; '))}.`;
  return [
    refusal(
      'source',
      'source.changed',
      message,
      'Connect the disk that was being imaged, and name it: exhibit resume DIR SOURCE. A file that was changed since can only be imaged anew.',
    ),
  ];
}

/** A stream goes on where the last one stood, and nothing of it comes twice. */
function sentAgain(path: string): Finding {
  const message = `Whether the same disk is sent to ${visible(path)} again can not be told: nothing that came before is compared with it.`;
  return warning('source', 'resume.not-compared', message);
}

/** On another machine, or here, as before; and a machine that was started anew has written to its disk in between. */
function sameMachine({ source, stopped, request }: ResumeFacts): Finding[] {
  const was = stopped.remote ?? null;
  if ((was !== null) !== (source.remote !== undefined)) {
    const message = `The acquisition was begun on a source ${was === null ? 'of this station' : 'of another machine'}; ${visible(source.path)} is none.`;
    return [refusal('source', 'source.changed', message, 'Name the source as it was named first.')];
  }
  if (was === null || source.remote === undefined) return [];
  const { bootId } = source.remote.machine;
  if (was.bootId === null || !bootId.known) {
    const message = 'Whether the machine was started anew since can not be told: its boot id is not known.';
    return [warning('source', 'resume.boot-unknown', message)];
  }
  if (was.bootId === bootId.value) return [];
  const message = `The machine of ${visible(source.path)} was started anew since: its boot id was ${visible(was.bootId)}, and is ${visible(bootId.value)}.`;
  const reason = request.remote?.rebooted ?? null;
  if (reason !== null)
    return [warning('source', 'resume.rebooted', `${message} Gone on with all the same: ${visible(reason)}`)];
  const hint =
    'Its disk was written to in between: what was read and what is to be read do not belong to one state. Image it anew, or give the reason for going on: --rebooted REASON.';
  return [refusal('source', 'source.rebooted', message, hint)];
}

/** Nothing but size and content tells it from another; or where its machine ran on, nothing but size and number there. */
function namelessWarning(facts: ResumeFacts): Finding[] {
  const { identity, path } = facts.source;
  const { kind, serial, wwn } = identity;
  if (kind === 'file' || serial !== null || wwn !== null) return [];
  const shows = isTheOneThere(facts)
    ? 'and by the count that its machine, which ran on, gave it (diskseq); nothing of it is read again to compare'
    : 'and by reading a part of it again';
  const message = `${visible(path)} tells no serial: that it is the same disk shows by its size, ${shows}.`;
  return [warning('source', 'resume.no-serial', message)];
}

/** A machine that ran on, and counted no other disk in its place: what was read is not read again (live, it may differ). */
function isTheOneThere({ source: { identity, remote }, stopped }: ResumeFacts): boolean {
  const before = stopped.remote?.bootId ?? null;
  const now = remote?.machine.bootId;
  const same = identityDifferences(stopped.identity, identity).length === 0;
  return before !== null && now?.known === true && now.value === before && identity.diskseq !== null && same;
}
