import assert from 'node:assert/strict';
import { createHash, randomFillSync } from 'node:crypto';
import test, { after, describe } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { ExhibitError } from '../../src/model/errors.ts';
import { Ring, type RingReader, type RingWriter } from '../../src/ring/ring.ts';
import type { EchoAnswer, EchoOrder } from './echo-worker.ts';

const workers = Array.from({ length: 2 }, () => new Worker(new URL('./echo-worker.js', import.meta.url)));
after(() => Promise.all(workers.map((worker) => worker.terminate())));

type Ended = Exclude<EchoAnswer, { type: 'started' | 'released' | 'marked' }>;

/** Lets a worker take the ring; `started` once it is about to block. */
function echo(
  index: number,
  ring: Ring,
  order: Omit<EchoOrder, 'memory'>,
): { started: Promise<void>; ended: Promise<Ended> } {
  const worker = workers[index]!;
  let begin!: () => void;
  const started = new Promise<void>((resolve) => (begin = resolve));
  const ended = new Promise<Ended>((resolve) => {
    const hear = (answer: EchoAnswer): void => {
      if (answer.type === 'started') begin();
      else if (answer.type === 'released') ring.poke();
      else if (answer.type !== 'marked') {
        worker.off('message', hear);
        resolve(answer);
      }
    };
    worker.on('message', hear);
  });
  worker.postMessage({ memory: ring.memory, ...order } satisfies EchoOrder);
  return { started, ended };
}

async function feed(out: RingWriter, bytes: Uint8Array, lengths: readonly number[]): Promise<void> {
  let at = 0;
  for (const length of lengths) {
    const slot = await out.slot();
    slot.bytes.set(bytes.subarray(at, at + length));
    out.publish(at, length);
    at += length;
  }
}

/** Everything a main-thread consumer sees, its order of offsets checked. */
async function drain(input: RingReader, rest: () => Promise<unknown>): Promise<Buffer> {
  const parts: Buffer[] = [];
  let at = 0;
  for (let chunk = await input.next(); chunk !== null; chunk = await input.next()) {
    assert.equal(chunk.offset, at);
    parts.push(Buffer.from(chunk.bytes));
    at += chunk.bytes.length;
    await rest();
    input.release();
  }
  return Buffer.concat(parts);
}

const shape = fc.record({
  slots: fc.integer({ min: 1, max: 6 }),
  slotBytes: fc.constantFrom(4096, 12_288, 65_536),
  fills: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 25 }),
});

function lengthsOf({ slotBytes, fills }: { slotBytes: number; fills: readonly number[] }): number[] {
  return fills.map((fill) => Math.max(1, Math.round(fill * slotBytes)));
}

