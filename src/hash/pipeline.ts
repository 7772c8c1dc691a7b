import { givesWay } from './give-way.ts';
import { startLane, type Lane, type LaneResult } from './lane.ts';
import type { LaneTask } from './lane-protocol.ts';
import type { Algorithm, Digest, Engine, EngineDecision, PieceDigest } from '../model/digest.ts';
import { bug } from '../model/errors.ts';
import { Ring, type RingReader, type RingWriter } from '../ring/ring.ts';

/**
 * Fills the ring in order of offset, and returns when there is no more to read, or when it was told to stop.
 * `failed` aborts when another part has failed: a producer that waits for the disk must then give up.
 */
export type Producer = (out: RingWriter, failed: AbortSignal) => Promise<void>;

/** Takes every chunk in order; returns at the end of the ring. */
export type Consumer = (input: RingReader) => Promise<void>;

export interface PipelineSpec {
  readonly slots: number;
  /** Bytes. */
  readonly slotBytes: number;
  readonly hashes: readonly Algorithm[];
  /** Sizes of the span grids to hash, in bytes: pieces, and segments for split images. */
  readonly spanBytes: readonly number[];
  /** Chooses each algorithm's engine once the first slots have shown how fast the source is. */
  readonly chooseEngines: (firstSlots: FirstSlots) => Promise<readonly EngineDecision[]>;
  /** Monotonic milliseconds, of the injected clock. */
  readonly nowMs: () => number;
  readonly producer: Producer;
  readonly consumers: readonly Consumer[];
  /**
   * Told when the source fails; the result then speaks of what it gave until there. Without it a source that fails
   * makes the pipeline throw, so that nobody takes a part for the whole.
   */
  readonly onSourceFailure?: (error: unknown) => void;
}

/** Resolves when the ring has filled for the first time or the source has ended: bytes per second, null when too short to tell. */
export type FirstSlots = () => Promise<number | null>;

export interface PipelineResult {
  readonly digests: readonly Digest[];
  /** One list a span grid, in the order of `spanBytes`. */
  readonly spans: readonly (readonly PieceDigest[])[];
  readonly engines: readonly EngineDecision[];
  /** Pure hashing rate of each lane, bytes per second, in the order hashes, spans. */
  readonly laneRates: readonly number[];
}

/**
 * Source → ring → lanes and sinks. One failure ends all: the ring is aborted, everybody is woken, every worker is
 * ended, and the first reason is thrown. Only a source that fails is let end first: what it gave until then may never
 * be read again, so lanes and sinks finish it before the reason is thrown.
 */
export async function runPipeline(spec: PipelineSpec): Promise<PipelineResult> {
  const lanesWanted = spec.hashes.length + spec.spanBytes.length;
  const ring = new Ring(spec.slots, spec.slotBytes, lanesWanted + spec.consumers.length);
  const lanes: Lane[] = [];
  const parts: Promise<unknown>[] = [];
  const failed = new AbortController();
  const source: { failure: { readonly error: unknown } | null } = { failure: null };
  const fail = (error: unknown): void => {
    ring.abort(error);
    failed.abort(error);
  };
  const part = (work: Promise<unknown>): void => {
    parts.push(
      work.catch((error: unknown) => {
        fail(error);
        throw error;
      }),
    );
  };
  try {
    const meter = new SourceMeter(ring, spec.nowMs);
    part(
      spec
        .producer(meter, failed.signal)
        .catch((error: unknown) => {
          // One that only gives up because another part has failed has no news.
          if (!failed.signal.aborted) source.failure = { error };
        })
        .then(() => {
          meter.ended();
          ring.end();
        }),
    );
    spec.consumers.forEach((consume, index) => {
      part(consumeAll(consume, ring.reader(lanesWanted + index)));
    });
    const engines = await orAbort(
      spec.chooseEngines(() => meter.firstSlots),
      parts,
    );
    const tasks = tasksOf(spec, engines);
    tasks.forEach((task, index) => {
      const lane = startLane(ring, index, task, givesWay(task, tasks));
      lanes.push(lane);
      part(lane.result);
    });
    await Promise.all(parts);
    if (source.failure !== null) tellOrThrow(spec, source.failure.error);
    const results = await Promise.all(lanes.map((lane) => lane.result));
    requireAllHashed(results, meter.published);
    return collect(spec, engines, results);
  } catch (error) {
    fail(error);
    await Promise.allSettled(parts);
    throw source.failure === null ? error : source.failure.error;
  } finally {
    await Promise.all(lanes.map((lane) => lane.stop()));
  }
}

