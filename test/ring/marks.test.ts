import assert from 'node:assert/strict';
import test, { after, describe } from 'node:test';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { deferred } from '../../src/model/deferred.ts';
import { Ring } from '../../src/ring/ring.ts';
import type { EchoAnswer, EchoOrder } from './echo-worker.ts';

const workers = Array.from({ length: 2 }, () => new Worker(new URL('./echo-worker.js', import.meta.url)));
after(() => Promise.all(workers.map((worker) => worker.terminate())));

interface Taker {
  /** How many chunks were taken when it told of this mark. */
  marked(mark: number): Promise<number>;
  readonly ended: Promise<void>;
  readonly all: readonly number[];
}

/** A thread that takes the ring, and what it tells of marks. */
function taker(ring: Ring, consumer: number, sleepMs: number): Taker {
  const worker = workers[consumer]!;
  const all: number[] = [];
  const taken = new Map<number, number>();
  const ended = deferred<undefined>();
  let wake = (): void => undefined;
  const hear = (answer: EchoAnswer): void => {
    if (answer.type === 'released') ring.poke();
    if (answer.type === 'ended') {
      worker.off('message', hear);
      ended.resolve(undefined);
    }
    if (answer.type !== 'marked') return;
    all.push(answer.mark);
    taken.set(answer.mark, answer.taken);
    wake();
  };
  worker.on('message', hear);
  worker.postMessage({ memory: ring.memory, consumer, sleepMs } satisfies EchoOrder);
  return {
    all,
    ended: ended.promise,
    marked: async (mark) => {
      while (!taken.has(mark)) await new Promise<void>((resolve) => (wake = resolve));
      return taken.get(mark) ?? -1;
    },
  };
}

describe('marks of the ring', { timeout: 60_000 }, () => {
  test('every thread tells of every mark once, exactly where it was set, whatever is published after it', async () => {
    const steps = fc.array(fc.constantFrom('publish', 'publish', 'mark', 'idle'), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 1, max: 5 }), fc.boolean(), async (doing, slots, slow) => {
        const ring = new Ring(slots, 4096, 2);
        const takers = [taker(ring, 0, 0), taker(ring, 1, slow ? 1 : 0)];
        const marks: number[] = [];
        let open: Promise<void> = Promise.resolve();
        const setMark = async (): Promise<void> => {
          await open;
          const at = ring.published;
          const mark = ring.mark();
          marks.push(mark);
          open = Promise.all(takers.map((each) => each.marked(mark))).then((places) => {
            assert.deepEqual(places, [at, at]);
          });
        };
        for (const [step, what] of doing.entries()) {
          if (what === 'mark') await setMark();
          else if (what === 'idle') await new Promise((resolve) => setTimeout(resolve, 2));
          else {
            await ring.slot();
            ring.publish(step, 1);
          }
        }
        await setMark();
        // Set before the end, it is told of although the end comes first.
        ring.end();
        await open;
        await Promise.all(takers.map((each) => each.ended));
        assert.deepEqual(
          takers.map((each) => each.all),
          [marks, marks],
        );
      }),
      { numRuns: 40 },
    );
  });
});
