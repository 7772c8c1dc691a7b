import { type HardwareCatalog, loadHardware, refuseFaulty } from '../catalog/hardware.ts';
import { matchHardware } from '../guard/hardware-match.ts';
import { judge } from '../guard/verdict.ts';
import { known, unknown, valueOf, type Fact } from '../model/device.ts';
import type { GuardFacts, KnownHardware, ProtectionFacts } from '../model/guard-facts.ts';
import type { HardwareEntry } from '../model/hardware.ts';
import { isElsewhere, type SourceFacts } from '../model/plan.ts';
import type { ProbeFacts } from '../model/probe.ts';
import type { AcquireRequest } from '../model/request.ts';
import type { Verdict } from '../model/verdict.ts';
import { askProtection, notProbed, probe, type ProtectionAnswers } from '../probe/probe.ts';
import type { Ports } from '../system/ports.ts';

const ELSEWHERE = 'the disk is on another machine';

/** What is known of hardware where none is asked for: reading the files takes a fifth of a second. */
const NO_HARDWARE: HardwareCatalog = { shipped: [], lab: [], faults: [], leftOut: { shipped: [], lab: [] } };

/** What the disk itself, or its blocker, answered about write protection. */
export type AskedProtection = Pick<ProbeFacts, 'declared' | 'vendor'>;

/**
 * The verdict on the named source: what can be seen without asking it, then what it answers. Nothing is asked of a
 * source whose protection is contradicted already.
 * @throws ExhibitError `hardware.invalid` when the hardware data has faults, unless told to go on
 */
export async function observeProtection(
  ports: Ports,
  request: AcquireRequest,
  source: SourceFacts,
  labFile: Fact<string>,
): Promise<{ verdict: Verdict; protection: ProtectionFacts }> {
  const entries = hangsOnHardware(source) ? await stationHardware(ports, labFile) : NO_HARDWARE;
  if (!request.overrides.ignoreBadHardware) refuseFaulty(entries);
  const passive = judge(guardFacts(source, entries, notProbed('not asked yet')));
  const probes = await askSource(ports, request, source, passive);
  const guard = guardFacts(source, entries, probes);
  return { verdict: judge(guard), protection: { guard, probes, entries } };
}

/** All that is known of hardware here. Where the lab's file lies may be unknown: then what it attests is unknown too. */
export async function stationHardware(ports: Ports, labFile: Fact<string>): Promise<HardwareCatalog> {
  const catalog = await loadHardware(ports, valueOf(labFile));
  if (labFile.known) return catalog;
  const { leftOut } = catalog;
  return { ...catalog, leftOut: { ...leftOut, lab: [...leftOut.lab, `the lab's own file: ${labFile.why}`] } };
}

/** A plain file hangs on nothing; what a disk of another machine hangs on is not seen from here. */
function hangsOnHardware(source: SourceFacts): boolean {
  return source.kind === 'block' && !isElsewhere(source);
}

async function askSource(
  ports: Ports,
  { settings }: AcquireRequest,
  source: SourceFacts,
  passive: Verdict,
): Promise<ProbeFacts> {
  if (source.kind === 'file') return notProbed('the source is a plain file');
  if (isElsewhere(source)) return notProbed(ELSEWHERE);
  if (passive.name === 'contradicted') return notProbed('not asked: its write protection is contradicted');
  const { chain } = source.device;
  return probe(ports, source.device, { probe: settings.probe, chain, vendorQuery: settings.vendorQuery });
}

/** The same questions about protection after the last read; whoever was not asked before is not asked now. */
export async function askAgain(ports: Ports, request: AcquireRequest, source: SourceFacts): Promise<ProtectionAnswers> {
  if (source.kind === 'file') return notProbed('the source is a plain file');
  if (isElsewhere(source)) return notProbed(ELSEWHERE);
  const { probe: wanted, vendorQuery } = request.settings;
  return askProtection(ports, source.device, { probe: wanted, chain: source.device.chain, vendorQuery });
}

/** All that the verdict is drawn from: the source, what its own bridge is known as, and what was answered. Pure. */
export function guardFacts(source: SourceFacts, entries: KnownHardware, asked: AskedProtection): GuardFacts {
  return {
    source,
    hardware: entryOf(source, entries.shipped, entries.leftOut.shipped),
    attested: entryOf(source, entries.lab, entries.leftOut.lab),
    declared: asked.declared,
    vendor: asked.vendor,
  };
}

function entryOf(
  source: SourceFacts,
  entries: readonly HardwareEntry[],
  leftOut: readonly string[],
): Fact<HardwareEntry | null> {
  if (source.kind === 'file' || isElsewhere(source)) return known(null);
  const { chain } = source.device;
  if (!chain.known) return unknown(chain.why);
  const entry = matchHardware(chain.value, entries);
  if (entry !== null || leftOut.length === 0) return known(entry);
  return unknown(`no entry in what could be used, and this could not be: ${leftOut.join('; ')}`);
}
