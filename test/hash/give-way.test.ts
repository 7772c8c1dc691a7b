import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { givesWay } from '../../src/hash/give-way.ts';
import type { LaneTask } from '../../src/hash/lane-protocol.ts';
import { startLane } from '../../src/hash/lane.ts';
import { Ring } from '../../src/ring/ring.ts';

const md5: LaneTask = { kind: 'stream', algorithm: 'md5', engine: 'native' };
const sha256: LaneTask = { kind: 'stream', algorithm: 'sha256', engine: 'native' };
const sha256Wasm: LaneTask = { kind: 'stream', algorithm: 'sha256', engine: 'wasm' };
const pieces: LaneTask = { kind: 'spans', spanBytes: 4096 };

describe('giving way', () => {
  test('all but the slowest lane', () => {
    const whoYields = (tasks: readonly LaneTask[]): boolean[] => tasks.map((task) => givesWay(task, tasks));
    assert.deepEqual(whoYields([md5, sha256, pieces]), [false, true, true]);
    assert.deepEqual(whoYields([md5, sha256Wasm, pieces]), [true, false, true]);
    assert.deepEqual(whoYields([sha256, pieces]), [false, false], 'equals share');
    assert.deepEqual(whoYields([pieces]), [false]);
  });

  test('lowers the thread of the lane, and no other', async (t) => {
    const nices = (): number[] =>
      readdirSync('/proc/self/task').map((task) => niceOf(readFileSync(`/proc/self/task/${task}/stat`, 'utf8')));
    const before = nices();
    const ring = new Ring(2, 4096, 1);
    const lane = startLane(ring, 0, sha256, true);
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
