import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import test, { describe } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { chooseEngines } from '../../src/hash/choose.ts';
import { canContinue, wasmVersion } from '../../src/hash/engines.ts';
import { runPipeline, type PipelineSpec } from '../../src/hash/pipeline.ts';
import type { Snapshot, StreamState } from '../../src/model/checkpoint.ts';
import { systemClock } from '../../src/system/clock.ts';
import { TestClock } from '../support/ports.ts';
import { feeder, keep, spec } from './pipeline-support.ts';

const BYTES = randomBytes(400_000);
const PART = 100_000;

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

type Checkpoints = NonNullable<PipelineSpec['checkpoints']>;
const every = (everyMs: number, save: Checkpoints['save']): Checkpoints => ({
  everyMs,
  sleep: (ms, signal) => systemClock.sleep(ms, signal),
  save,
});
const wasm: Pick<PipelineSpec, 'chooseEngines'> = {
  chooseEngines: () => Promise.resolve(chooseEngines('wasm', ['sha256'], {}, null)),
};

/** The state after the first {@link PART} bytes. */
async function stateOfPart(): Promise<StreamState> {
  const seen: Snapshot[] = [];
  await runPipeline(
    spec({
      ...wasm,
      producer: feeder(BYTES.subarray(0, PART), [5000]),
      checkpoints: every(60_000, async (snapshot) => void seen.push(snapshot)),
    }),
  );
  const state = seen[0]?.states[0];
  assert.ok(seen.length === 1 && state !== undefined);
  return state;
}

describe('checkpoints', { timeout: 60_000 }, () => {
  test('every so often, none twice for one place, and a last one before the ring ends', async () => {
    const saved: number[] = [];
    const sink = { ended: false };
    await runPipeline(
      spec({
        spanBytes: [65_536],
        producer: async (out) => {
          for (let at = 0; at < BYTES.length; at += PART) {
            await feeder(BYTES.subarray(at, at + PART), [5000], at)(out);
            await pause(150);
          }
          await feeder(Buffer.alloc(7), [7], BYTES.length)(out);
        },
        consumers: [
          async (input) => {
            await keep([], input);
            sink.ended = true;
          },
        ],
        checkpoints: every(10, async ({ position }) => {
          await pause(5);
          assert.ok(!sink.ended);
          saved.push(position);
        }),
      }),
    );
    assert.deepEqual(
      saved,
      [...new Set(saved)].sort((a, b) => a - b),
    );
    for (const place of [1, 2, 3, 4]) assert.ok(saved.includes(place * PART), `${place * PART} in ${saved.join(' ')}`);
    assert.equal(saved.at(-1), BYTES.length + 7);
  });

  test('a source that fails: the last one is saved before the failure is told', async () => {
    const order: unknown[] = [];
    const reason = new Error('gone');
    await runPipeline(
      spec({
        producer: async (out) => {
          await feeder(BYTES.subarray(0, PART), [5000])(out);
          throw reason;
        },
        onSourceFailure: (error) => order.push(error),
        checkpoints: every(60_000, async ({ position }) => void order.push(position)),
      }),
    );
    assert.deepEqual(order, [PART, reason]);
  });

  test('a source that ends before the lanes have started is saved too, and time need not pass', async () => {
    const clock = new TestClock();
    const saved: number[] = [];
    await runPipeline(
      spec({
        producer: feeder(BYTES.subarray(0, 10), [10]),
        chooseEngines: () => pause(20).then(() => chooseEngines('wasm', ['sha256'], {}, null)),
        checkpoints: {
          everyMs: 4000,
          sleep: (ms, signal) => clock.sleep(ms, signal),
          save: async ({ position }) => void saved.push(position),
        },
      }),
    );
    assert.deepEqual(saved, [10]);
  });

  test('a save is not disturbed by a snapshot that the producer asks for meanwhile', async () => {
    const saved: { position: number; pieces: number }[] = [];
    const during = { save: false };
    await runPipeline(
      spec({
        spanBytes: [1000],
        producer: async (out, _failed, control) => {
          for (let at = 0; at < BYTES.length; at += PART) {
            await feeder(BYTES.subarray(at, at + PART), [5000], at)(out);
            await pause(20);
            await control.snapshot();
            assert.ok(!during.save);
          }
        },
        checkpoints: every(1, async ({ position, pieces }) => {
          during.save = true;
          await pause(30);
          during.save = false;
          saved.push({ position, pieces: pieces.length });
        }),
      }),
    );
    for (const { position, pieces } of saved) assert.equal(pieces, Math.floor(position / 1000));
  });

  test('a save that fails ends the pipeline with its reason, in the course of it and at the end', async () => {
    const reason = new Error('the folder is full');
    const failing = (everyMs: number): Checkpoints => every(everyMs, () => Promise.reject(reason));
    const told = { failed: false };
    const endless = runPipeline(
      spec({
        producer: async (out, failed) => {
          for (let at = 0; !failed.aborted; at += 4096) {
            await out.slot();
            out.publish(at, 4096);
            await pause(1);
          }
          told.failed = true;
        },
        checkpoints: failing(20),
      }),
    );
    await assert.rejects(endless, reason);
    assert.ok(told.failed);
    await assert.rejects(runPipeline(spec({ producer: feeder(BYTES, [5000]), checkpoints: failing(60_000) })), reason);
  });

  test('a pipeline that fails saves nothing more, and does not wait for the next time', async () => {
    const reason = new Error('no space');
    const saved: number[] = [];
    const run = runPipeline(
      spec({
        producer: feeder(BYTES, [5000]),
        consumers: [() => pause(300).then(() => Promise.reject(reason))],
        checkpoints: every(600_000, async ({ position }) => void saved.push(position)),
      }),
    );
    await assert.rejects(run, reason);
    assert.deepEqual(saved, []);
  });
});

