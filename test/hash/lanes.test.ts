import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import test, { describe } from 'node:test';
import { chooseEngines } from '../../src/hash/choose.ts';
import { runPipeline } from '../../src/hash/pipeline.ts';
import { ALGORITHMS, ENGINES, type PieceDigest } from '../../src/model/digest.ts';
import { feeder, spec } from './pipeline-support.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const bytes = randomBytes(1_300_007);

/** The spans of a grid as they must be: `[offset, offset + bytes.length)` cut at multiples of `step`. */
function expectedSpans(step: number, offset = 0): PieceDigest[] {
  const spans: PieceDigest[] = [];
  for (let at = offset; at < offset + bytes.length;) {
    const end = Math.min((Math.floor(at / step) + 1) * step, offset + bytes.length);
    spans.push({ offset: at, length: end - at, sha256: sha256(bytes.subarray(at - offset, end - offset)) });
    at = end;
  }
  return spans;
}

describe('hash lanes', { timeout: 60_000 }, () => {
  for (const engine of ENGINES) {
    for (const lengths of [[65_536], [1, 4095, 65_535, 512, 7], [64]] as const) {
      test(`all algorithms by ${engine}, chunks of ${lengths.join(', ')} bytes: as the stock tools say`, async () => {
        const part = lengths[0] === 64 ? bytes.subarray(0, 20_001) : bytes;
        const result = await runPipeline(
          spec({
            hashes: ALGORITHMS,
            chooseEngines: () => Promise.resolve(chooseEngines(engine, ALGORITHMS, {}, null)),
            producer: feeder(part, lengths),
          }),
        );
        for (const { algorithm, engine: used, hex } of result.digests) {
          assert.equal(used, engine);
          assert.equal(hex, execFileSync(`${algorithm}sum`, { input: part, encoding: 'utf8' }).split(' ')[0]);
        }
        assert.deepEqual(
          result.digests.map((digest) => digest.algorithm),
          ALGORITHMS,
        );
        assert.ok(result.laneRates.every((rate) => rate > 0));
      });
    }
  }

  test('an engine for each algorithm by itself', async () => {
    const mixed = [...chooseEngines('wasm', ['md5'], {}, null), ...chooseEngines('native', ['sha256'], {}, null)];
    const result = await runPipeline(
      spec({
        hashes: ['sha256', 'md5'],
        chooseEngines: () => Promise.resolve(mixed),
        producer: feeder(bytes, [5000]),
      }),
    );
    assert.deepEqual(result.digests, [
      { algorithm: 'sha256', engine: 'native', hex: sha256(bytes) },
      { algorithm: 'md5', engine: 'wasm', hex: createHash('md5').update(bytes).digest('hex') },
    ]);
  });

  test('spans: odd cuts, several grids at once, an end off the grid', async () => {
    const grids = [4096, 65_536, 1_000_003, 16_777_216];
    const result = await runPipeline(
      spec({ spanBytes: grids, producer: feeder(bytes, [1, 4095, 65_535, 512, 60_001]) }),
    );
    for (const [index, step] of grids.entries()) assert.deepEqual(result.spans[index], expectedSpans(step), `${step}`);
    assert.equal(result.digests[0]?.hex, sha256(bytes));
  });

  test('spans divided among lanes: the same list', async () => {
    for (const [shares, lengths] of [
      [2, [1, 4095, 65_535, 512]],
      [3, [60_001]],
      [7, [65_536]],
    ] as const) {
      const grids = [4096, 100_000];
      const result = await runPipeline(
        spec({ hashes: [], spanBytes: grids, spanShares: shares, producer: feeder(bytes, lengths, 12_288) }),
      );
      for (const [index, step] of grids.entries())
        assert.deepEqual(result.spans[index], expectedSpans(step, 12_288), `${step} among ${shares}`);
    }
  });

  test('spans divided among lanes: there is no snapshot, which would have the pieces of one share alone', async () => {
    const asked = runPipeline(
      spec({
        hashes: [],
        spanBytes: [4096],
        spanShares: 2,
        producer: async (out, _stop, control) => {
          await feeder(bytes.subarray(0, 4096), [4096])(out);
          await control.snapshot();
        },
      }),
    );
    await assert.rejects(asked, /where spans are divided/);
  });

  test('spans divided among lanes: a gap ends the span for whoever has it', async () => {
    const result = await runPipeline(
      spec({
        hashes: [],
        spanBytes: [4096],
        spanShares: 2,
        producer: async (out) => {
          await feeder(bytes.subarray(0, 1000), [1000])(out);
          await feeder(bytes.subarray(2000, 9000), [3000], 2000)(out);
        },
      }),
    );
    assert.deepEqual(
      result.spans[0]?.map(({ offset, length }) => [offset, length]),
      [
        [0, 1000],
        [2000, 2096],
        [4096, 4096],
        [8192, 808],
      ],
    );
  });

  test('spans: a start off the grid, past 2^32', async () => {
    const offset = 5 * 1024 ** 3 + 4096 * 3 + 100;
    const result = await runPipeline(spec({ spanBytes: [65_536], producer: feeder(bytes, [10_000], offset) }));
    assert.deepEqual(result.spans[0], expectedSpans(65_536, offset));
  });

  test('spans: an end exactly on the grid leaves no empty span', async () => {
    const result = await runPipeline(spec({ spanBytes: [4096], producer: feeder(bytes.subarray(0, 8192), [3000]) }));
    assert.deepEqual(
      result.spans[0]?.map(({ offset, length }) => [offset, length]),
      [
        [0, 4096],
        [4096, 4096],
      ],
    );
  });

  test('spans: a gap ends the span; what was read on both sides is told as it is', async () => {
    const result = await runPipeline(
      spec({
        spanBytes: [4096],
        producer: async (out) => {
          await feeder(bytes.subarray(0, 1000), [1000])(out);
          await feeder(bytes.subarray(2000, 5000), [3000], 2000)(out);
        },
      }),
    );
    assert.deepEqual(result.spans[0], [
      { offset: 0, length: 1000, sha256: sha256(bytes.subarray(0, 1000)) },
      { offset: 2000, length: 2096, sha256: sha256(bytes.subarray(2000, 4096)) },
      { offset: 4096, length: 904, sha256: sha256(bytes.subarray(4096, 5000)) },
    ]);
  });

  test('nothing at all: the hashes of nothing, no spans', async () => {
    const result = await runPipeline(spec({ spanBytes: [4096], producer: () => Promise.resolve() }));
    assert.equal(result.digests[0]?.hex, sha256(Buffer.alloc(0)));
    assert.deepEqual(result.spans, [[]]);
  });
});