function tellOrThrow(spec: PipelineSpec, error: unknown): void {
  if (spec.onSourceFailure === undefined) throw error;
  spec.onSourceFailure(error);
}

/** A sink that leaves before the end would hold its slots, and with them everybody, for ever. */
async function consumeAll(consume: Consumer, input: RingReader): Promise<void> {
  const seen = { end: false };
  await consume({
    next: async () => {
      const chunk = await input.next();
      seen.end ||= chunk === null;
      return chunk;
    },
    release: () => {
      input.release();
    },
  });
  if (!seen.end) throw bug('a sink left before the end of the ring');
}

/** Measures how fast the source fills the ring for the first time: nothing is read for the measurement alone. */
class SourceMeter implements RingWriter {
  readonly #ring: Ring;
  readonly #nowMs: () => number;
  readonly firstSlots: Promise<number | null>;
  #resolve!: (rate: number | null) => void;
  #started = 0;
  #bytes = 0;
  #first = 0;
  #seen = 0;

  constructor(ring: Ring, nowMs: () => number) {
    this.#ring = ring;
    this.#nowMs = nowMs;
    this.firstSlots = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  get slotBytes(): number {
    return this.#ring.slotBytes;
  }

  slot(): ReturnType<RingWriter['slot']> {
    return this.#ring.slot();
  }

  publish(offset: number, length: number): void {
    this.#ring.publish(offset, length);
    this.#seen += 1;
    // The first slot carries the start of the reader and the disk's spin-up; it does not count.
    if (this.#seen === 1) {
      this.#started = this.#nowMs();
      this.#first = length;
    } else {
      this.#bytes += length;
    }
    const elapsed = this.#nowMs() - this.#started;
    if (this.#seen >= this.#ring.memory.slots - 1 || (this.#seen >= 3 && elapsed > 1500)) this.#resolve(this.#rate());
  }

  /** Bytes that went into the ring so far. */
  get published(): number {
    return this.#first + this.#bytes;
  }

  ended(): void {
    this.#resolve(this.#seen < 4 ? null : this.#rate());
  }

  #rate(): number {
    return Math.floor((this.#bytes / Math.max(this.#nowMs() - this.#started, 0.001)) * 1000);
  }
}

/** Waits for `work`, unless one of the running parts fails first. */
async function orAbort<T>(work: Promise<T>, parts: readonly Promise<unknown>[]): Promise<T> {
  const failures = parts.map(async (part) => {
    await part;
    return new Promise<never>(() => undefined);
  });
  return Promise.race([work, ...failures]);
}

function tasksOf(spec: PipelineSpec, engines: readonly EngineDecision[]): LaneTask[] {
  const engineOf = (algorithm: Algorithm): Engine => {
    const decision = engines.find((candidate) => candidate.algorithm === algorithm);
    if (decision === undefined) throw bug(`no engine was chosen for ${algorithm}`);
    return decision.engine;
  };
  return [
    ...spec.hashes.map((algorithm): LaneTask => ({ kind: 'stream', algorithm, engine: engineOf(algorithm) })),
    ...spec.spanBytes.map((spanBytes): LaneTask => ({ kind: 'spans', spanBytes })),
  ];
}

/** A digest of fewer bytes than were read would be a right hash of the wrong data. */
function requireAllHashed(results: readonly LaneResult[], published: number): void {
  for (const { bytes, spans } of results) {
    const inSpans = spans.reduce((sum, span) => sum + span.length, 0);
    if (bytes !== published) throw bug(`a lane hashed ${bytes} bytes of ${published}`);
    if (spans.length > 0 && inSpans !== published)
      throw bug(`the spans of a lane hold ${inSpans} bytes of ${published}`);
  }
}

function collect(
  spec: PipelineSpec,
  engines: readonly EngineDecision[],
  results: readonly LaneResult[],
): PipelineResult {
  const digests = spec.hashes.map((algorithm, index): Digest => {
    const hex = results[index]?.hex;
    const engine = engines.find((decision) => decision.algorithm === algorithm)?.engine;
    if (hex === undefined || hex === null || engine === undefined) throw bug(`the ${algorithm} lane left no digest`);
    return { algorithm, engine, hex };
  });
  return {
    digests,
    spans: results.slice(spec.hashes.length).map((result) => result.spans),
    engines,
    laneRates: results.map((result) => result.rate),
  };
}
