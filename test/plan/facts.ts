import {
  type Device,
  type DestinationFacts,
  type Fact,
  known,
  type Partition,
  unknown,
} from '../../src/model/device.ts';
import type { PlanFacts, SourceFacts } from '../../src/model/plan.ts';
import type { AcquireRequest } from '../../src/model/request.ts';

export const MIB = 1024 ** 2;
export const GIB = 1024 ** 3;

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
  revision: known('RVT02B6Q'),
  wwn: unknown('not told'),
  transport: known('sata'),
  removable: false,
  diskseq: known('12'),
  byId: known([]),
  backingFile: null,
  behind: known(null),
  partitions: [],
  uses: known([]),
};

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
    identity: { kind: 'file', size, node: '1:2', model: null, serial: null, wwn: null, diskseq: null, mtimeMs: 0 },
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
  },
  overrides: { allowUnblocked: null, softwareBlock: false, allowSystemDestination: false, unsigned: false },
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
}

/** Facts with which nothing is wrong, and the changes of a test. */
export function factsWith(changes: Changes = {}): PlanFacts {
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
    verdict: changes.verdict ?? { name: 'kernel-flag-only', meaning: 'The flag is set.', evidence: [] },
    folderContent: changes.folderContent ?? null,
  };
}
