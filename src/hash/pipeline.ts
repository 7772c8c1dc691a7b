import { Checkpointer, type Checkpoints } from './checkpointer.ts';
import { laneCosts } from './lane-cost.ts';
import type { Lane, LaneResult } from './lane.ts';
import { joinShares, startAll, tasksOf } from './lanes-of-job.ts';
import { requireResumable, stateOf, type Resume } from './resume.ts';
import { Snapshots, type PipelineControl } from './snapshots.ts';
import { SourceMeter } from './source-meter.ts';
import type { Algorithm, Digest, EngineDecision, PieceDigest } from '../model/digest.ts';
import { bug, ExhibitError } from '../model/errors.ts';
import { Ring, type RingReader, type RingWriter } from '../ring/ring.ts';

export type { PipelineControl };

/**
 * Fills the ring in order of offset, and returns when there is no more to read, or when it was told to stop.
 * `failed` aborts when another part has failed: a producer that waits for the disk must then give up.
 */
export type Producer = (out: RingWriter, failed: AbortSignal, control: PipelineControl) => Promise<void>;

/** Takes every chunk in order; returns at the end of the ring. */
export type Consumer = (input: RingReader) => Promise<void>;

export interface PipelineSpec {
  readonly slots: number;
  /** Bytes. */
  readonly slotBytes: number;
  readonly hashes: readonly Algorithm[];
  /** Sizes of the span grids to hash, in bytes: pieces, and segments for split images. */
  readonly spanBytes: readonly number[];
  /** Lanes among which the spans of each grid are divided; absent: one. Not with checkpoints. */
  readonly spanShares?: number;
  /** Chooses each algorithm's engine once the first slots have shown how fast the source is. */
  readonly chooseEngines: (firstSlots: FirstSlots) => Promise<readonly EngineDecision[]>;
  /** Monotonic milliseconds, of the injected clock. */
  readonly nowMs: () => number;
  readonly producer: Producer;
  readonly consumers: readonly Consumer[];
  /**
   * Told when the source fails; the result then speaks of what it gave until there. Without it a source that fails
   * makes the pipeline throw, so that nobody takes a part for the whole; so does one that fails before `resume.position`.
   */
  readonly onSourceFailure?: (error: unknown) => void;
  /** The job goes on from an earlier run; absent: it starts, wherever its first chunk lies. */
  readonly resume?: Resume;
  /**
   * Saves a snapshot every so often once the lanes run, and a last one when the producer has ended, failed or not,
   * before the ring ends. A place that was saved is not saved again, nor, in a job that goes on, one up to `position`.
   */
  readonly checkpoints?: Checkpoints;
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
  if (spec.resume !== undefined) requireResumable(spec.resume, spec.hashes);
  const shares = spec.spanShares ?? 1;
  if (shares > 1 && spec.checkpoints !== undefined) throw bug('spans are divided in a job with checkpoints');
  const lanesWanted = spec.hashes.length + spec.spanBytes.length * shares;
  const ring = new Ring(spec.slots, spec.slotBytes, lanesWanted + spec.consumers.length);
  const lanes: Lane[] = [];
  const parts: Promise<unknown>[] = [];
  const failed = new AbortController();
  const source: { failure: { readonly error: unknown } | null } = { failure: null };
  const meter = new SourceMeter(ring, spec.nowMs, spec.resume);
  const snapshots = new Snapshots({ ring, source: meter, hashes: spec.hashes, resume: spec.resume });
  // What one share of the pieces holds is not all of them.
  if (shares > 1) snapshots.fail(bug('a snapshot was asked for where spans are divided'));
  const checkpointer =
    spec.checkpoints && new Checkpointer(spec.checkpoints, snapshots, meter, spec.resume?.position ?? null);
  const fail = (error: unknown): void => {
    ring.abort(error);
    snapshots.fail(error);
    checkpointer?.stop();
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
    part(
      spec
        .producer(meter, failed.signal, snapshots)
        .catch((error: unknown) => {
          // One that only gives up because another part has failed has no news.
          if (!failed.signal.aborted) source.failure = { error };
        })
        .then(async () => {
          meter.ended();
          if (!failed.signal.aborted) await checkpointer?.last();
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
    startAll(ring, tasksOf(spec, engines), laneCosts(spec.hashes, spec.nowMs), lanes);
    for (const lane of lanes) part(lane.result);
    snapshots.started(lanes);
    if (checkpointer !== undefined) part(checkpointer.run());
    await Promise.all(parts);
    requireReplayed(spec.resume, meter, source.failure);
    if (source.failure !== null) tellOrThrow(spec, source.failure.error);
    const results = await Promise.all(lanes.map((lane) => lane.result));
    const lanesDone = joinShares(results, spec.hashes.length, shares);
    requireAllHashed(spec, lanesDone, meter);
    return collect(spec, engines, lanesDone);
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

/** Waits for `work`, unless one of the running parts fails first. */
async function orAbort<T>(work: Promise<T>, parts: readonly Promise<unknown>[]): Promise<T> {
  const failures = parts.map(async (part) => {
    await part;
    return new Promise<never>(() => undefined);
  });
  return Promise.race([work, ...failures]);
}

/** Before the place where the saved states stand, the streams are not all hashed as far: there is no result of that. */
function requireReplayed(
  resume: Resume | undefined,
  source: SourceMeter,
  failure: { readonly error: unknown } | null,
): void {
  const end = source.end ?? resume?.from ?? 0;
  if (resume === undefined || end >= resume.position) return;
  if (failure !== null) throw failure.error;
  throw new ExhibitError(
    'interrupted',
    'hash.replay-unfinished',
    `Reading ended at byte ${end}, before byte ${resume.position}, where the hashes of the earlier run go on.`,
    { hint: 'Nothing new is on record. Resume the job again.' },
  );
}

/** A digest of fewer bytes than were read would be a right hash of the wrong data. */
function requireAllHashed(spec: PipelineSpec, results: readonly LaneResult[], source: SourceMeter): void {
  results.forEach(({ bytes, spans }, index) => {
    const algorithm = spec.hashes[index];
    const resumed = algorithm !== undefined && stateOf(spec.resume, algorithm) !== undefined;
    const wanted = resumed ? source.publishedAfterStates : source.published;
    const inSpans = spans.reduce((sum, span) => sum + span.length, 0);
    if (bytes !== wanted) throw bug(`a lane hashed ${bytes} bytes of ${wanted}`);
    if (spans.length > 0 && inSpans !== wanted) throw bug(`the spans of a lane hold ${inSpans} bytes of ${wanted}`);
  });
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
