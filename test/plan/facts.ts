import type { DiskChain } from '../../src/model/chain.ts';
import {
  type Device,
  type DestinationFacts,
  type Fact,
  known,
  type Partition,
  unknown,
} from '../../src/model/device.ts';
import type { GuardFacts, ProtectionFacts } from '../../src/model/guard-facts.ts';
import type { ProbeFacts } from '../../src/model/probe.ts';
import { notProbed } from '../../src/probe/probe.ts';
import { planAcquisition } from '../../src/plan/plan.ts';
import type { PlanFacts, SourceFacts } from '../../src/model/plan.ts';
import type { AcquireRequest } from '../../src/model/request.ts';

export const MIB = 1024 ** 2;
export const GIB = 1024 ** 3;

/** A bridge on a USB 2 link. */
export const USB2: DiskChain = {
  bus: 'usb',
  links: [
    {
      role: 'bridge',
      name: '1-1',
      sysfs: '/sys/devices/x',
      driver: null,
      pci: null,
      inquiry: null,
      usb: {
        vendorId: '152d',
        productId: '0578',
        manufacturer: null,
        product: null,
        serial: null,
        revision: null,
        speed: 480,
        transport: 'bot',
      },
    },
  ],
};

/** A physical, idle, read-only disk of 500 GB. */
export const device: Device = {
  path: '/dev/sdx',
  name: 'sdx',
  number: '8:368',
  kind: 'disk',
  physical: true,
  wholeDisk: 'sdx',
  disks: ['sdx'],
  size: 500_107_862_016,
  logicalSector: 512,
  physicalSector: 4096,
  readOnly: known(true),
  model: known('Samsung SSD 860 EVO 500GB'),
  serial: known('S3Z2NB0K123456A'),
  serialAsTold: known('S3Z2NB0K123456A'),
  revision: known('RVT02B6Q'),
  wwn: unknown('not told'),
  transport: known('sata'),
  removable: false,
  diskseq: known('12'),
  byId: known([]),
  byPath: known([]),
  chain: unknown('nobody looked'),
  backingFile: null,
  behind: known(null),
  around: null,
  partitions: [],
  uses: known([]),
};

/** Nothing but the source itself was looked at. */
export function guardFacts(source: SourceFacts, changes: Partial<GuardFacts> = {}): GuardFacts {
  return {
    source,
    hardware: known(null),
    attested: known(null),
    declared: unknown('not asked'),
    vendor: unknown('not asked'),
    ...changes,
  };
}

/** As {@link guardFacts}, with a disk that was asked nothing. */
export function protectionOf(source: SourceFacts): ProtectionFacts {
  return {
    guard: guardFacts(source),
    probes: notProbed('not asked'),
    entries: { shipped: [], lab: [], leftOut: { shipped: [], lab: [] } },
  };
}

export function partition(number: number, readOnly: Fact<boolean> = known(true)): Partition {
  const name = `sdx${number}`;
  return {
    path: `/dev/${name}`,
    name,
    start: number * MIB,
    size: MIB,
    readOnly,
    type: null,
    fileSystem: 'ntfs',
    label: null,
  };
}

export function blockSource(changes: Partial<Device> = {}): SourceFacts {
  const changed: Device = { ...device, ...changes };
  const path = changes.path ?? `/dev/${changed.name}`;
  return {
    kind: 'block',
    path,
    realPath: path,
    device: { ...changed, path },
    identity: {
      kind: 'block',
      size: changed.size,
      node: changed.number,
      model: null,
      serial: null,
      wwn: null,
      diskseq: null,
      chain: null,
      mtimeMs: null,
    },
  };
}

export function fileSource(size = 10 * MIB): SourceFacts {
  return {
    kind: 'file',
    path: 'disk.img',
    realPath: '/tmp/disk.img',
    size,
    identity: {
      kind: 'file',
      size,
      node: '1:2',
      model: null,
      serial: null,
      wwn: null,
      diskseq: null,
      chain: null,
      mtimeMs: 0,
    },
  };
}

