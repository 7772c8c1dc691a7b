import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import test, { describe } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { chooseEngines } from '../../src/hash/choose.ts';
import { hasherFactory } from '../../src/hash/engines.ts';
import { startLanes } from '../../src/hash/lane.ts';
import { runPipeline, type PipelineSpec, type Producer } from '../../src/hash/pipeline.ts';
import type { Snapshot } from '../../src/model/checkpoint.ts';
import { ALGORITHMS, ENGINES, type Algorithm, type Engine, type PieceDigest } from '../../src/model/digest.ts';
import { cells } from '../../src/model/range.ts';
import { Ring } from '../../src/ring/ring.ts';
import { feeder, spec } from './pipeline-support.ts';

const digest = (algorithm: Algorithm, bytes: Uint8Array): string => createHash(algorithm).update(bytes).digest('hex');

function piecesOf(bytes: Uint8Array, grid: number, from = 0): PieceDigest[] {
  return [...cells({ start: from, end: bytes.length }, grid)].map(({ start, end }) => ({
    offset: start,
    length: end - start,
    sha256: digest('sha256', bytes.subarray(start, end)),
  }));
}

/** Everything that a snapshot says of `bytes`, whose pieces it has from `from` on, is so. */
async function assertTrue(snapshot: Snapshot, had: number, bytes: Uint8Array, grid: number, from = 0): Promise<void> {
  const before = bytes.subarray(0, snapshot.position);
  const finished = snapshot.pieces.slice(0, had);
  const expected = piecesOf(before, grid, from);
  assert.deepEqual(snapshot.tail === null ? finished : [...finished, snapshot.tail], expected);
  assert.equal(snapshot.tail === null, before.length % grid === 0, 'a whole piece is no tail');
  for (const state of snapshot.states) {
    const hasher = (await hasherFactory(state.algorithm, 'wasm'))(state);
    hasher.update(bytes.subarray(snapshot.position));
    assert.equal(hasher.digest(), digest(state.algorithm, bytes), `${state.algorithm} goes on`);
  }
}

function enginesOf(engines: readonly Engine[]): Pick<PipelineSpec, 'hashes' | 'chooseEngines'> {
  const hashes = ALGORITHMS.slice(0, engines.length);
  return {
    hashes,
    chooseEngines: () =>
      Promise.resolve(hashes.flatMap((hash, index) => chooseEngines(engines[index] ?? 'wasm', [hash], {}, null))),
  };
}

/** With a long one among them: thousands of chunks take their time, and show no more. */
const lengthsOf = fc.array(fc.integer({ min: 1, max: 9000 }), { maxLength: 8 }).map((lengths) => [...lengths, 4096]);
const enginesUsed = fc.oneof(
  fc.constant<Engine[]>(['wasm', 'wasm', 'wasm', 'wasm']),
  fc.array(fc.constantFrom(...ENGINES), { minLength: 4, maxLength: 4 }),
);

