import { lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { BenchDisk } from './disks.ts';

/** A part of sysfs as `test/support/bench-capture.ts` reads it: text as it is, other bytes in base64; links by their targets. */
export interface SysfsTree {
  readonly files: Record<string, string | { base64: string }>;
  readonly links: Record<string, string>;
}

/** Says nothing about a device, or something else at every look. */
const LEFT_OUT = [
  /^(config|rom|resource|ari_|msi_|numa_|local_cpu|dma_mask|consistent_dma|d3cold|power_|broken_|driver_override|irq)/,
  /^(uevent|modalias|urbnum|trace|inflight|events|evt_|io.*_cnt|remove|rescan|reset|delete|avoid_|.x_lanes|urbs|pools)/,
];
/** Links that say what an entry is. */
const LINKS = new Set(['driver', 'subsystem', 'device']);
/** Folders inside a disk's own, and what of them. */
const FOLDERS = {
  queue: /^(logical_block_size|physical_block_size|hw_sector_size|rotational|write_cache|zoned|max_sectors_kb)$/,
  holders: /./,
  slaves: /./,
};
/** Folders of kernel classes inside an ancestor: what kind of host, port or link it is. */
const CLASSES = ['scsi_host', 'ata_port', 'ata_link', 'ata_device', 'sas_device', 'mmc_host'];
const MOST_BYTES = 4096;

/** A disk with its ancestors, up to the first below /sys/devices, added to `tree`. */
export function addDisk(tree: SysfsTree, disk: BenchDisk): void {
  const number = readFileSync(join(disk.sysfs, 'dev'), 'utf8').trim();
  tree.links[`/sys/block/${disk.name}`] = disk.sysfs;
  tree.links[`/sys/dev/block/${number}`] = disk.sysfs;
  for (let folder = disk.sysfs; folder !== '/sys/devices'; folder = dirname(folder)) {
    addFolder(tree, folder, /./);
    addClasses(tree, folder);
  }
  for (const [name, wanted] of Object.entries(FOLDERS)) addFolder(tree, join(disk.sysfs, name), wanted);
}

/** Also those of the links and devices that libata shows beside the SCSI host. */
function addClasses(tree: SysfsTree, folder: string): void {
  for (const name of readdirSync(folder)) {
    const inside = join(folder, name);
    if (/^(link|dev)\d/.test(name)) addClasses(tree, inside);
    if (!CLASSES.includes(name)) continue;
    for (const member of readdirSync(inside)) {
      addFolder(tree, join(inside, member), /./);
      tree.links[`/sys/class/${name}/${member}`] = join(inside, member);
    }
  }
}

function addFolder(tree: SysfsTree, folder: string, wanted: RegExp): void {
  tree.files[`${folder}/`] = '';
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const kind = lstatSync(path);
    if (kind.isSymbolicLink() && LINKS.has(name)) tree.links[path] = realpathSync(path);
    if (kind.isFile() && wanted.test(name) && !LEFT_OUT.some((pattern) => pattern.test(name))) addFile(tree, path);
  }
}

function addFile(tree: SysfsTree, path: string): void {
  const bytes = contentOf(path);
  if (bytes === null || bytes.length > MOST_BYTES) return;
  const text = bytes.toString();
  const isText = !text.includes('\0') && Buffer.from(text).equals(bytes);
  tree.files[path] = isText ? text : { base64: bytes.toString('base64') };
}

/** Null for what can't be read: write-only entries, and those whose device does not answer. */
function contentOf(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}

/** The same, sorted: a capture that changes shows what changed. */
export function inOrder({ files, links }: SysfsTree): SysfsTree {
  const sorted = <T>(all: Record<string, T>): Record<string, T> =>
    Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)));
  return { files: sorted(files), links: sorted(links) };
}