export const destination: DestinationFacts = {
  path: '/mnt/evidence',
  fileSystem: 'ext4',
  device: '8:1',
  fileSystemMagic: 'ef53',
  mountPoint: '/mnt/evidence',
  mountSource: '/dev/sdy1',
  readOnly: false,
  freeBytes: 4_000_000_000_000,
  claimedByOthers: known(0),
  fileLimit: null,
  disks: known(['sdy']),
  model: known('WDC WD40EFRX'),
  serial: known('WD-WCC4E1234567'),
  onSystemDisk: known(false),
};

export const request: AcquireRequest = {
  sourcePath: '/dev/sdx',
  to: '/mnt/evidence',
  folderName: null,
  caseInfo: {
    caseNumber: 'C-17',
    evidenceId: 'E1',
    examiner: 'R. Ames',
    description: null,
    notes: null,
    authority: null,
  },
  label: { model: null, serial: null, size: null, sealNumber: null, condition: null, mismatchReason: null },
  profile: { name: 'bench', version: 1, sha256: 'a'.repeat(64) },
  settings: {
    format: 'raw',
    segmentSize: 2 * GIB,
    hashes: ['md5', 'sha256'],
    engine: 'auto',
    reader: 'dd',
    blockSize: 4 * MIB,
    pieceSize: 16 * MIB,
    readBack: true,
    verifySource: false,
    protection: 'operator-attested',
    probe: true,
    vendorQuery: false,
    recovery: 'in-line',
    retries: 0,
    maxBad: null,
    readTimeout: 300,
    waitForDevice: 600,
  },
  origins: {
    format: 'profile',
    segmentSize: 'profile',
    hashes: 'profile',
    engine: 'profile',
    reader: 'profile',
    blockSize: 'profile',
    pieceSize: 'profile',
    readBack: 'profile',
    verifySource: 'profile',
    protection: 'profile',
    probe: 'profile',
    vendorQuery: 'profile',
    recovery: 'profile',
    retries: 'profile',
    maxBad: 'profile',
    readTimeout: 'profile',
    waitForDevice: 'profile',
  },
  overrides: {
    allowUnblocked: null,
    softwareBlock: false,
    allowSystemDestination: false,
    ignoreBadHardware: false,
    unsigned: false,
  },
  keyPath: null,
  yes: false,
};

export interface Changes {
  readonly source?: SourceFacts;
  readonly destination?: Partial<DestinationFacts>;
  readonly case?: Partial<AcquireRequest['caseInfo']>;
  readonly label?: Partial<AcquireRequest['label']>;
  readonly settings?: Partial<AcquireRequest['settings']>;
  readonly overrides?: Partial<AcquireRequest['overrides']>;
  readonly request?: Partial<AcquireRequest>;
  readonly verdict?: PlanFacts['verdict'];
  readonly folderContent?: readonly string[] | null;
  /** What the disk itself answered. */
  readonly own?: ProbeFacts['own'];
  readonly leftOut?: ProtectionFacts['entries']['leftOut'];
  readonly serials?: PlanFacts['serials'];
}

/** Facts with which nothing is wrong, and the changes of a test. */
export function factsWith(changes: Changes = {}): PlanFacts {
  const protection = protectionOf(changes.source ?? blockSource());
  const { probes, entries } = protection;
  return {
    request: {
      ...request,
      ...changes.request,
      caseInfo: { ...request.caseInfo, ...changes.case },
      label: { ...request.label, ...changes.label },
      settings: { ...request.settings, ...changes.settings },
      overrides: { ...request.overrides, ...changes.overrides },
    },
    source: changes.source ?? blockSource(),
    destination: { ...destination, ...changes.destination },
    protection: {
      ...protection,
      probes: { ...probes, own: changes.own ?? probes.own },
      entries: { ...entries, leftOut: changes.leftOut ?? entries.leftOut },
    },
    serials: changes.serials ?? known({ twins: [], notes: [] }),
    verdict: changes.verdict ?? { name: 'known-blocker', meaning: 'It hangs on a write blocker.', evidence: [] },
    folderContent: changes.folderContent ?? null,
  };
}

/** Every finding as `level code fault`, in order. */
export function found(changes: Changes): string[] {
  const result = planAcquisition(factsWith(changes));
  const all = result.ok ? result.plan.findings : [...result.refusals, ...result.findings];
  return all.map(({ level, code, fault }) => `${level} ${code} ${fault}`);
}
