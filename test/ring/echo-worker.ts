import { createHash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { BlockingConsumer, RingAborted } from '../../src/ring/consumer.ts';
import type { RingMemory } from '../../src/ring/memory.ts';

/** What a test asks of the worker: to take all of a ring, sleeping before each release. */
export interface EchoOrder {
  readonly memory: RingMemory;
  readonly consumer: number;
  readonly sleepMs: number;
}

export type EchoAnswer =
  | { readonly type: 'started' }
  | { readonly type: 'released' }
  | { readonly type: 'marked'; readonly mark: number; readonly taken: number }
  | { readonly type: 'ended'; readonly sha256: string; readonly chunks: readonly (readonly [number, number])[] }
  | { readonly type: 'aborted' };

const post = (answer: EchoAnswer): void => parentPort?.postMessage(answer);
const never = new Int32Array(new SharedArrayBuffer(4));

parentPort?.on('message', ({ memory, consumer, sleepMs }: EchoOrder) => {
  const hash = createHash('sha256');
  const chunks: [number, number][] = [];
  const ring = new BlockingConsumer(memory, consumer, (mark) => {
    post({ type: 'marked', mark, taken: chunks.length });
  });
  post({ type: 'started' });
  try {
    for (let chunk = ring.next(); chunk !== null; chunk = ring.next()) {
      hash.update(chunk.bytes);
      chunks.push([chunk.offset, chunk.bytes.length]);
      if (sleepMs > 0) Atomics.wait(never, 0, 0, sleepMs);
      ring.release();
      post({ type: 'released' });
    }
    post({ type: 'ended', sha256: hash.digest('hex'), chunks });
  } catch (error) {
    if (!(error instanceof RingAborted)) throw error;
    post({ type: 'aborted' });
  }
});
