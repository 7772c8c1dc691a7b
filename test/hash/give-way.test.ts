import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { givesWay } from '../../src/hash/give-way.ts';
import type { LaneTask } from '../../src/hash/lane-protocol.ts';

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

  test('lowers the thread that asks, and no other', async () => {
    const module = new URL('../../src/hash/give-way.js', import.meta.url).href;
    const worker = new Worker(
      `import(${JSON.stringify(module)}).then(({ giveWay }) => {
        giveWay();
        const stat = require('node:fs').readFileSync('/proc/thread-self/stat', 'utf8');
        require('node:worker_threads').parentPort.postMessage(stat);
      })`,
      { eval: true },
    );
    const theirs = await new Promise<string>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    await worker.terminate();
    const mine = niceOf(readFileSync('/proc/thread-self/stat', 'utf8'));
    assert.equal(niceOf(theirs), Math.min(mine + 5, 19));
  });
});

/** Field 19 of proc(5)'s stat; the name in brackets may hold blanks. */
function niceOf(stat: string): number {
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
}
