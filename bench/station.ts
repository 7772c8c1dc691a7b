/** The machine that is measured on, and what is installed there. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { round } from './stats.ts';

const LOOK_MS = 3000;
/** What others may take of all cores. */
export const BUSY = 0.1;

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memory_gibibytes: number;
  readonly kernel: string;
  readonly node: string;
  /** What others took of all cores just before, from 0 to 1: it is in every figure. */
  readonly busy_before: number;
  /** What a virtual machine's host took of all cores while this was measured, from 0 to 1, as far as it tells. */
  readonly stolen: number;
}

/** Which exhibit was measured. */
export interface Program {
  /** `git describe --always --dirty`; null: this is no clone. */
  readonly commit: string | null;
  /** Of all that was compiled and is run: the names below dist, and what they hold. */
  readonly sha256: string;
  /** This Node loads what ssh2 compiled of its own decryption (docs/decisions/0025). */
  readonly ssh2_compiled: boolean;
}

/** Below dist: the program, what the benchmark runs of it, and modules of both. */
const COMPILED = ['bin', 'bench', 'src'];

/** @param main dist/bin/exhibit.js */
export function program(main: string): Program {
  const dist = dirname(dirname(main));
  const root = dirname(dist);
  const { status, stdout } = spawnSync('git', ['describe', '--always', '--dirty'], { cwd: root, encoding: 'utf8' });
  return {
    commit: status === 0 ? stdout.trim() : null,
    sha256: digestOf(dist),
    ssh2_compiled: decryptsCompiled(root),
  };
}

function digestOf(dist: string): string {
  const hash = createHash('sha256');
  for (const folder of COMPILED)
    for (const path of readdirSync(join(dist, folder), { recursive: true, encoding: 'utf8' }).sort()) {
      const file = join(dist, folder, path);
      if (statSync(file).isFile()) hash.update(`${folder}/${path}\0`).update(readFileSync(file));
    }
  return hash.digest('hex');
}

/** By ssh2's own word: what is there may have been compiled for another Node, and is passed over then. */
function decryptsCompiled(root: string): boolean {
  const crypto = createRequire(join(root, 'package.json'))('ssh2/lib/protocol/crypto.js') as Record<string, unknown>;
  return crypto['bindingAvailable'] === true;
}

/** Looks for three seconds at what the processors do while nothing is measured. */
export async function machine(): Promise<Machine> {
  const before = processorTimes();
  await pause(LOOK_MS);
  const after = processorTimes();
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memory_gibibytes: Math.round(totalmem() / 1024 ** 3),
    kernel: release(),
    node: process.version,
    busy_before: round(1 - (after.idle - before.idle) / (after.all - before.all), 2),
    stolen: 0,
  };
}

/** Begins to look at what a host takes; what is given tells it, of all cores from then to now. */
export function watchStolen(): () => number {
  const before = processorTimes();
  return () => {
    const now = processorTimes();
    return round((now.stolen - before.stolen) / (now.all - before.all), 4);
  };
}

/** Of all cores together, in the kernel's ticks (proc_stat(5)): user, nice, system, idle, iowait, irq, softirq, steal. */
function processorTimes(): { idle: number; stolen: number; all: number } {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number);
  return {
    idle: (ticks[3] ?? 0) + (ticks[4] ?? 0),
    stolen: ticks[7] ?? 0,
    all: ticks.reduce((sum, each) => sum + each, 0),
  };
}

/** Each program that is measured against, and how it tells its version. */
const PEERS: Readonly<Record<string, string>> = {
  dc3dd: '--version',
  dcfldd: '--version',
  ewfacquire: '-V',
  ddrescue: '--version',
  hashdeep: '-V',
  sha256sum: '--version',
  dd: '--version',
};

/** First lines of what the installed peers say of themselves; null: it is not installed. */
export function peers(): Record<string, string | null> {
  return Object.fromEntries(
    Object.entries(PEERS).map(([name, option]) => [name, onPath(name) ? versionOf(name, option) : null]),
  );
}

function versionOf(name: string, option: string): string {
  const { stdout, stderr } = spawnSync(name, [option], { encoding: 'utf8' });
  return `${stdout}\n${stderr}`.trim().split('\n')[0] ?? 'unknown';
}

export function onPath(name: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((place) => {
    try {
      accessSync(join(place, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Bytes of memory that can be had without pushing others out. */
export function availableMemory(): number {
  return Number(/^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? 0) * 1024;
}
