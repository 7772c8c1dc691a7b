import { measureLanes, type Lanes } from '../../hash/measure.ts';
import { ALGORITHMS, ENGINES, type Algorithm, type Engine } from '../../model/digest.ts';
import type { AloneRates, TogetherRates } from '../../model/speed.ts';
import type { Ports } from '../../system/ports.ts';

/** What the default profile hashes: MD5 and SHA-256 of the whole, SHA-256 of the pieces. */
const DEFAULT_JOB = { hashes: ['md5', 'sha256'], spanLanes: 1 } as const;
const FOR_MS = 300;

/** Each engine on this station: each algorithm alone, and the lanes of a default job together. One after the other. */
export async function engineRates(
  ports: Ports,
  stop: AbortSignal,
): Promise<{ alone: AloneRates; together: TogetherRates }> {
  const measure = (lanes: Lanes): Promise<number> =>
    measureLanes(lanes, { forMs: FOR_MS, nowMs: () => ports.clock.monotonicMs(), stop });
  const byEngine = async <T>(of: (engine: Engine) => Promise<T>): Promise<Record<Engine, T>> => {
    const rates: Partial<Record<Engine, T>> = {};
    for (const engine of ENGINES) rates[engine] = await of(engine);
    return rates as Record<Engine, T>;
  };
  const alone = await byEngine(async (engine) => {
    const rates: Partial<Record<Algorithm, number>> = {};
    for (const algorithm of ALGORITHMS) rates[algorithm] = await measure({ engine, hashes: [algorithm], spanLanes: 0 });
    return rates as Record<Algorithm, number>;
  });
  const together = await byEngine((engine) => measure({ engine, ...DEFAULT_JOB }));
  return { alone, together: { ...DEFAULT_JOB, ...together } };
}
