import type { Snapshot, StreamState } from '../model/checkpoint.ts';
import { deferred, type Deferred } from '../model/deferred.ts';
import type { Algorithm, PieceDigest } from '../model/digest.ts';
import { bug } from '../model/errors.ts';
import type { Ring } from '../ring/ring.ts';
import { wasmVersion } from './engines.ts';
import type { Lane, LaneAtMark } from './lane.ts';
import { stateOf, type Resume } from './resume.ts';
import type { SourceMeter } from './source-meter.ts';

/** What a producer may ask of the running pipeline. */
export interface PipelineControl {
  /**
   * All lanes at the place where the ring stands when the call's turn comes. One at a time: a second call waits until
   * the first has its answer, and until a checkpoint under way has been saved. Waits for lanes that were not started
   * yet. Rejects when the pipeline fails, and after the end of the ring.
   */
  snapshot(): Promise<Snapshot>;
}

interface SnapshotsOf {
  readonly ring: Ring;
  readonly source: SourceMeter;
  readonly hashes: readonly Algorithm[];
  readonly resume: Resume | undefined;
}

/** Takes the snapshots of one pipeline, each at a mark of the ring. */
export class Snapshots implements PipelineControl {
  readonly #of: SnapshotsOf;
  readonly #lanes: Deferred<readonly Lane[]> = deferred();
  /** Grows only when a snapshot is taken: who holds an earlier one sees no piece past its position until then. */
  readonly #pieces: PieceDigest[] = [];
  #turn: Promise<unknown> = Promise.resolve();
  #pending: Deferred<readonly LaneAtMark[]> | null = null;
  #failure: { readonly error: unknown } | null = null;

  constructor(of: SnapshotsOf) {
    this.#of = of;
  }

  snapshot(): Promise<Snapshot> {
    // Who waits for the lanes publishes nothing meanwhile, and the lanes' engines wait for what is published.
    this.#of.source.ended();
    return this.take((snapshot) => Promise.resolve(snapshot));
  }

  /** `use` has the snapshot to itself: the next one is taken when it is done. */
  take<T>(use: (snapshot: Snapshot) => Promise<T>): Promise<T> {
    const turn = this.#turn.then(async () => use(await this.#now()));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  started(lanes: readonly Lane[]): void {
    this.#lanes.resolve(lanes);
  }

  /** Whoever waits for a snapshot, or asks for one later, is told why there is none. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#lanes.reject(error);
    this.#pending?.reject(error);
  }

  async #now(): Promise<Snapshot> {
    const lanes = await this.#lanes.promise;
    if (this.#failure !== null) throw this.#failure.error;
    if (this.#of.ring.ended) throw bug('a snapshot was asked for after the end of the ring');
    const pending = deferred<readonly LaneAtMark[]>();
    this.#pending = pending;
    const end = this.#of.source.end;
    const mark = this.#of.ring.mark();
    Promise.all(lanes.map((lane) => lane.at(mark))).then(
      (all) => {
        pending.resolve(all);
      },
      (error: unknown) => {
        pending.reject(error);
      },
    );
    return this.#assemble(end, await pending.promise);
  }

  /** @param end of what was published when the mark was set; null: nothing was */
  #assemble(end: number | null, lanes: readonly LaneAtMark[]): Snapshot {
    const { hashes, resume } = this.#of;
    const position = end ?? resume?.position ?? 0;
    const states = hashes.flatMap((algorithm, index): StreamState[] => {
      const lane = lanes[index];
      const stands = stateOf(resume, algorithm) === undefined ? end : Math.max(end ?? 0, resume?.position ?? 0);
      if (lane?.end !== stands) throw bug(`the ${algorithm} lane stands at byte ${lane?.end} instead of ${stands}`);
      // A stream that went ahead with a saved state has no state for a place before it.
      const here = (stands ?? resume?.from ?? 0) === position;
      return here && lane.state !== null ? [{ algorithm, version: wasmVersion(), state: lane.state }] : [];
    });
    const spans = lanes[hashes.length];
    if (spans === undefined) return { position, states, pieces: [], tail: null };
    this.#addPieces(spans, end);
    return { position, states, pieces: this.#pieces, tail: spans.tail };
  }

  #addPieces({ spans, finished, tail }: LaneAtMark, end: number | null): void {
    for (const span of spans.slice(this.#pieces.length, finished)) this.#pieces.push(span);
    const last = tail ?? this.#pieces.at(-1);
    const reached = last === undefined ? null : last.offset + last.length;
    if (reached !== end) throw bug(`the pieces reach byte ${reached} instead of ${end}`);
  }
}
