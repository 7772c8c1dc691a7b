import type { SpeedFigures } from '../../model/speed.ts';

/** Written and brought to disk. */
export interface Step {
  readonly bytes: number;
  readonly ms: number;
}

const MIB = 1024 * 1024;
/** When enough was measured, and how long one step may take, in milliseconds. */
const ENOUGH_MS = 3000;
const STEP_MS = 500;
/** A first step that a disk of 100 kB/s takes in ten seconds. */
const FIRST = MIB;
/** What the page cache took at once says little of the disk: no step is more than so many times the one before. */
const GROWTH = 4;
const LEAST = 256 * 1024;

/**
 * Bytes of the next step; 0: enough. It takes about half a second by the rate of the last one, so that Ctrl-C and the
 * time limit are heeded on a slow disk too. Pure.
 */
export function nextStep(steps: readonly Step[], cap: number): number {
  const written = steps.reduce((sum, { bytes }) => sum + bytes, 0);
  const spent = steps.reduce((sum, { ms }) => sum + ms, 0);
  const last = steps.at(-1);
  const left = cap - written;
  if (left <= 0 || spent >= ENOUGH_MS) return 0;
  if (last === undefined) return Math.min(FIRST, left);
  const byRate = (last.bytes / Math.max(last.ms, 0.001)) * STEP_MS;
  const wanted = Math.max(LEAST, Math.min(byRate, last.bytes * GROWTH));
  return Math.min(Math.ceil(wanted / LEAST) * LEAST, left);
}

/** All steps but the first, which paid for what is paid once. Pure. */
export function rateOf(steps: readonly Step[]): SpeedFigures['writing'] {
  const counted = steps.length > 1 ? steps.slice(1) : steps;
  const bytes = counted.reduce((sum, step) => sum + step.bytes, 0);
  const ms = Math.max(
    counted.reduce((sum, step) => sum + step.ms, 0),
    0.001,
  );
  return { bytes, milliseconds: Math.ceil(ms), bytesPerSecond: Math.max(1, Math.floor((bytes / ms) * 1000)) };
}
