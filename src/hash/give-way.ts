import type { LaneTask } from './lane-protocol.ts';

/** Milliseconds a GiB on one core, measured with Node 20 on a CPU with SHA instructions; only their order matters. */
const COST = {
  native: { md5: 1450, sha1: 700, sha256: 650, sha512: 1500 },
  wasm: { md5: 2900, sha1: 5000, sha256: 6000, sha512: 6000 },
} as const;

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
