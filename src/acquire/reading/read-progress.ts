import type { Emit } from '../../model/event.ts';
import { mapCells } from '../../model/map-cells.ts';
import type { Plan } from '../../model/plan.ts';
import type { ReadMap } from '../../model/read-map.ts';
import { describeBytes } from '../../model/size.ts';
import type { Ports } from '../../system/ports.ts';
import type { ReadRecorder } from './read-recorder.ts';

const MAP_EVERY_MS = 1000;
/** A rescue counts all of its map for each event; sectors come by the thousand. */
const PASS_EVERY_MS = 200;

/** Tells what the reading of a source has come to. Whatever is told, nothing is decided by it. */
export class ReadProgress {
  readonly #clock: Ports['clock'];
  readonly #emit: Emit;
  readonly #recorder: ReadRecorder;
  readonly #size: number;
  readonly #deferred: boolean;
  #pass: string | null = null;
  #catchingUp = false;
  /** Bytes of the stream that are in the image. */
  #written: number;
  #mapAt = -Infinity;
  #passAt = -Infinity;

  constructor(
    { ports, plan, emit }: { readonly ports: Pick<Ports, 'clock'>; readonly plan: Plan; readonly emit: Emit },
    recorder: ReadRecorder,
    /** Where the stream stands. */
    position: number,
  ) {
    this.#clock = ports.clock;
    this.#emit = emit;
    this.#recorder = recorder;
    this.#written = position;
    this.#size = plan.size;
    this.#deferred = plan.request.settings.recovery === 'deferred';
  }

  /** What was read was hashed from the image, because it had come out of order. */
  get caughtUp(): boolean {
    return this.#catchingUp;
  }

  /** The stream is in the image up to here. */
  written(position: number): void {
    this.#written = position;
    if (this.#catchingUp) this.#tell('hash', position);
    else if (!this.#deferred) this.#inOrder();
  }

  /** Something was read, or failed: for the time in which the stream stands still. */
  tick(): void {
    if (this.#deferred) this.#outOfOrder(false);
    else this.#inOrder();
  }

  /** A pass of a rescue begins. */
  pass(name: string): void {
    this.#pass = name;
    this.#outOfOrder(true);
  }

  /** Reading is over; the hashes still have to see what lies in the image out of order. */
  catchUp(): void {
    this.#outOfOrder(true);
    const { good, unreadable } = countOf(this.#recorder.map);
    const detail = `${describeBytes(good)} read, ${describeBytes(unreadable)} unreadable`;
    this.#emit({ type: 'stage', stage: 'read', status: 'done', detail });
    this.#emit({ type: 'stage', stage: 'hash', status: 'start' });
    this.#catchingUp = true;
  }

  #inOrder(): void {
    this.#tell('read', this.#written);
    this.#tellMap();
  }

  #outOfOrder(now: boolean): void {
    const pass = this.#pass;
    if (pass === null || (!now && this.#clock.monotonicMs() - this.#passAt < PASS_EVERY_MS)) return;
    const { good, unreadable, tried } = countOf(this.#recorder.map);
    this.#tell('read', good + unreadable, { pass, tried, good });
    this.#tellMap();
    // Counting takes its time as well.
    this.#passAt = this.#clock.monotonicMs();
  }

  #tell(stage: 'read' | 'hash', done: number, rescue?: { pass: string; tried: number; good: number }): void {
    const { unreadableBytes: unreadable, failedReads } = this.#recorder;
    const more = rescue === undefined ? {} : { rescue };
    this.#emit({ type: 'progress', stage, done, total: this.#size, unreadable, failedReads, ...more });
  }

  #tellMap(): void {
    if (this.#clock.monotonicMs() - this.#mapAt < MAP_EVERY_MS) return;
    this.#emit({ type: 'map', stage: 'read', size: this.#size, cells: mapCells(this.#recorder.map) });
    this.#mapAt = this.#clock.monotonicMs();
  }
}

function countOf(map: ReadMap): { good: number; unreadable: number; tried: number } {
  const count = { good: 0, unreadable: 0, tried: 0 };
  for (const { start, end, status } of map.entries) {
    if (status !== 'not-tried') count.tried += end - start;
    if (status === 'good' || status === 'unreadable') count[status] += end - start;
  }
  return count;
}
