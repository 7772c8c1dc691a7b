import { segmentsOf } from '../image/segments.ts';
import type { Device } from '../model/device.ts';
import { bug } from '../model/errors.ts';
import {
  isElsewhere,
  type Finding,
  type FolderPlan,
  type Plan,
  type PlanFacts,
  type PlanResult,
} from '../model/plan.ts';
import type { Rule } from './finding.ts';
import { planFolder } from './folder.ts';
import { compareLabel, confirmSerial } from './label.ts';
import { DESTINATION_RULES } from './rules-destination.ts';
import { IMAGE_RULES } from './rules-image.ts';
import { LABEL_RULES } from './rules-label.ts';
import { SOURCE_RULES } from './rules-source.ts';
import { sourceSize, spaceNeeded } from './space.ts';

/** Asked in this order, which is also the order in which findings are shown. */
const RULES: readonly Rule[] = [...SOURCE_RULES, ...LABEL_RULES, ...DESTINATION_RULES, ...IMAGE_RULES];

/** A plain file has no sectors; images of disks are in units of this. */
const FILE_SECTOR = 512;

/**
 * Facts to the plan that runs, or to refusals. All rules are asked, whatever the first of them says. Pure.
 * In a refused result `findings` holds the warnings and notes beside the refusals.
 */
export function planAcquisition(facts: PlanFacts, rules: readonly Rule[] = RULES): PlanResult {
  const all = rules.flatMap((rule) => rule(facts));
  const refusals = all.filter(({ level }) => level === 'refusal');
  const findings = all.filter(({ level }) => level !== 'refusal');
  if (refusals.length > 0) return { ok: false, refusals, findings };
  const named = planFolder(facts.request, facts.destination.path);
  if (!named.ok) throw bug('plan: a folder without a name got past the rules');
  return { ok: true, plan: makePlan(facts, named.folder, findings) };
}

/** The plan, once nothing speaks against it. */
export function makePlan(facts: PlanFacts, folder: FolderPlan, findings: readonly Finding[]): Plan {
  const { request, source, destination, verdict, protection } = facts;
  const { format, segmentSize, pieceSize } = request.settings;
  const device = source.kind === 'block' ? source.device : null;
  const size = sourceSize(source);
  return {
    request,
    source,
    destination,
    verdict,
    protection,
    folder,
    size,
    logicalSector: device?.logicalSector ?? FILE_SECTOR,
    physicalSector: device?.physicalSector ?? FILE_SECTOR,
    segments: segmentsOf(size, format, segmentSize, folder.stem),
    spaceNeeded: spaceNeeded(size, pieceSize),
    labelComparisons: compareLabel(facts),
    setReadOnly:
      device !== null && !isElsewhere(source) && request.overrides.softwareBlock ? readOnlyPaths(device) : [],
    confirmSerial: confirmSerial(facts),
    findings,
  };
}

/**
 * The device, its partitions, the whole disk that a partition lies on, and all these of the device behind a loop
 * device: a write can come through any of these nodes.
 */
export function readOnlyPaths(device: Device): string[] {
  const whole = device.kind === 'partition' ? [`/dev/${device.wholeDisk}`] : [];
  const behind = device.behind.known && device.behind.value !== null ? readOnlyPaths(device.behind.value) : [];
  return [device.path, ...device.partitions.map(({ path }) => path), ...whole, ...behind];
}
