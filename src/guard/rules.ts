import type { Fact } from '../model/device.ts';
import type { GuardFacts } from '../model/guard-facts.ts';
import type { HardwareEntry } from '../model/hardware.ts';
import { isElsewhere } from '../model/plan.ts';
import type { Evidence, FactName, VerdictName } from '../model/verdict.ts';
import { flagEvidence, kernelFlags, surroundings } from './observe.ts';

export const WRITE_PROTECTED = 'write-protected';
export const WRITE_BLOCKING = 'write-blocking';

/** What one rule makes of the facts: a name it can stand for, and what it saw. */
export interface Claim {
  readonly name: VerdictName;
  readonly evidence: readonly Evidence[];
}

/** Looks at the facts; null when they are none of its business. A new kind of evidence is a new rule in the list. */
export type VerdictRule = (facts: GuardFacts) => Claim | null;

const plainFile: VerdictRule = ({ source }) =>
  source.kind === 'file'
    ? {
        name: 'not-applicable',
        evidence: [
          {
            fact: 'surroundings',
            what: 'kind of source',
            seen: 'plain file, opened read-only',
            source: `stat ${source.realPath}`,
          },
        ],
      }
    : null;

/** A loop device whose back is known to be a file, or a partition of one: there is no disk to block. */
const loopOnFile: VerdictRule = ({ source }) => {
  if (source.kind !== 'block') return null;
  const { physical, behind, wholeDisk } = source.device;
  const onFile = !physical && /^loop\d+$/.test(wholeDisk) && behind.known && behind.value === null;
  return onFile ? { name: 'not-applicable', evidence: [] } : null;
};

const kernelReadOnly: VerdictRule = ({ source }) => {
  if (source.kind !== 'block') return null;
  const flags = kernelFlags(source.device);
  const all = flags.every(({ readOnly }) => readOnly.known && readOnly.value);
  return { name: all ? 'kernel-flag-only' : 'none-observed', evidence: flags.map(flagEvidence) };
};

const declaresProtection: VerdictRule = ({ declared }) => {
  const protects = declared.known && declared.value.writeProtected;
  const seen = shown(declared, ({ writeProtected }) => (writeProtected ? WRITE_PROTECTED : 'writable'));
  const source = declared.known ? declared.value.by : 'not asked, or not answered';
  return claim(protects ? 'device-declares-wp' : 'none-observed', 'declared', 'what the device declares', seen, source);
};

/** Presence counts only where the entry says that it always blocks: one with a switch may stand on read/write. */
const knownBlocker: VerdictRule = ({ hardware, declared }) => {
  const entry = hardware.known ? hardware.value : null;
  const seen = shown(hardware, (found) => (found === null ? 'no entry of the shipped data' : entryText(found)));
  const evidence = evidenceOf('hardware', "this disk's own bridge", seen, placeOf(entry));
  if (entry?.role !== 'write-blocker') return { name: 'none-observed', evidence: [evidence] };
  const declares = declared.known && declared.value.writeProtected;
  if (declares) return { name: 'known-blocker-declares-wp', evidence: [evidence] };
  return { name: entry.blocks === 'always' ? 'known-blocker' : 'none-observed', evidence: [evidence] };
};

const vendorAnswers: VerdictRule = ({ vendor, hardware }) => {
  const seen = shown(vendor, ({ blocking }) => (blocking ? WRITE_BLOCKING : 'read/write'));
  const evidence = evidenceOf('vendor-answer', "the blocker's answer to its vendor's query", seen, vendorPlace(vendor));
  if (!vendor.known) return { name: 'none-observed', evidence: [evidence] };
  if (!vendor.value.blocking) return { name: 'contradicted', evidence: [evidence] };
  // An answer alone makes no blocker of a bridge that nobody knows: anything may answer so.
  const entry = hardware.known ? hardware.value : null;
  const isBlocker = entry?.role === 'write-blocker' || entry?.quirks.includes('tableau-query') === true;
  return { name: isBlocker ? 'vendor-reports-blocking' : 'none-observed', evidence: [evidence] };
};

