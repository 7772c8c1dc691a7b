import { createHash } from 'node:crypto';
import type { Algorithm } from '../model/digest.ts';
import type { LaneCost } from './lane-groups.ts';

/** Milliseconds a GiB on one core, measured with Node 20 on a CPU with SHA instructions; only their order matters. */
const TYPICAL = {
  native: { md5: 1450, sha1: 700, sha256: 650, sha512: 1500 },
  wasm: { md5: 2900, sha1: 5000, sha256: 6000, sha512: 6000 },
} as const;
/** Bytes; half a millisecond each. */
const SAMPLE = 256 * 1024;
const ZEROS = Buffer.alloc(SAMPLE);
const TRIES = 3;

/**
 * What lanes cost here. Native hashes are tried, some milliseconds in all: a CPU without SHA instructions takes four times
 * as long for SHA-256, and no longer for MD5. The best of three tries, since others run beside it.
 * @param nowMs monotonic milliseconds; a clock that stands leaves it at what is typical
 */
export function laneCosts(algorithms: readonly Algorithm[], nowMs: () => number): LaneCost {
  const native: Record<Algorithm, number> = { ...TYPICAL.native };
  for (const algorithm of new Set<Algorithm>([...algorithms, 'sha256'])) {
    const best = Math.min(...Array.from({ length: TRIES }, () => tryOnce(algorithm, nowMs)));
    if (best > 0) native[algorithm] = (best * 1024 ** 3) / SAMPLE;
  }
  return (task) => {
    if (task.kind === 'stream') return task.engine === 'native' ? native[task.algorithm] : TYPICAL.wasm[task.algorithm];
    return native.sha256 / (task.share?.of ?? 1);
  };
}

/** Milliseconds; 0 where this Node has no such hash, which is for the lane to tell. */
function tryOnce(algorithm: Algorithm, nowMs: () => number): number {
  try {
    const hash = createHash(algorithm);
    const began = nowMs();
    hash.update(ZEROS).digest();
    return nowMs() - began;
  } catch {
    return 0;
  }
}
