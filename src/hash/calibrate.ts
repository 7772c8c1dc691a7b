import { chooseEngines, type WasmRates } from './choose.ts';
import type { Algorithm } from '../model/digest.ts';
import type { RingWriter } from '../ring/ring.ts';
import { runPipeline } from './pipeline.ts';

const SLOT = 1024 * 1024;
const CHUNKS = 8;

/**
 * What hash-wasm reaches on this machine with every lane of the job running at once, hashing memory: 8 MiB, about
 * 150 ms on two cores. No source is read for it.
 */
export async function calibrate(algorithms: readonly Algorithm[], spanLanes: number): Promise<WasmRates> {
  const result = await runPipeline({
    slots: 4,
    slotBytes: SLOT,
    hashes: algorithms,
    spanBytes: Array.from({ length: spanLanes }, () => SLOT * 4),
    chooseEngines: () => Promise.resolve(chooseEngines('wasm', algorithms, {}, null)),
    // How fast memory fills the ring is not asked.
    nowMs: () => 0,
    producer: fillWithZeros,
    consumers: [],
  });
  return Object.fromEntries(algorithms.map((algorithm, index) => [algorithm, result.laneRates[index] ?? 0]));
}

async function fillWithZeros(out: RingWriter): Promise<void> {
  for (let chunk = 0; chunk < CHUNKS; chunk += 1) {
    await out.slot();
    out.publish(chunk * SLOT, SLOT);
  }
}
