import { basename, dirname } from 'node:path';
import type { Ports } from '../system/ports.ts';

/** The block device below a file system or a source, and what may answer reads there in place of the medium. */
export interface Below {
  /** Kernel name, `sda1`; null where there is no block device. */
  readonly name: string | null;
  /** What may hold a cache out of this station's sight, as a clause; null: a drive that is attached directly. */
  readonly hidden: string | null;
}

/** How often devices may be stacked before something is wrong with the stack. */
const DEEPEST = 16;

/** Drives that this station addresses itself, by their place in sysfs: libata, SAS end devices, USB, NVMe on PCI, MMC. */
const ATTACHED = /\/(?:ata\d+\/host\d+|end_device-[\d:]+|usb\d+|nvme\/nvme\d+|mmc_host\/mmc\d+)\//;
/** USB that is none: USB/IP from another machine, the kernel's own gadget. */
const USB_ELSEWHERE = /\/(?:vhci_hcd|dummy_hcd)\b/;
/** Disks that somebody else serves, by their place in sysfs. Only for the wording: whatever is not known is unknown. */
const SERVED: readonly (readonly [RegExp, string])[] = [
  [/\/virtio\d+\//, 'a virtio disk: its host may cache'],
  [/\/vbd-\d+\//, 'a Xen disk: its host may cache'],
  [/\/session\d+\//, 'an iSCSI disk: its server may cache'],
];
/** Mapper devices that only pass reads on (LVM, dm-crypt, multipath, partitions), by their `dm/uuid`; not LVM's caches. */
const PASSES_ON = /^(?:LVM|CRYPT|mpath|part\d+)-(?!.*-(?:cdata|cmeta|cvol|cpool|vdata|vpool)$)/;

/**
 * What lies below a device number (`st_dev`, `st_rdev`). Whatever is not known to be a drive of this station's own may
 * cache. The drive's own buffer, which every drive has, is not counted.
 */
export async function cacheBelow(ports: Ports, device: number): Promise<Below> {
  const number = `${major(device)}:${minor(device)}`;
  if (major(device) === 0) return { name: null, hidden: `the file system has no block device of its own (${number})` };
  const folder = await ports.files.realPath(`${ports.root}/sys/dev/block/${number}`);
  return { name: basename(folder), hidden: (await hiddenAt(ports, folder, 0)) ?? (await machine(ports)) };
}

async function hiddenAt(ports: Ports, folder: string, depth: number): Promise<string | null> {
  const name = basename(folder);
  if (depth > DEEPEST) return `more than ${DEEPEST} devices lie on top of each other`;
  if (!folder.includes('/virtual/')) return attachment(folder.slice(ports.root.length), name);
  const partition = (await ports.files.statOrNull(`${folder}/partition`)) !== null;
  const device = partition ? dirname(folder) : folder;
  const slaves = await ports.files.readDir(`${device}/slaves`).catch(() => []);
  if (slaves.length === 0 || !(await passesOn(ports, device))) return `${name} below it may cache too`;
  for (const slave of slaves) {
    const hidden = await hiddenAt(ports, await ports.files.realPath(`${device}/slaves/${slave}`), depth + 1);
    if (hidden !== null) return hidden;
  }
  return null;
}

/** Linux software RAID passes reads on; of mapper devices only those that are known to. */
async function passesOn(ports: Ports, device: string): Promise<boolean> {
  if ((await ports.files.statOrNull(`${device}/md`)) !== null) return true;
  const uuid = await ports.files.readText(`${device}/dm/uuid`).catch(() => '');
  return PASSES_ON.test(uuid.trim());
}

function attachment(folder: string, name: string): string | null {
  const served = SERVED.find(([place]) => place.test(folder));
  if (served !== undefined) return `${name} is ${served[1]}`;
  if (ATTACHED.test(folder) && !USB_ELSEWHERE.test(folder)) return null;
  return `how ${name} is attached is not known, and it may cache`;
}

/** The disks of a virtual machine are its host's, whatever they look like. */
async function machine(ports: Ports): Promise<string | null> {
  const cpu = await ports.files.readText(`${ports.root}/proc/cpuinfo`);
  const flags = /^flags\s*:(.*)$/m.exec(cpu)?.[1];
  if (flags !== undefined) return /\bhypervisor\b/.test(flags) ? 'this is a virtual machine: its host may cache' : null;
  // Only x86 has the flag.
  const told = await ports.commands.run(['systemd-detect-virt', '--vm'], { timeoutMs: 5000 });
  return told.stdout.trim() === 'none' ? null : 'this may be a virtual machine, whose host may cache';
}

// Linux dev_t as glibc packs it (sys/sysmacros.h).
function major(device: number): number {
  return Number(((BigInt(device) >> 8n) & 0xfffn) | ((BigInt(device) >> 32n) & 0xfffff000n));
}

function minor(device: number): number {
  return Number((BigInt(device) & 0xffn) | ((BigInt(device) >> 12n) & 0xffffff00n));
}
