import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { calibrate } from '../../src/hash/calibrate.ts';
import { chooseEngines } from '../../src/hash/choose.ts';
import { ALGORITHMS, type Engine, type EngineChoice } from '../../src/model/digest.ts';

const MB = 1_000_000;

describe('choice of engines', () => {
  const table: {
    name: string;
    choice?: EngineChoice;
    from?: 'elsewhere';
    wasm: number | null;
    source: number | null;
    engine: Engine;
    why: RegExp;
  }[] = [
    { name: 'a hard disk: WASM keeps up', wasm: 180 * MB, source: 150 * MB, engine: 'wasm', why: /keeps up/ },
    {
      name: 'exactly 1.15 times the source is enough',
      wasm: 115 * MB,
      source: 100 * MB,
      engine: 'wasm',
      why: /keeps up/,
    },
    { name: 'a little less is not', wasm: 115 * MB - 1, source: 100 * MB, engine: 'native', why: /hold the source up/ },
    { name: 'an SSD: native', wasm: 180 * MB, source: 400 * MB, engine: 'native', why: /hold the source up/ },
    {
      name: 'of another machine, where WASM takes what the link needs: native, and that is why',
      from: 'elsewhere',
      wasm: 250 * MB,
      source: 100 * MB,
      engine: 'native',
      why: /would keep up, and leave too little for the link/,
    },
    {
      name: 'of another machine, three times as fast: WASM',
      from: 'elsewhere',
      wasm: 300 * MB,
      source: 100 * MB,
      engine: 'wasm',
      why: /keeps up/,
    },
    {
      name: 'of another machine, not as fast as it: native',
      from: 'elsewhere',
      wasm: 100 * MB,
      source: 100 * MB,
      engine: 'native',
      why: /hold the source up/,
    },
    { name: 'not measured: native', wasm: null, source: 10 * MB, engine: 'native', why: /not measured/ },
    { name: 'source not measured: WASM', wasm: 180 * MB, source: null, engine: 'wasm', why: /source/ },
    { name: 'WASM asked for, however slow', choice: 'wasm', wasm: 1, source: 400 * MB, engine: 'wasm', why: /asked/ },
    { name: 'native asked for', choice: 'native', wasm: 180 * MB, source: 1, engine: 'native', why: /asked/ },
  ];
  for (const { name, choice, from, wasm, source, engine, why } of table) {
    test(name, () => {
      const rates = wasm === null ? {} : { sha256: wasm };
      const [decision] = chooseEngines(choice ?? 'auto', ['sha256'], rates, source, from);
      assert.equal(decision?.engine, engine);
      assert.match(decision.why, why);
      if (choice === undefined) assert.deepEqual([decision.wasmRate, decision.sourceRate], [wasm, source]);
      else assert.deepEqual([decision.wasmRate, decision.sourceRate], [null, null], 'not measured is said to be so');
    });
  }

  test('each algorithm is judged by itself, in the order asked for', () => {
    const rates = { md5: 340 * MB, sha1: 900 * MB, sha256: 160 * MB };
    const engines = chooseEngines('auto', ['sha256', 'md5', 'sha1'], rates, 200 * MB);
    assert.deepEqual(
      engines.map(({ algorithm, engine }) => [algorithm, engine]),
      [
        ['sha256', 'native'],
        ['md5', 'wasm'],
        ['sha1', 'wasm'],
      ],
    );
  });

  test('calibration measures every algorithm, on memory, in about a second at most', { timeout: 20_000 }, async () => {
    const started = performance.now();
    const rates = await calibrate(ALGORITHMS, 2);
    const took = performance.now() - started;
    assert.deepEqual(Object.keys(rates).sort(), [...ALGORITHMS].sort());
    for (const algorithm of ALGORITHMS) {
      const rate = rates[algorithm] ?? 0;
      assert.ok(Number.isSafeInteger(rate) && rate > MB, `${algorithm}: ${rate} bytes/s`);
    }
    // Generous: other tests share the cores. Alone it takes 0.3 s.
    assert.ok(took < 3000, `${took} ms`);
  });
});
