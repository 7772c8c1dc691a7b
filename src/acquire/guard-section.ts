import { reasonsOf, valueOf, type Fact } from '../model/device.ts';
import { type ChainLink, usbRecord } from '../model/chain.ts';
import type { WriteCounters } from '../model/guard-facts.ts';
import type { HardwareEntry } from '../model/hardware.ts';
import type { Plan } from '../model/plan.ts';
import type { ProbeFacts, ProbeRun } from '../model/probe.ts';
import type { Evidence } from '../model/verdict.ts';
import type { Manifest } from '../manifest/schema.ts';

type Guard = Manifest['guard'];

/** What is known of the write protection before the first byte is read, in the manifest's words. Pure. */
export function guardSection(
  { source, verdict, protection, request, setReadOnly }: Plan,
  counters: Fact<readonly WriteCounters[]>,
): Guard {
  const { guard } = protection;
  const chain = source.kind === 'block' ? source.device.chain : null;
  const links = chain?.known === true ? chain.value.links : [];
  const { hardware, attested, declared, vendor } = guard;
  return {
    verdict: verdict.name,
    meaning: verdict.meaning,
    required: request.settings.protection,
    evidence: evidenceSection(verdict.evidence),
    evidence_after: [],
    set_read_only: [...setReadOnly],
    bus: chain?.known === true ? chain.value.bus : null,
    chain: links.map(linkSection),
    hardware: entrySection(valueOf(hardware)),
    attested: entrySection(valueOf(attested)),
    declared: declared.known ? { write_protected: declared.value.writeProtected, by: declared.value.by } : null,
    vendor_answer: vendor.known ? { ...vendor.value } : null,
    counters_before: countersSection(counters),
    counters_after: null,
    unknown: reasonsOf({
      hardware,
      attested,
      declared,
      vendor_answer: vendor,
      counters_before: counters,
      ...(chain === null ? {} : { chain }),
    }),
  };
}

export function evidenceSection(evidence: readonly Evidence[]): Guard['evidence'] {
  return evidence.map(({ fact, what, seen, source }) => ({ fact, what, seen, source }));
}

export function countersSection(counters: Fact<readonly WriteCounters[]>): Guard['counters_before'] {
  if (!counters.known) return null;
  return counters.value.map(({ device, writes, writtenSectors, discards, discardedSectors }) => ({
    device,
    writes,
    written_sectors: writtenSectors,
    discards,
    discarded_sectors: discardedSectors,
  }));
}

/** What the disk itself answered. */
export function probesSection(probes: ProbeFacts): Manifest['probes'] {
  const { own, healthy, hpa, dco, partitionTable, encryption, unread, runs } = probes;
  const area = (fact: ProbeFacts['hpa']): Manifest['probes']['hpa'] =>
    fact.known ? { visible: fact.value.visible, native: fact.value.native, sector_size: fact.value.sectorSize } : null;
  return {
    own: own.known ? { ...own.value } : null,
    healthy: valueOf(healthy),
    hpa: area(hpa),
    dco: area(dco),
    partition_table: partitionTable.known
      ? { ...partitionTable.value, entries: partitionTable.value.entries.map((entry) => ({ ...entry })) }
      : null,
    encryption_signs: encryption.known ? encryption.value.map((sign) => ({ ...sign })) : null,
    not_looked_at: unread.map((place) => ({ ...place })),
    unknown: reasonsOf({ own, healthy, hpa, dco, partition_table: partitionTable, encryption_signs: encryption }),
    runs: runsSection(runs),
    runs_after: [],
  };
}

export function runsSection(runs: readonly ProbeRun[]): Manifest['probes']['runs'] {
  return runs.map((run) => ({ ...run, argv: [...run.argv] }));
}

function linkSection({ role, name, sysfs, driver, usb, pci, inquiry }: ChainLink): Guard['chain'][number] {
  return {
    role,
    name,
    sysfs,
    driver,
    usb: usb === null ? null : usbRecord(usb),
    pci,
    inquiry: inquiry === null ? null : { ...inquiry },
  };
}

function entrySection(entry: HardwareEntry | null): Guard['hardware'] {
  if (entry === null) return null;
  const { id, make, model, role, blocks, quirks, evidence, attestation, file, sha256 } = entry;
  return {
    id,
    make,
    model,
    role,
    blocks,
    quirks: [...quirks],
    evidence: evidence.map(({ level, source, claims }) => ({ level, source, claims: [...claims] })),
    attestation: attestation === null ? null : { ...attestation },
    file,
    sha256,
  };
}
