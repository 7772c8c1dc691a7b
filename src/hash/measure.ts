import type { Algorithm, Engine } from '../model/digest.ts';
import type { RingWriter } from '../ring/ring.ts';
import { chooseEngines } from './choose.ts';
import { runPipeline } from './pipeline.ts';

const SLOT = 1024 * 1024;
const SLOTS = 8;
/** As the profiles have it; the size of a span costs nothing. */
const SPAN = 16 * SLOT;

/** What is hashed at the same time. */
export interface Lanes {
  readonly engine: Engine;
  readonly hashes: readonly Algorithm[];
  /** Grids of pieces or segments, each hashed by a lane of its own. */
  readonly spanLanes: number;
}

export interface MeasureOptions {
  /** How long to measure once all lanes are at work, in milliseconds. */
  readonly forMs: number;
  /** Monotonic milliseconds, of the injected clock. */
  readonly nowMs: () => number;
  /** Ends it; it then throws the signal's reason. */
  readonly stop: AbortSignal;
}

/**
 * Bytes per second that these lanes take together, in the very pipeline that an acquisition runs, fed from memory: how
 * fast the slowest of them gives slots back, once all have started. No source is read, nothing is written.
 */
export async function measureLanes(lanes: Lanes, options: MeasureOptions): Promise<number> {
  const measured = { rate: 0 };
  await runPipeline({
    slots: SLOTS,
    slotBytes: SLOT,
    hashes: lanes.hashes,
    spanBytes: Array.from({ length: lanes.spanLanes }, () => SPAN),
    chooseEngines: () => Promise.resolve(chooseEngines(lanes.engine, lanes.hashes, {}, null)),
    nowMs: options.nowMs,
    producer: async (out) => {
      measured.rate = await feed(out, options);
    },
    consumers: [],
  });
  return measured.rate;
}

/** What a slot holds changes nothing about the time that it takes to hash: it is published as it is. */
async function feed(out: RingWriter, { forMs, nowMs, stop }: MeasureOptions): Promise<number> {
  let fed = 0;
  const one = async (): Promise<void> => {
    await out.slot();
    stop.throwIfAborted();
    out.publish(fed * SLOT, SLOT);
    fed += 1;
  };
  // The ring full, and once around: every lane has started, and those that started first have lost their lead.
  while (fed < 2 * SLOTS) await one();
  const [before, started] = [fed, nowMs()];
  let elapsed = 0;
  while (elapsed < forMs) {
    await one();
    elapsed = nowMs() - started;
  }
  return Math.floor(((fed - before) * SLOT * 1000) / elapsed);
}
