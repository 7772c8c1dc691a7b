import type { Snapshot } from '../model/checkpoint.ts';
import type { Snapshots } from './snapshots.ts';
import type { SourceMeter } from './source-meter.ts';

export interface Checkpoints {
  /** Milliseconds between the end of one and the next. */
  readonly everyMs: number;
  /** Of the injected clock. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Makes the snapshot last. What it throws fails the pipeline. Must not itself ask for a snapshot. */
  readonly save: (snapshot: Snapshot) => Promise<void>;
  /** Also where the stream has not moved: `save` has more to make last than the stream. */
  readonly evenUnmoved?: boolean;
}

/** Saves a snapshot every so often, and a last one when no more is to come; none for a place that was saved already. */
export class Checkpointer {
  readonly #checkpoints: Checkpoints;
  readonly #snapshots: Snapshots;
  readonly #source: SourceMeter;
  readonly #over = new AbortController();
  #saved: number | null;

  /** @param saved the place that an earlier run saved, in bytes: what lies before it is being hashed again; null: none */
  constructor(checkpoints: Checkpoints, snapshots: Snapshots, source: SourceMeter, saved: number | null) {
    this.#checkpoints = checkpoints;
    this.#snapshots = snapshots;
    this.#source = source;
    this.#saved = saved;
  }

  /** Once the lanes run. Resolves after {@link last} or {@link stop}. */
  async run(): Promise<void> {
    const { signal } = this.#over;
    const over = (): boolean => signal.aborted;
    while (!over()) {
      await this.#checkpoints.sleep(this.#checkpoints.everyMs, signal);
      if (!over()) await this.#saveNew();
    }
  }

  /** Saves what is left to save, after a save under way, and no more after that. */
  async last(): Promise<void> {
    this.stop();
    await this.#saveNew();
  }

  stop(): void {
    this.#over.abort();
  }

  async #saveNew(): Promise<void> {
    if (!this.#isNew(this.#source.end ?? 0)) return;
    await this.#snapshots.take(async (snapshot) => {
      if (!this.#isNew(snapshot.position)) return;
      await this.#checkpoints.save(snapshot);
      this.#saved = snapshot.position;
    });
  }

  #isNew(position: number): boolean {
    if (this.#saved === null || position > this.#saved) return true;
    return this.#checkpoints.evenUnmoved === true && position === this.#saved;
  }
}
