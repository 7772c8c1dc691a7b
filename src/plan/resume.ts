import type { Finding, FolderPlan, Plan, PlanFacts, PlanResult, Segment } from '../model/plan.ts';
import { diskDifferences, type SourceIdentity } from '../model/identity.ts';
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
  const all = [...sameSource(facts), ...rules.flatMap((rule) => rule(facts)), ...roomEnough(roomier)];
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
function sameSource({ source, stopped, protection }: ResumeFacts): Finding[] {
  const differences = diskDifferences(stopped.identity, source.identity);
  if (differences.length === 0) return namelessWarning(source.identity, source.path);
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

/** Nothing but size and content tells it from another. */
function namelessWarning({ kind, serial, wwn }: SourceIdentity, path: string): Finding[] {
  if (kind === 'file' || serial !== null || wwn !== null) return [];
  const message = `${visible(path)} tells no serial: that it is the same disk shows by its size, and by reading a part of it again.`;
  return [warning('source', 'resume.no-serial', message)];
}