describe('snapshots', { timeout: 120_000 }, () => {
  test('a stopped pipeline and one that goes on from its snapshot give what one uninterrupted run gives', async () => {
    const how = fc.record({
      size: fc.integer({ min: 0, max: 80_000 }),
      cut: fc.double({ min: 0, max: 1, noNaN: true }),
      grid: fc.constantFrom(4096, 10_000, 65_536),
      first: lengthsOf,
      second: lengthsOf,
      engines: enginesUsed,
    });
    await fc.assert(
      fc.asyncProperty(how, async ({ size, cut, grid, first, second, engines }) => {
        const bytes = randomBytes(size);
        const position = Math.floor(size * cut);
        const common = { ...enginesOf(engines), spanBytes: [grid, grid * 3] };
        const taken: Snapshot[] = [];
        await runPipeline(
          spec({
            ...common,
            producer: async (out, _failed, control) => {
              await feeder(bytes.subarray(0, position), first)(out);
              taken.push(await control.snapshot());
            },
          }),
        );
        const [before] = taken;
        assert.ok(before?.position === position);
        await assertTrue(before, before.pieces.length, bytes, grid);
        const wasm = engines.filter((engine) => engine === 'wasm').length;
        assert.equal(before.states.length, wasm);

        const from = wasm === engines.length ? position - (position % (grid * 3)) : 0;
        const result = await runPipeline(
          spec({
            ...common,
            resume: { from, position, states: before.states },
            producer: async (out, _failed, control) => {
              await feeder(bytes.subarray(from, position), second, from)(out);
              const replayed = await control.snapshot();
              await assertTrue(replayed, replayed.pieces.length, bytes, grid, from);
              assert.deepEqual([replayed.states, replayed.tail], [before.states, before.tail]);
              await feeder(bytes.subarray(position), first, position)(out);
            },
          }),
        );
        assert.deepEqual(
          result.digests,
          ALGORITHMS.map((algorithm, index) => ({
            algorithm,
            engine: engines[index],
            hex: digest(algorithm, bytes),
          })),
        );
        assert.deepEqual(result.spans, [piecesOf(bytes, grid, from), piecesOf(bytes, grid * 3, from)]);
      }),
      { numRuns: 10 },
    );
  });

  test('taken at any moment, while lanes lag or idle, many at once: each is true of its place', async () => {
    const how = fc.record({
      size: fc.integer({ min: 1, max: 150_000 }),
      lengths: lengthsOf,
      asks: fc.array(fc.constantFrom(0, 0, 1, 3, -1), { minLength: 1, maxLength: 12 }),
      engines: enginesUsed,
      slots: fc.integer({ min: 1, max: 8 }),
    });
    await fc.assert(
      fc.asyncProperty(how, async ({ size, lengths, asks, engines, slots }) => {
        const bytes = randomBytes(size);
        const pieces = (snapshot: Snapshot): { snapshot: Snapshot; had: number } => ({
          snapshot,
          had: snapshot.pieces.length,
        });
        const taken: Promise<{ snapshot: Snapshot; had: number }>[] = [];
        await runPipeline(
          spec({
            ...enginesOf(engines),
            slots,
            spanBytes: [16_384],
            producer: async (out, _failed, control) => {
              const feed = feeder(bytes, lengths);
              let turn = 0;
              await feed({
                slotBytes: out.slotBytes,
                slot: () => out.slot(),
                publish: (offset, length) => {
                  out.publish(offset, length);
                  const asked = asks[turn % asks.length] ?? 0;
                  turn += 1;
                  for (let n = 0; n < asked; n += 1) taken.push(control.snapshot().then(pieces));
                },
              });
              await pause(5);
              taken.push(control.snapshot().then(pieces), control.snapshot().then(pieces));
              await Promise.all(taken);
            },
          }),
        );
        const all = await Promise.all(taken);
        let last = 0;
        for (const { snapshot } of all) {
          assert.ok(snapshot.position >= last, 'in turn');
          last = snapshot.position;
        }
        for (const { snapshot, had } of all.slice(-20)) await assertTrue(snapshot, had, bytes, 16_384);
        assert.equal(last, size);
      }),
      { numRuns: 10 },
    );
  });

  test('with nothing published: the start, whether the job goes on or not', async () => {
    const seen: Snapshot[] = [];
    const ask: Producer = async (_out, _failed, control) => void seen.push(await control.snapshot());
    const common = { ...enginesOf(['wasm', 'wasm']), spanBytes: [4096] };
    await runPipeline(spec({ ...common, producer: ask }));
    const [start] = seen;
    assert.deepEqual([start?.position, start?.states.length, start?.pieces, start?.tail], [0, 2, [], null]);

    const bytes = randomBytes(5000);
    await runPipeline(
      spec({
        ...common,
        producer: async (out, failed, control) => {
          await feeder(bytes, [999])(out);
          await ask(out, failed, control);
        },
      }),
    );
    const states = seen[1]?.states ?? [];
    const result = await runPipeline(
      spec({ ...common, resume: { from: 5000, position: 5000, states }, producer: ask }),
    );
    assert.deepEqual([seen[2]?.position, seen[2]?.states], [5000, states]);
    assert.equal(result.digests[1]?.hex, digest('sha1', bytes));
  });

  test('one that is asked for before the engines are chosen does not keep them from being chosen', async () => {
    const bytes = randomBytes(10_000);
    const rates: (number | null)[] = [];
    await runPipeline(
      spec({
        chooseEngines: async (firstSlots) => {
          rates.push(await firstSlots());
          return chooseEngines('wasm', ['sha256'], {}, null);
        },
        producer: async (out, _failed, control) => {
          await feeder(bytes, [10_000])(out);
          assert.equal((await control.snapshot()).position, 10_000);
        },
      }),
    );
    assert.deepEqual(rates, [null]);
  });

  test('after the end of the ring there is none', async () => {
    const later: (() => Promise<Snapshot>)[] = [];
    await runPipeline(
      spec({
        producer: (_out, _failed, control) => {
          later.push(() => control.snapshot());
          return Promise.resolve();
        },
      }),
    );
    await assert.rejects(later[0]!(), /bug in exhibit/);
  });

  /** Asks once, and tells how that ended. */
  const asking =
    (told: unknown[]): Producer =>
    async (_out, _failed, control) => {
      await control.snapshot().then(
        () => assert.fail('there was a snapshot'),
        (error: unknown) => told.push(error),
      );
    };

  test('a lane that fails or is killed before it got there rejects it', async () => {
    const told: unknown[] = [];
    const strange = 'sha257' as Algorithm;
    await assert.rejects(runPipeline(spec({ hashes: ['sha256', strange], producer: asking(told) })), {
      code: 'hash.lane-failed',
    });
    assert.equal((told[0] as { code: string }).code, 'hash.lane-failed');

    const kill = (worker: Worker): void => void worker.terminate();
    process.once('worker', kill);
    await assert.rejects(runPipeline(spec({ producer: asking(told) })), { code: 'hash.worker-died' });
    assert.equal((told[1] as { code: string }).code, 'hash.worker-died');
  });

  test('a lane by itself tells whoever waits for it that it failed, and whoever asks later', async () => {
    const ring = new Ring(2, 4096, 1);
    const [lane] = startLanes(ring, 0, [{ kind: 'stream', algorithm: 'sha257' as Algorithm, engine: 'native' }]);
    assert.ok(lane !== undefined);
    await assert.rejects(lane.at(ring.mark()), { code: 'hash.lane-failed' });
    await assert.rejects(lane.at(ring.mark()), { code: 'hash.lane-failed' });
    await lane.stop();
  });

  test('a sink that fails meanwhile rejects it with its reason, lanes started or not', async () => {
    const reason = new Error('no space');
    for (const late of [false, true]) {
      const told: unknown[] = [];
      const run = runPipeline(
        spec({
          producer: asking(told),
          // A lane takes longer than this to start.
          consumers: [() => pause(1).then(() => Promise.reject(reason))],
          ...(late ? { chooseEngines: () => new Promise<never>(() => undefined) } : {}),
        }),
      );
      await assert.rejects(run, reason);
      assert.deepEqual(told, [reason]);
    }
  });
});
