import { guardSection, probesSection } from './guard-section.ts';
import { receivedSection } from './received/section.ts';
import { remoteSection } from './remote/section.ts';
import type { StationFacts } from '../discover/station.ts';
import { reasonsOf, valueOf, type Fact } from '../model/device.ts';
import type { WriteCounters } from '../model/guard-facts.ts';
import type { Plan } from '../model/plan.ts';
import type { ManifestStart } from '../manifest/start.ts';
import type { HeldBy } from '../read/held-source.ts';
import { utc } from '../system/clock.ts';

export interface StartFacts {
  readonly plan: Plan;
  readonly station: StationFacts;
  readonly toolVersion: string;
  readonly readerVersion: string;
  /** How the operator confirmed the source, as a sentence. */
  readonly confirmation: string;
  readonly sleepInhibited: string;
  readonly heldBy: HeldBy;
  /** What this host had sent to the source before the first read. */
  readonly counters: Fact<readonly WriteCounters[]>;
  readonly startedMs: number;
}

/** Everything that is known before the first byte is read, in the manifest's own words. Pure. */
export function manifestStart(facts: StartFacts): ManifestStart {
  const { plan } = facts;
  const { request } = plan;
  const { caseInfo, label, profile, settings, origins } = request;
  return {
    space_needed: plan.spaceNeeded,
    stem: plan.folder.stem,
    size: plan.size,
    segments: plan.segments.map(({ name, offset, length }) => ({ name, offset, length })),
    head: {
      tool: { name: 'exhibit', version: facts.toolVersion },
      case: {
        number: caseInfo.caseNumber,
        evidence_id: caseInfo.evidenceId,
        examiner: caseInfo.examiner,
        description: caseInfo.description,
        notes: caseInfo.notes,
        authority: caseInfo.authority,
      },
      label: {
        model: label.model,
        serial: label.serial,
        size: label.size,
        seal_number: label.sealNumber,
        condition: label.condition,
        comparisons: plan.labelComparisons.map((comparison) => ({ ...comparison })),
      },
      source: sourceSection(facts),
      guard: guardSection(plan, facts.counters),
      probes: probesSection(plan.protection.probes),
      destination: destinationSection(plan),
      station: stationSection(facts),
      acquisition: {
        started: utc(facts.startedMs),
        profile: { ...profile },
        settings: {
          format: settings.format,
          segment_size: settings.segmentSize,
          hashes: [...settings.hashes],
          hash_engine: settings.engine,
          reader: settings.reader,
          block_size: settings.blockSize,
          piece_size: settings.pieceSize,
          read_back: settings.readBack,
          verify_source: settings.verifySource,
          write_protection: settings.protection,
          probe: settings.probe,
          vendor_query: settings.vendorQuery,
          recovery: settings.recovery,
          retries: settings.retries,
          max_bad: settings.maxBad,
          read_timeout: settings.readTimeout,
          wait_for_device: settings.waitForDevice,
        },
        setting_origins: { ...origins },
        overrides: overrides(plan),
        confirmation: facts.confirmation,
        reader: {
          name: readerName(plan),
          version: facts.readerVersion,
          run_count: 0,
          runs: [],
        },
        findings: plan.findings.map(({ level, code, message }) => ({ level, code, message })),
      },
    },
  };
}

function readerName({ source, request }: Plan): ManifestStart['head']['acquisition']['reader']['name'] {
  if (source.received !== undefined) return 'listen';
  if (source.remote === undefined) return request.settings.reader;
  return source.remote.ways.program === 'dd' ? 'remote-dd' : 'remote-python';
}

function sourceSection({ plan, heldBy }: StartFacts): ManifestStart['head']['source'] {
  const { source } = plan;
  const device = source.kind === 'block' ? source.device : null;
  const facts: Record<string, Fact<unknown>> = device === null
    ? {}
    : {
        model: device.model,
        serial: device.serial,
        revision: device.revision,
        wwn: device.wwn,
        transport: device.transport,
        by_id: device.byId,
      };
  // What a disk that is sent is over there, nobody looked at.
  const seen = source.received === undefined ? device : null;
  return {
    kind: source.kind,
    path: source.path,
    real_path: source.realPath,
    device_kind: seen?.kind ?? null,
    physical: device?.physical ?? false,
    size: plan.size,
    logical_sector: plan.logicalSector,
    physical_sector: plan.physicalSector,
    model: device === null ? null : valueOf(device.model),
    serial: device === null ? null : valueOf(device.serial),
    revision: device === null ? null : valueOf(device.revision),
    wwn: device === null ? null : valueOf(device.wwn),
    transport: device === null ? null : valueOf(device.transport),
    by_id: device === null ? null : copyOf(valueOf(device.byId)),
    whole_disk: seen?.wholeDisk ?? null,
    partitions: (device?.partitions ?? []).map(({ path, start, size, type, fileSystem, label }) => ({
      path,
      start,
      size,
      type,
      file_system: fileSystem,
      label,
    })),
    unknown: reasonsOf(facts),
    identity_before: { ...source.identity },
    identity_after: null,
    held_by: heldBy,
    remote: remoteSection(plan),
    received: receivedSection(source),
  };
}

function destinationSection({ destination, folder }: Plan): ManifestStart['head']['destination'] {
  const { disks, model, serial, onSystemDisk } = destination;
  return {
    path: folder.path,
    file_system: destination.fileSystem,
    file_system_magic: destination.fileSystemMagic,
    mount_point: destination.mountPoint,
    mount_source: destination.mountSource,
    disks: copyOf(valueOf(disks)),
    model: valueOf(model),
    serial: valueOf(serial),
    on_system_disk: valueOf(onSystemDisk),
    unknown: reasonsOf({ disks, model, serial, on_system_disk: onSystemDisk }),
    folder_synced: true,
  };
}

function stationSection({ station, sleepInhibited }: StartFacts): ManifestStart['head']['station'] {
  return {
    hostname: station.hostname,
    kernel: station.kernel,
    node: station.node,
    uid: station.uid,
    sudo_user: station.sudoUser,
    tools: { ...station.tools },
    clock: { synchronised: valueOf(station.clock.synchronised), seen_by: station.clock.seenBy, disturbances: [] },
    sleep_inhibited: sleepInhibited,
  };
}

function overrides({ request }: Plan): { option: string; reason: string | null }[] {
  const { overrides: given, label } = request;
  return [
    ...(given.allowUnblocked === null ? [] : [{ option: 'allow-unblocked', reason: given.allowUnblocked }]),
    ...(label.mismatchReason === null ? [] : [{ option: 'label-mismatch', reason: label.mismatchReason }]),
    ...(given.softwareBlock ? [{ option: 'software-block', reason: null }] : []),
    ...(given.allowSystemDestination ? [{ option: 'allow-system-destination', reason: null }] : []),
    ...(given.ignoreBadHardware ? [{ option: 'ignore-bad-hardware', reason: null }] : []),
    ...remoteOverrides(request),
    ...(given.unsigned ? [{ option: 'unsigned', reason: null }] : []),
  ];
}

function remoteOverrides({ remote, listen }: Plan['request']): { option: string; reason: string }[] {
  const reasons = {
    frozen: remote?.frozen,
    ciphertext: remote?.ciphertext,
    rebooted: remote?.rebooted,
    'allow-plaintext': listen?.plaintext,
  };
  return Object.entries(reasons).flatMap(([option, reason]) => (reason == null ? [] : [{ option, reason }]));
}

function copyOf(list: readonly string[] | null): string[] | null {
  return list === null ? null : [...list];
}
