import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { laneCosts } from '../../src/hash/lane-cost.ts';
import { givesWay, groupLanes, type LaneCost } from '../../src/hash/lane-groups.ts';
import type { LaneTask } from '../../src/hash/lane-protocol.ts';
import { startLanes } from '../../src/hash/lane.ts';
import { ALGORITHMS } from '../../src/model/digest.ts';
import { Ring } from '../../src/ring/ring.ts';

const md5: LaneTask = { kind: 'stream', algorithm: 'md5', engine: 'native' };
const sha256: LaneTask = { kind: 'stream', algorithm: 'sha256', engine: 'native' };
const md5Wasm: LaneTask = { kind: 'stream', algorithm: 'md5', engine: 'wasm' };
const sha256Wasm: LaneTask = { kind: 'stream', algorithm: 'sha256', engine: 'wasm' };
const pieces: LaneTask = { kind: 'spans', spanBytes: 4096 };
const segments: LaneTask = { kind: 'spans', spanBytes: 65_536 };
/** With a clock that stands. */
const typical = laneCosts(ALGORITHMS, () => 0);

describe('lanes that share a thread', () => {
  test('SHA-256 and pieces beside MD5; whatever is left beside the slowest', () => {
    const groups = (...tasks: LaneTask[]): number[][] => groupLanes(tasks, typical);
    assert.deepEqual(groups(md5, sha256, pieces), [[0], [1, 2]]);
    assert.deepEqual(groups(md5Wasm, sha256Wasm, pieces), [[1], [0, 2]]);
    assert.deepEqual(groups(md5, sha256, pieces, segments), [[0], [1, 2], [3]]);
    assert.deepEqual(groups(sha256, pieces), [[0], [1]], 'nothing is slower: each has a thread');
    assert.deepEqual(groups(pieces), [[0]]);
    assert.deepEqual(groups(), []);
  });

  test('without SHA instructions each has its own', () => {
    const cost: LaneCost = (task) => (task === md5 ? 1450 : 2600);
    assert.deepEqual(groupLanes([md5, sha256, pieces], cost), [[1], [2], [0]]);
  });

  test('lanes that divide their work never share', () => {
    const shares = [0, 1, 2].map((index): LaneTask => ({ kind: 'spans', spanBytes: 4096, share: { index, of: 3 } }));
    assert.deepEqual(groupLanes([md5, ...shares], typical).length, 4);
  });

  test('every lane is in one group, and none has much more to do than the slowest lane', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 10_000 }), { minLength: 1, maxLength: 8 }), (costs) => {
        const tasks = costs.map((_, at): LaneTask => ({ kind: 'spans', spanBytes: at + 1 }));
        const cost: LaneCost = (task) => costs[tasks.indexOf(task)] ?? NaN;
        const groups = groupLanes(tasks, cost);
        assert.deepEqual(
          groups.flat().sort((a, b) => a - b),
          costs.map((_, at) => at),
        );
        for (const group of groups)
          assert.ok(group.reduce((sum, at) => sum + (costs[at] ?? NaN), 0) <= Math.max(...costs) * 1.15);
      }),
    );
  });

  test('what they cost is tried here: by a clock that goes, in its milliseconds', () => {
    let now = 0;
    // Each look at the clock takes longer than the last, so that the first try is the best: 2 ms for 256 KiB.
    const cost = laneCosts(['md5'], () => (now += 1) * now);
    assert.ok(cost(md5) > 0 && cost(sha256) > cost(md5), 'tried one after the other');
    assert.equal(cost(pieces), cost(sha256));
    assert.equal(cost({ kind: 'stream', algorithm: 'sha512', engine: 'native' }), 1500, 'nobody asked for it');
    assert.equal(cost({ kind: 'spans', spanBytes: 4096, share: { index: 0, of: 4 } }), cost(pieces) / 4);
  });
});

describe('giving way', () => {
  test('all but the group with the most to do', () => {
    const whoYields = (...groups: LaneTask[][]): boolean[] => groups.map((group) => givesWay(group, groups, typical));
    assert.deepEqual(whoYields([md5], [sha256], [pieces]), [false, true, true]);
    assert.deepEqual(whoYields([md5], [sha256, pieces]), [false, true]);
    assert.deepEqual(whoYields([md5, pieces], [sha256Wasm]), [true, false]);
    assert.deepEqual(whoYields([sha256], [pieces]), [false, false], 'equals share');
    assert.deepEqual(whoYields([pieces]), [false]);
  });

  test('lowers its thread, and no other', async (t) => {
    const nices = (): number[] =>
      readdirSync('/proc/self/task').map((task) => niceOf(readFileSync(`/proc/self/task/${task}/stat`, 'utf8')));
    const before = nices();
    const ring = new Ring(2, 4096, 1);
    const [lane] = startLanes(ring, 0, [sha256], true);
    assert.ok(lane !== undefined);
    lane.result.catch(() => undefined);
    t.after(async () => {
      ring.abort(new Error('enough'));
      await lane.stop();
    });
    await lane.ready;
    const lowered = Math.min(Math.max(...before) + 5, 19);
    assert.deepEqual(
      nices().filter((nice) => nice === lowered),
      [lowered],
    );
  });
});

/** Field 19 of proc(5)'s stat; the name in brackets may hold blanks. */
function niceOf(stat: string): number {
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
}