/** The lab's word counts where nothing is known to the contrary: an ordinary bridge stays one. */
const attested: VerdictRule = ({ attested: lab, hardware }) => {
  const entry = lab.known ? lab.value : null;
  const seen = shown(lab, (found) => (found === null ? 'none' : attestationText(found)));
  const evidence = evidenceOf('attestation', "the lab's attestation of this disk's bridge", seen, placeOf(entry));
  if (entry?.role !== 'write-blocker') return { name: 'none-observed', evidence: [evidence] };
  const contrary = hardware.known && hardware.value !== null && hardware.value.blocks === 'never';
  return { name: contrary ? 'contradicted' : 'operator-attested', evidence: [evidence] };
};

/** Claims nothing by itself; it tells what the others did not look at. */
const layersBelow: VerdictRule = ({ source }) =>
  source.kind === 'block' ? { name: 'none-observed', evidence: surroundings(source.device) } : null;

/** What keeps this host from writing means nothing there, and nothing keeps a running machine from its own disk. */
const onAnotherMachine: VerdictRule = ({ source }) => {
  if (source.received !== undefined) {
    const sent = 'a disk of a machine that runs and may write to it; that machine sends it';
    return { name: 'not-applicable', evidence: [evidenceOf('surroundings', 'where the source is', sent, source.path)] };
  }
  if (source.remote === undefined) return null;
  const { address, link } = source.remote;
  const seen = `a disk of ${address.host}, which runs and may write to it; opened read-only there`;
  const evidence = evidenceOf('surroundings', 'where the source is', seen, `SSH host key ${link.hostKey.fingerprint}`);
  return { name: 'not-applicable', evidence: [evidence] };
};

const here =
  (rule: VerdictRule): VerdictRule =>
  (facts) =>
    isElsewhere(facts.source) ? null : rule(facts);

/** Rules about hardware have no say where there is none. */
const onDevices =
  (rule: VerdictRule): VerdictRule =>
  (facts) =>
    facts.source.kind === 'block' && loopOnFile(facts) === null ? rule(facts) : null;

export const VERDICT_RULES: readonly VerdictRule[] = [
  onAnotherMachine,
  ...[
    plainFile,
    loopOnFile,
    kernelReadOnly,
    ...[declaresProtection, knownBlocker, vendorAnswers, attested].map(onDevices),
    layersBelow,
  ].map(here),
];

function claim(name: VerdictName, fact: FactName, what: string, seen: string, source: string): Claim {
  return { name, evidence: [evidenceOf(fact, what, seen, source)] };
}

function evidenceOf(fact: FactName, what: string, seen: string, source: string): Evidence {
  return { fact, what, seen, source };
}

function shown<T>(fact: Fact<T>, text: (value: T) => string): string {
  return fact.known ? text(fact.value) : `unknown: ${fact.why}`;
}

function entryText({ make, model, role, blocks }: HardwareEntry): string {
  const what = role === 'write-blocker' ? 'write blocker' : 'ordinary bridge';
  return `${make} ${model}: ${what}, blocks writes: ${blocks}`;
}

function attestationText({ make, model, attestation }: HardwareEntry): string {
  const validated = attestation?.validated ?? null;
  return `${make} ${model}, by ${attestation?.by ?? 'nobody named'}, ${validated === null ? 'never validated' : `validated ${validated}`}`;
}

function placeOf(entry: HardwareEntry | null): string {
  return entry === null ? 'hardware/' : `${entry.file}, ${entry.id}, SHA-256 ${entry.sha256}`;
}

function vendorPlace(vendor: GuardFacts['vendor']): string {
  return vendor.known ? `sg_raw, reply ${vendor.value.raw}` : 'not asked, or not answered';
}
