/** The machine that is measured on, and what is installed there. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { delimiter, join } from 'node:path';
import { round } from './stats.ts';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memory_gibibytes: number;
  readonly kernel: string;
  readonly node: string;
  /** Of the minute before: what others did meanwhile is in every figure. */
  readonly load_before: number;
}

export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memory_gibibytes: Math.round(totalmem() / 1024 ** 3),
    kernel: release(),
    node: process.version,
    load_before: round(loadavg()[0] ?? 0, 2),
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
