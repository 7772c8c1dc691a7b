import { chooseEngines } from '../../src/hash/choose.ts';
import type { PipelineSpec } from '../../src/hash/pipeline.ts';
import { systemClock } from '../../src/system/clock.ts';
import type { RingReader, RingWriter } from '../../src/ring/ring.ts';

/** Feeds `bytes`, the first of which lies at `offset`, in chunks of these lengths, repeated. */
export function feeder(bytes: Uint8Array, lengths: readonly number[], offset = 0): (out: RingWriter) => Promise<void> {
  return async (out) => {
    let at = 0;
    for (let turn = 0; at < bytes.length; turn += 1) {
      const length = Math.min(lengths[turn % lengths.length] ?? 1, bytes.length - at);
      const slot = await out.slot();
      slot.bytes.set(bytes.subarray(at, at + length));
      out.publish(offset + at, length);
      at += length;
    }
  };
}

/** A pipeline of native lanes without sinks, but for what the test wants. */
export function spec(change: Partial<PipelineSpec> & Pick<PipelineSpec, 'producer'>): PipelineSpec {
  const hashes = change.hashes ?? ['sha256'];
  return {
    slots: 4,
    slotBytes: 65_536,
    hashes,
    spanBytes: [],
    chooseEngines: () => Promise.resolve(chooseEngines('native', hashes, {}, null)),
    nowMs: () => systemClock.monotonicMs(),
    consumers: [],
    ...change,
  };
}

/** A sink that keeps everything. */
export async function keep(into: Buffer[], input: RingReader): Promise<void> {
  for (let chunk = await input.next(); chunk !== null; chunk = await input.next()) {
    into.push(Buffer.from(chunk.bytes));
    input.release();
  }
}
