import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { packageRoot } from '../../support/root.ts';
import type { BenchOrder } from './initramfs.ts';
import { benchKernel, type BenchKernel } from './kernel.ts';
import { Machine } from './machine.ts';

/** Packages are kept here between runs; git ignores it. */
const CACHE = join(packageRoot, '.cache/bench');
const PROGRAMS = ['qemu-system-x86_64', 'setpriv', 'apt-cache', 'apt-get', 'dpkg-deb', 'depmod', 'tar', 'bash'];
/** What scenarios run in the machine: the station's own. */
const TOOLS = [
  'hdparm',
  'sg_modes',
  'sg_raw',
  'smartctl',
  'lsblk',
  'blockdev',
  'losetup',
  'dmsetup',
  'flock',
  'ssh-keygen',
  'dmesg',
  'sfdisk',
  'udevadm',
];
/** A machine's memory, and QEMU's own. */
const MEMORY_KIB = 2_700_000;
/** Four minutes are what it may take on two cores with nothing else to do; this is when something is wrong. */
const LIMIT_MS = 420_000;

/** Starts a machine. A string says why there can be none on this station: then tests skip, aloud. */
export function startMachine(folder: string, order: Omit<BenchOrder, 'node'>, limitMs = LIMIT_MS): Machine | string {
  const kernel = kernelFor(TOOLS);
  if (typeof kernel === 'string') return kernel;
  return new Machine(folder, kernel, { ...order, node: process.execPath }, limitMs);
}

/** The kernel for a machine that runs these programs of the station. A string says why there can be no machine. */
export function kernelFor(tools: readonly string[], kib = MEMORY_KIB): BenchKernel | string {
  const kernel = whyNot(tools, kib) ?? benchKernel(CACHE);
  return typeof kernel === 'string' ? `no virtual bench here: ${kernel}` : kernel;
}

/** Whether this station has the memory for so many machines at once. */
export function hasRoomFor(machines: number): boolean {
  return freeKib() >= machines * MEMORY_KIB;
}

function freeKib(): number {
  return Number(/^MemAvailable: +(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? 0);
}

function whyNot(tools: readonly string[], kib: number): string | null {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'needs Linux on x86-64';
  if (process.getuid?.() !== 0) return 'needs root';
  const missing = [...PROGRAMS, ...tools].filter((name) => !onPath(name));
  if (missing.length > 0) return `needs ${missing.join(', ')}`;
  return freeKib() >= kib ? null : `needs ${kib} KiB of free memory, ${freeKib()} are there`;
}

function onPath(name: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
