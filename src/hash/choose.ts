import type { Algorithm, EngineChoice, EngineDecision } from '../model/digest.ts';
import { roundBytes } from '../model/size.ts';

/** How much faster than the source an engine must be to count as keeping up: readers and sinks need the same cores. */
const HEADROOM = 1.15;
/**
 * The same of what comes from another machine: it is decrypted, and hashed for its proof, by these cores. Measured on two
 * cores over loopback: WASM cost 6 processor seconds a GiB more, of 16.
 */
const HEADROOM_ELSEWHERE = 3;

/** Bytes per second of hash-wasm by algorithm, all lanes running together. */
export type WasmRates = Readonly<Partial<Record<Algorithm, number>>>;

/**
 * The engine for each algorithm. `auto` takes WASM where it keeps up with the source, native where it does not, and where a
 * source elsewhere needs the processor for its link as well; a source too short to measure gets WASM.
 * @param sourceRate bytes per second, null when it could not be measured
 * @param from whether the source is on this station
 */
export function chooseEngines(
  choice: EngineChoice,
  algorithms: readonly Algorithm[],
  wasmRates: WasmRates,
  sourceRate: number | null,
  from: 'here' | 'elsewhere' = 'here',
): EngineDecision[] {
  return algorithms.map((algorithm) => {
    if (choice !== 'auto') return { algorithm, engine: choice, why: 'as asked for', wasmRate: null, sourceRate: null };
    const wasmRate = wasmRates[algorithm] ?? null;
    return { algorithm, ...judge(wasmRate, sourceRate, from), wasmRate, sourceRate };
  });
}

function judge(
  wasmRate: number | null,
  sourceRate: number | null,
  from: 'here' | 'elsewhere',
): Pick<EngineDecision, 'engine' | 'why'> {
  if (sourceRate === null) return { engine: 'wasm', why: 'too little was read to measure the source' };
  if (wasmRate === null) return { engine: 'native', why: 'WASM was not measured' };
  const rates = `WASM gives ${roundBytes(wasmRate)}/s, the source ${roundBytes(sourceRate)}/s`;
  const keepsUp = wasmRate >= sourceRate * HEADROOM;
  if (keepsUp && from === 'elsewhere' && wasmRate < sourceRate * HEADROOM_ELSEWHERE)
    return { engine: 'native', why: `${rates}: WASM would keep up, and leave too little for the link` };
  if (keepsUp) return { engine: 'wasm', why: `${rates}: WASM keeps up` };
  return { engine: 'native', why: `${rates}: WASM would hold the source up` };
}
