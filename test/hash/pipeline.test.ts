import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import test, { describe, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { chooseEngines } from '../../src/hash/choose.ts';
import { runPipeline, type Producer } from '../../src/hash/pipeline.ts';
import type { Algorithm } from '../../src/model/digest.ts';
import { ExhibitError } from '../../src/model/errors.ts';
import { feeder, keep, spec } from './pipeline-support.ts';

const MIB = 1024 ** 2;

/** The worker threads that are started from now on in this test. */
function watchWorkers(t: TestContext): Worker[] {
  const seen: Worker[] = [];
  const note = (worker: Worker): void => void seen.push(worker);
  process.on('worker', note);
  t.after(() => process.off('worker', note));
  return seen;
}

/** `threadId` is -1 once a worker has ended. */
const allEnded = (workers: readonly Worker[]): boolean => workers.every((worker) => worker.threadId === -1);

/** Never ends by itself; gives up when told that another part failed. */
const endless =
  (told: { failed: unknown }): Producer =>
  async (out, failed) => {
    failed.addEventListener('abort', () => {
      told.failed = failed.reason as unknown;
    });
    for (let at = 0; ; at += 4096) {
      await out.slot();
      out.publish(at, 4096);
      await new Promise(setImmediate);
    }
  };

describe('pipeline', { timeout: 60_000 }, () => {
  test('lanes and several sinks get every byte; every thread has ended afterwards', async (t) => {
    const workers = watchWorkers(t);
    const bytes = randomBytes(3 * MIB + 17);
    const kept: [Buffer[], Buffer[]] = [[], []];
    const result = await runPipeline(
      spec({
        hashes: ['md5', 'sha256'],
        spanBytes: [MIB],
        // A clock that stands: what a lane costs is not tried, and SHA-256 and the pieces share a thread.
        nowMs: () => 0,
        producer: feeder(bytes, [65_536, 333]),
        consumers: kept.map((into) => (input) => keep(into, input)),
      }),
    );
    for (const into of kept) assert.ok(Buffer.concat(into).equals(bytes));
    assert.equal(result.digests[1]?.hex, createHash('sha256').update(bytes).digest('hex'));
    assert.equal(result.spans[0]?.length, 4);
    assert.equal(workers.length, 2);
    assert.ok(allEnded(workers));
  });

  test('a producer that fails: its reason is thrown, after the sinks have got everything it gave', async (t) => {
    const workers = watchWorkers(t);
    const reason = new Error('the disk caught fire');
    const bytes = randomBytes(MIB);
    const kept: Buffer[] = [];
    const run = runPipeline(
      spec({
        producer: async (out) => {
          await feeder(bytes, [4096])(out);
          throw reason;
        },
        consumers: [
          async (input) => {
            await pause(100);
            await keep(kept, input);
          },
        ],
      }),
    );
    await assert.rejects(run, reason);
    assert.ok(Buffer.concat(kept).equals(bytes));
    assert.ok(allEnded(workers));
  });

  test('a producer that fails before the engines are chosen is not waited out', async () => {
    const reason = new Error('no disk');
    const run = runPipeline(
      spec({
        producer: () => Promise.reject(reason),
        chooseEngines: (firstSlots) => firstSlots().then(() => chooseEngines('native', ['sha256'], {}, null)),
      }),
    );
    await assert.rejects(run, reason);
  });

  test('a sink that fails: its reason is thrown and the producer is told', async (t) => {
    const workers = watchWorkers(t);
    const reason = new Error('no space');
    const told = { failed: null as unknown };
    const run = runPipeline(
      spec({
        producer: endless(told),
        consumers: [
          async (input) => {
            await input.next();
            input.release();
            await input.next();
            throw reason;
          },
        ],
      }),
    );
    await assert.rejects(run, reason);
    assert.equal(told.failed, reason);
    assert.ok(allEnded(workers));
  });

  test('a sink that returns too soon does not let the rest hang for ever on its slots', async () => {
    const run = runPipeline(spec({ producer: feeder(randomBytes(MIB), [4096]), consumers: [() => Promise.resolve()] }));
    await assert.rejects(run, /bug in exhibit/);
  });

  test('a thread that is killed ends the job, whoever was waiting', async (t) => {
    const workers = watchWorkers(t);
    const told = { failed: null as unknown };
    const run = runPipeline(
      spec({ hashes: ['md5', 'sha256'], producer: endless(told), consumers: [(input) => keep([], input)] }),
    );
    const outcome = run.then(
      () => assert.fail('it went on'),
      (error: unknown) => error,
    );
    await pause(300);
    assert.equal(workers.length, 2);
    await workers[1]?.terminate();
    const error = await outcome;
    assert.ok(error instanceof ExhibitError);
    assert.deepEqual([error.fault, error.code], ['unexpected', 'hash.worker-died']);
    assert.match(error.message, /sha256/);
    assert.equal(told.failed, error);
    assert.ok(allEnded(workers));
  });

  test('a thread that is killed while it waits for the first chunk ends the job too', async (t) => {
    const workers = watchWorkers(t);
    const run = runPipeline(
      spec({
        producer: (_out, failed) =>
          new Promise((resolve) => {
            failed.addEventListener('abort', () => {
              resolve();
            });
          }),
      }),
    );
    const outcome = assert.rejects(run, { code: 'hash.worker-died' });
    await pause(300);
    await workers[0]?.terminate();
    await outcome;
  });

  test('a thread that fails by an error of its own ends the job and says which hash it was', async () => {
    const strange = 'sha257' as Algorithm;
    const run = runPipeline(spec({ producer: endless({ failed: null }), hashes: ['sha256', strange] }));
    await assert.rejects(run, (error) => {
      assert.ok(error instanceof ExhibitError);
      assert.deepEqual([error.fault, error.code], ['unexpected', 'hash.lane-failed']);
      assert.match(error.message, /sha257 by native/);
      return true;
    });
  });

  test('a choice of engines that fails, or forgets one, is thrown; nothing hangs', async (t) => {
    const workers = watchWorkers(t);
    const reason = new Error('cannot decide');
    await assert.rejects(
      runPipeline(spec({ producer: endless({ failed: null }), chooseEngines: () => Promise.reject(reason) })),
      reason,
    );
    await assert.rejects(
      runPipeline(spec({ producer: endless({ failed: null }), chooseEngines: () => Promise.resolve([]) })),
      /no engine was chosen for sha256/,
    );
    assert.ok(allEnded(workers));
  });

  test('a producer that stops early leaves hashes of what it gave', async () => {
    const bytes = randomBytes(100_000);
    const result = await runPipeline(
      spec({ spanBytes: [65_536], producer: feeder(bytes.subarray(0, 70_001), [9999]) }),
    );
    assert.equal(result.digests[0]?.hex, createHash('sha256').update(bytes.subarray(0, 70_001)).digest('hex'));
    assert.deepEqual(
      result.spans[0]?.map((span) => span.length),
      [65_536, 4465],
    );
  });

  test('the source is measured by the clock it is given, while the ring fills; too little says null', async () => {
    let now = 0;
    const slow: Producer = async (out) => {
      for (let at = 0; at < 6; at += 1) {
        now += 20;
        await out.slot();
        out.publish(at * 65_536, 65_536);
      }
    };
    const rateOf = async (producer: Producer): Promise<number | null> => {
      let rate: number | null = -1;
      await runPipeline(
        spec({
          producer,
          nowMs: () => now,
          chooseEngines: async (firstSlots) => {
            rate = await firstSlots();
            return chooseEngines('native', ['sha256'], {}, null);
          },
        }),
      );
      return rate;
    };
    assert.equal(await rateOf(slow), (65_536 / 20) * 1000, '64 KiB in 20 ms');
    assert.equal(await rateOf(feeder(randomBytes(100), [50])), null);
  });
});
