import type { LaneTask } from './lane-protocol.ts';

/** What a lane takes of one core, in milliseconds a GiB. */
export type LaneCost = (task: LaneTask) => number;

/** How much more other threads may have to do than the slowest lane's: what lanes cost is known no better than that. */
const SLACK = 1.15;

/**
 * Which lanes share a thread, as places in `tasks`. A stream's hash can't be split over cores, so the slowest lane sets
 * the pace of all: as many threads as it takes for none to have more to do than that one, and no more, for each costs
 * memory, a start, and a wake-up a chunk. Every task is in exactly one group; the same tasks give the same groups.
 */
export function groupLanes(tasks: readonly LaneTask[], cost: LaneCost): number[][] {
  const costs = tasks.map(cost);
  const most = Math.max(...costs) * SLACK;
  const groups: { readonly lanes: number[]; sum: number }[] = [];
  const costliestFirst = [...costs.entries()].sort(([a, one], [b, other]) => other - one || a - b);
  for (const [lane, own] of costliestFirst) {
    // The slowest has the first group to itself.
    const [roomiest] = groups.slice(1).sort((a, b) => a.sum - b.sum);
    if (roomiest === undefined || roomiest.sum + own > most || isShare(tasks[lane]))
      groups.push({ lanes: [lane], sum: own });
    else {
      roomiest.lanes.push(lane);
      roomiest.sum += own;
    }
  }
  return groups.map(({ lanes }) => lanes.sort((a, b) => a - b));
}

/**
 * Whether a group gives way to the others: with fewer cores than threads the one with the most to do must not wait its
 * turn (10 % of the whole on two cores).
 */
export function givesWay(group: readonly LaneTask[], all: readonly (readonly LaneTask[])[], cost: LaneCost): boolean {
  const sum = (tasks: readonly LaneTask[]): number => tasks.reduce((total, task) => total + cost(task), 0);
  return sum(group) < Math.max(...all.map(sum));
}

/** Lanes that divide their work are there to run beside each other. */
function isShare(task: LaneTask | undefined): boolean {
  return task?.kind === 'spans' && task.share !== undefined;
}
