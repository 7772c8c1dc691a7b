import type { DiskChain } from './chain.ts';

/** A looked-up fact: a value, or the reason why it is not known. "Could not look" is never "nothing there". */
export type Fact<T> = { readonly known: true; readonly value: T } | { readonly known: false; readonly why: string };

export function known<T>(value: T): Fact<T> {
  return { known: true, value };
}

export function unknown<T = never>(why: string): Fact<T> {
  return { known: false, why };
}

/** The value of a fact, or null where it is not known. */
export function valueOf<T>(fact: Fact<T>): T | null {
  return fact.known ? fact.value : null;
}

/** Why each fact that is not known is not known. */
export function reasonsOf(facts: Readonly<Record<string, Fact<unknown>>>): Record<string, string> {
  return Object.fromEntries(Object.entries(facts).flatMap(([name, fact]) => (fact.known ? [] : [[name, fact.why]])));
}

/** What a block device is to the operator. `virtual`: loop, nbd, zram, brd: nothing one could hold in a hand. */
export type DeviceKind = 'disk' | 'partition' | 'loop' | 'mapper' | 'raid' | 'optical' | 'virtual';

/** Who uses a device right now: a mounted file system, swap, or a kernel layer stacked on it (LVM, RAID, LUKS). */
export interface DeviceUse {
  readonly kind: 'mount' | 'swap' | 'holder' | 'system';
  /** The device that is used: the disk itself or one of its partitions. */
  readonly device: string;
  /** Mount point, swap area or holder's name. */
  readonly by: string;
}

const USED: Readonly<Record<DeviceUse['kind'], string>> = {
  mount: 'is mounted at',
  swap: 'is swap:',
  holder: 'is held by',
  system: 'serves the running system:',
};

/** Who uses a device, as a phrase; untrusted text in it. */
export function useText({ kind, device, by }: DeviceUse): string {
  return `${device} ${USED[kind]} ${by}`;
}

export interface Partition {
  readonly path: string;
  readonly name: string;
  /** First byte on the disk, and length, in bytes. */
  readonly start: number;
  readonly size: number;
  readonly readOnly: Fact<boolean>;
  /** Type as the partition table says, file system and label as lsblk knows them without our reading the disk. */
  readonly type: string | null;
  readonly fileSystem: string | null;
  readonly label: string | null;
}

/** A block device as sysfs, lsblk and udev's database describe it: passive, nothing was asked of the device itself. */
export interface Device {
  readonly path: string;
  /** Kernel name, `sdb`. Changes between boots; never asked of a person. */
  readonly name: string;
  /** `major:minor`. */
  readonly number: string;
  readonly kind: DeviceKind;
  /** True when real hardware stands behind it: sysfs has a `device` below the disk, or below a disk it is stacked on. Also where that can't be seen. */
  readonly physical: boolean;
  /** The whole disk that a partition lies on, or the device itself. */
  readonly wholeDisk: string;
  /** Every whole disk below it (itself, the disks under a mapper or RAID device), kernel names. */
  readonly disks: readonly string[];
  readonly size: number;
  readonly logicalSector: number;
  readonly physicalSector: number;
  readonly readOnly: Fact<boolean>;
  readonly model: Fact<string>;
  readonly serial: Fact<string>;
  /** The serial as sysfs has it, with the padding that {@link serial} is without: empty, blanks and all. */
  readonly serialAsTold: Fact<string>;
  readonly revision: Fact<string>;
  readonly wwn: Fact<string>;
  readonly transport: Fact<string>;
  readonly removable: boolean | null;
  readonly diskseq: Fact<string>;
  /** `/dev/disk/by-id/…` links to it. Unknown where udev does not run. */
  readonly byId: Fact<readonly string[]>;
  /** `/dev/disk/by-path/…` links to it: the port it hangs on, whatever it calls itself. Unknown where udev does not run. */
  readonly byPath: Fact<readonly string[]>;
  /** What it hangs on. A partition has its disk's; a loop device that shows another device has that device's. */
  readonly chain: Fact<DiskChain>;
  /** The file, or the node of the device, behind a loop device. */
  readonly backingFile: string | null;
  /** The device whose bytes a loop device shows; null: none, or a plain file. What protects or uses it counts here too. */
  readonly behind: Fact<Device | null>;
  /** The whole disk around a partition, through whose node the partition can be written to as well; null: it is none. */
  readonly around: Pick<Device, 'path' | 'name' | 'readOnly'> | null;
  readonly partitions: readonly Partition[];
  readonly uses: Fact<readonly DeviceUse[]>;
}

/** What stands behind a folder: where the evidence will be written. */
export interface DestinationFacts {
  /** The folder given by `--to`, as an absolute real path. */
  readonly path: string;
  /**
   * `major:minor` (`st_dev`) of the file system that the evidence folder will be on. That, and all that follows, is
   * where the deepest folder lies that exists on the way to it: `--to/CASE` may be a mount point, or a link elsewhere.
   */
  readonly device: string;
  /** File system type as mountinfo names it (`ext4`, `vfat`, `tmpfs`, `nfs4`). */
  readonly fileSystem: string;
  /** `statfs` magic number, in hex. */
  readonly fileSystemMagic: string;
  readonly mountPoint: string;
  readonly mountSource: string;
  readonly readOnly: boolean;
  /** Bytes that this user may still write. */
  readonly freeBytes: number;
  /** Bytes that other exhibit jobs running on this file system still need; unknown when other users' processes can't be read. */
  readonly claimedByOthers: Fact<number>;
  /** The largest file this file system takes, in bytes; null where there is no limit that matters. */
  readonly fileLimit: number | null;
  /** Whole disks below the file system, kernel names. Known and empty: memory or network. */
  readonly disks: Fact<readonly string[]>;
  readonly model: Fact<string>;
  readonly serial: Fact<string>;
  /** True when one of `disks` holds the running operating system. */
  readonly onSystemDisk: Fact<boolean>;
}
