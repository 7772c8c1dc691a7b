import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import type { LaneTask } from './lane-protocol.ts';

/** Milliseconds a GiB on one core, measured with Node 20 on a CPU with SHA instructions; only their order matters. */
const COST = {
  native: { md5: 1450, sha1: 700, sha256: 650, sha512: 1500 },
  wasm: { md5: 2900, sha1: 5000, sha256: 6000, sha512: 6000 },
} as const;

/** Steps of nice(2): five give a thread a third of the others' weight when cores are short. */
const STEPS = 5;

/**
 * Which lanes give way to the others. A stream's hash can't be split over cores, so the slowest lane sets the pace of
 * all: with fewer cores than lanes it must not wait its turn (10 % of the whole on two cores).
 */
export function givesWay(task: LaneTask, all: readonly LaneTask[]): boolean {
  return costOf(task) < Math.max(...all.map(costOf));
}

function costOf(task: LaneTask): number {
  return task.kind === 'spans' ? COST.native.sha256 : COST[task.engine][task.algorithm];
}

/** Lowers the priority of the thread that calls it. Only speed is at stake: where it can't be done, nothing is lost. */
export function giveWay(): void {
  try {
    // `PID/task/TID`: setpriority(2) takes a thread's id too, on Linux.
    setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), STEPS);
  } catch {
    // No /proc, or no leave: the lanes share the cores evenly.
  }
}