describe('ring', { timeout: 60_000 }, () => {
  test('every consumer on the main thread sees every byte in order, whatever the sizes', async () => {
    await fc.assert(
      fc.asyncProperty(shape, fc.integer({ min: 1, max: 4 }), async (how, consumers) => {
        const lengths = lengthsOf(how);
        const bytes = randomFillSync(Buffer.alloc(lengths.reduce((sum, length) => sum + length, 0)));
        const ring = new Ring(how.slots, how.slotBytes, consumers);
        const seen = Array.from({ length: consumers }, (_, index) =>
          drain(ring.reader(index), () => (index % 2 === 0 ? Promise.resolve() : new Promise(setImmediate))),
        );
        await feed(ring, bytes, lengths);
        ring.end();
        for (const each of await Promise.all(seen)) assert.ok(each.equals(bytes));
      }),
      { numRuns: 60 },
    );
  });

  test('consumers in threads and on the main thread see the same', async () => {
    await fc.assert(
      fc.asyncProperty(shape, async (how) => {
        const lengths = lengthsOf(how);
        const bytes = randomFillSync(Buffer.alloc(lengths.reduce((sum, length) => sum + length, 0)));
        const ring = new Ring(how.slots, how.slotBytes, 3);
        const threads = [0, 1].map((index) => echo(index, ring, { consumer: index, sleepMs: index }).ended);
        const main = drain(ring.reader(2), () => new Promise(setImmediate));
        await feed(ring, bytes, lengths);
        ring.end();
        assert.ok((await main).equals(bytes));
        let at = 0;
        const chunks = lengths.map((length) => [(at += length) - length, length]);
        const sha256 = createHash('sha256').update(bytes).digest('hex');
        for (const each of await Promise.all(threads)) assert.deepEqual(each, { type: 'ended', sha256, chunks });
      }),
      { numRuns: 25 },
    );
  });

  test('offsets past 2^32 arrive as they are', async () => {
    const ring = new Ring(2, 4096, 1);
    const far = 7 * 1024 ** 5 + 1;
    await ring.slot();
    ring.publish(far, 3);
    assert.equal((await ring.reader(0).next())?.offset, far);
  });

  test('the slowest consumer sets the pace: no slot is filled that somebody still reads', async () => {
    const ring = new Ring(3, 4096, 2);
    const quick = drain(ring.reader(0), () => Promise.resolve());
    const slow = ring.reader(1);
    const bytes = randomFillSync(Buffer.alloc(4096 * 10));
    const feeding = feed(
      ring,
      bytes,
      Array.from({ length: 10 }, () => 4096),
    ).then(() => {
      ring.end();
    });
    for (let taken = 0; taken < 10; taken += 1) {
      await pause(5);
      assert.equal(ring.published, Math.min(10, taken + 3), 'the producer is exactly the ring ahead');
      const chunk = await slow.next();
      assert.ok(chunk !== null && Buffer.from(chunk.bytes).equals(bytes.subarray(taken * 4096, (taken + 1) * 4096)));
      slow.release();
    }
    await feeding;
    assert.equal(await slow.next(), null);
    assert.ok((await quick).equals(bytes));
  });

  test('an abort wakes a blocked thread, a waiting consumer and a waiting producer, each with the first reason', async () => {
    const ring = new Ring(1, 4096, 3);
    const thread = echo(0, ring, { consumer: 0, sleepMs: 0 });
    await ring.slot();
    ring.publish(0, 1);
    await thread.started;
    const input = ring.reader(1);
    await input.next();
    input.release();
    const waiting = [input.next(), ring.slot()];
    const reason = new Error('first');
    await pause(20);
    ring.abort(reason);
    ring.abort(new Error('second'));
    for (const each of waiting) await assert.rejects(each, reason);
    assert.equal((await thread.ended).type, 'aborted');
    await assert.rejects(ring.slot(), reason, 'and whoever comes later is told too');
    await assert.rejects(ring.reader(2).next(), reason, 'even one who has not read what was published');
  });

  test('an abort after the end still stops who has not finished; an end after an abort changes nothing', async () => {
    const ring = new Ring(2, 4096, 1);
    await ring.slot();
    ring.publish(0, 1);
    ring.end();
    ring.abort(new Error('late'));
    ring.end();
    await assert.rejects(ring.reader(0).next(), /late/);
  });

  test('the end reaches those who wait, after everything that was published', async () => {
    const ring = new Ring(2, 4096, 2);
    const thread = echo(0, ring, { consumer: 0, sleepMs: 0 });
    await thread.started;
    const input = ring.reader(1);
    await ring.slot();
    ring.publish(0, 5);
    assert.equal((await input.next())?.bytes.length, 5);
    input.release();
    const waiting = input.next();
    await pause(20);
    ring.end();
    assert.equal(await waiting, null);
    const ended = await thread.ended;
    assert.deepEqual(ended.type === 'ended' && ended.chunks, [[0, 5]]);
  });

  test('a slot that nobody was given, an empty one and one too long are bugs, told as such', async () => {
    const ring = new Ring(2, 4096, 1);
    const isBug = (error: unknown): boolean => error instanceof ExhibitError && error.code === 'internal.bug';
    assert.throws(() => {
      ring.publish(0, 1);
    }, isBug);
    await ring.slot();
    for (const length of [0, -1, 4097]) {
      assert.throws(() => {
        ring.publish(0, length);
      }, isBug);
    }
    ring.publish(0, 4096);
    assert.throws(() => {
      ring.publish(4096, 1);
    }, isBug);
  });
});