describe('going on from a saved state', { timeout: 60_000 }, () => {
  test('nothing is saved of what is hashed again', async () => {
    const states = [await stateOfPart()];
    const saved: Snapshot[] = [];
    const result = await runPipeline(
      spec({
        ...wasm,
        spanBytes: [65_536],
        resume: { from: 65_536, position: PART, states },
        producer: async (out) => {
          await feeder(BYTES.subarray(65_536, PART), [700], 65_536)(out);
          await pause(150);
          await feeder(BYTES.subarray(PART), [5000], PART)(out);
        },
        checkpoints: every(10, async (snapshot) => void saved.push(snapshot)),
      }),
    );
    assert.ok(saved.length > 0 && saved.every(({ position, states: of }) => position > PART && of.length === 1));
    assert.equal(result.digests[0]?.hex, sha256(BYTES));
  });

  test('before its place a stream gives no state away: it would be the state of another place', async () => {
    const states = [await stateOfPart()];
    const seen: Snapshot[] = [];
    await runPipeline(
      spec({
        ...wasm,
        resume: { from: 0, position: PART, states },
        producer: async (out, _failed, control) => {
          await feeder(BYTES.subarray(0, 5000), [5000])(out);
          seen.push(await control.snapshot());
          await feeder(BYTES.subarray(5000, PART), [5000], 5000)(out);
          seen.push(await control.snapshot());
        },
      }),
    );
    assert.deepEqual(
      seen.map(({ position, states: of }) => [position, of]),
      [
        [5000, []],
        [PART, states],
      ],
    );
  });

  test('a producer that ends before that place leaves no result', async () => {
    const states = [await stateOfPart()];
    const resume = { from: 0, position: PART, states };
    const short = feeder(BYTES.subarray(0, 5000), [5000]);
    await assert.rejects(runPipeline(spec({ ...wasm, resume, producer: short })), {
      fault: 'interrupted',
      code: 'hash.replay-unfinished',
    });
    const reason = new Error('damaged');
    const failing = spec({
      ...wasm,
      resume,
      producer: async (out) => {
        await short(out);
        throw reason;
      },
      onSourceFailure: () => assert.fail('there is nothing to tell of'),
    });
    await assert.rejects(runPipeline(failing), reason);
  });

  test('chunks that lie across the place, leave a gap or start elsewhere, and starts that cannot be right, are bugs', async () => {
    const state = await stateOfPart();
    const resume = { from: 65_536, position: PART, states: [state] };
    const bug = { code: 'internal.bug' };
    const from = (offset: number, lengths: number[]): PipelineSpec =>
      spec({ ...wasm, resume, producer: feeder(BYTES.subarray(offset), lengths, offset) });
    await assert.rejects(runPipeline(from(65_536, [PART - 65_536 - 1, 5000])), /lies across/);
    await assert.rejects(runPipeline(from(PART, [5000])), bug);
    const gap = spec({
      ...wasm,
      resume: { ...resume, from: PART },
      producer: async (out) => {
        await feeder(BYTES.subarray(PART, PART + 10), [10], PART)(out);
        await feeder(BYTES.subarray(PART + 20), [5000], PART + 20)(out);
      },
    });
    await assert.rejects(runPipeline(gap), bug);

    const start = (change: Partial<PipelineSpec>): Promise<unknown> =>
      runPipeline(spec({ ...wasm, resume, producer: feeder(BYTES.subarray(65_536), [4], 65_536), ...change }));
    await assert.rejects(start({ resume: { ...resume, states: [] } }), /without a state/);
    await assert.rejects(start({ resume: { ...resume, states: [state, state] } }), bug);
    await assert.rejects(start({ resume: { ...resume, from: PART + 1 } }), bug);
    await assert.rejects(start({ hashes: ['md5'] }), bug);
    const native = (): ReturnType<PipelineSpec['chooseEngines']> =>
      Promise.resolve(chooseEngines('native', ['sha256'], {}, null));
    await assert.rejects(start({ chooseEngines: native }), /given to the native engine/);
  });

  test('a state of another version is refused, one that hash-wasm does not take back too', async () => {
    const state = await stateOfPart();
    assert.equal(state.version, wasmVersion());
    assert.match(state.version, /^\d+\.\d+\.\d+/);
    assert.ok(await canContinue(state));
    const go = (changed: StreamState): Promise<unknown> =>
      runPipeline(
        spec({
          ...wasm,
          resume: { from: PART, position: PART, states: [changed] },
          producer: feeder(BYTES.subarray(PART), [5000], PART),
        }),
      );
    for (const change of [
      { version: '4.12.0' },
      { state: `00000000${state.state.slice(8)}` },
      { state: state.state.slice(2) },
      { state: state.state.slice(1) },
      { state: `zz${state.state.slice(2)}` },
      { state: '' },
    ]) {
      const changed = { ...state, ...change };
      assert.equal(await canContinue(changed), false, JSON.stringify(change).slice(0, 40));
      await assert.rejects(go(changed), { code: 'hash.state-refused' });
    }
    assert.equal(await canContinue({ ...state, algorithm: 'md5' }), false);
    await assert.rejects(go({ ...state, version: '4.12.0' }), { fault: 'damage', message: /4\.12\.0/ });
  });
});
