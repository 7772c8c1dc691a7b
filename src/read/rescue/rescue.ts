import type { Range } from '../../model/range.ts';
import type { ReadStatus } from '../../model/read-map.ts';
import { openProbe, type RangeReader } from '../probe.ts';
import { PROBE_LIMIT } from '../probe-protocol.ts';
import { backward, forward } from './copy.ts';
import { Engine } from './engine.ts';
import type { RescueOrder, RescuePass } from './order.ts';
import { edges, sectors, sectorsBackward } from './small.ts';
import type { Pass } from './step.ts';

/**
 * Reads a bad disk so that what is easy comes first: large reads that leave out what lies behind failures, from both
 * sides; then what was left out; then the bad places, ever closer; then those again, as often as the order says. The
 * idea of the passes is GNU ddrescue's.
 *
 * Returns when the map holds nothing but good and unreadable, or when it is told to stop. Throws `source.vanished`,
 * `source.silent`, `source.too-bad`, `source.ended-early`; what was read until then is delivered and marked, and the map
 * may be gone on with. A retry pass that was interrupted begins anew.
 */
export async function rescue(order: RescueOrder): Promise<void> {
  const probe = openProbe(order);
  try {
    await rescueWith(order, probe);
  } catch (error) {
    if (!order.stop.aborted) throw error;
  } finally {
    probe.close();
  }
}

/** The same with a reader of the caller's; stopping may reject. */
export async function rescueWith(order: RescueOrder, reader: RangeReader): Promise<void> {
  const engine = new Engine(order, reader);
  for (const plan of plans(order)) {
    if (order.stop.aborted) return;
    const ranges = order.map.ranges(plan.of);
    const [first, last] = [ranges[0], ranges.at(-1)];
    if (first === undefined || last === undefined) continue;
    await order.log.pass(summary(order, plan.name, { start: first.start, end: last.end }));
    await engine.run(plan.pass(ranges), plan.of === 'unreadable');
  }
}

interface Plan {
  readonly name: string;
  readonly of: ReadStatus;
  readonly pass: (ranges: readonly Range[]) => Pass;
}

function plans(order: RescueOrder): Plan[] {
  const { size, logicalSector: sector } = order.source;
  const copy = { blockBytes: Math.min(order.blockBytes, PROBE_LIMIT), size };
  const retries = Array.from({ length: order.retries }, (_, index): Plan => {
    const pass = index % 2 === 0 ? sectors : sectorsBackward;
    return { name: `retry-${index + 1}`, of: 'unreadable', pass: (ranges) => pass(ranges, sector) };
  });
  return [
    { name: 'forward', of: 'not-tried', pass: (ranges) => forward({ ...copy, ranges, skips: true }) },
    { name: 'backward', of: 'not-tried', pass: (ranges) => backward({ ...copy, ranges, skips: true }) },
    { name: 'remaining', of: 'not-tried', pass: (ranges) => forward({ ...copy, ranges, skips: false }) },
    { name: 'edges', of: 'failed-large', pass: (ranges) => edges(ranges, sector) },
    { name: 'sectors', of: 'failed-small', pass: (ranges) => sectors(ranges, sector) },
    ...retries,
  ];
}

function summary({ map }: RescueOrder, name: string, { start, end }: Range): RescuePass {
  return {
    name,
    from: start,
    to: end,
    good: map.bytes('good'),
    notTried: map.bytes('not-tried'),
    failedLarge: map.bytes('failed-large'),
    failedSmall: map.bytes('failed-small'),
    unreadable: map.bytes('unreadable'),
  };
}
