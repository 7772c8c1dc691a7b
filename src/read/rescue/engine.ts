import { cells, lengthOf, type Range } from '../../model/range.ts';
import { LifeSign } from '../life-sign.ts';
import type { FailedRead, RangeReader } from '../probe.ts';
import { failIfGone, tooBad } from '../source-faults.ts';
import type { RescueOrder } from './order.ts';
import { failedCell, type Outcome, type Pass, type Step } from './step.ts';

/** Failing reads in a row after which the disk must show that it lives before the next one is made. */
const PATIENCE = 16;

/** Something that is said of the disk only after it has answered somewhere else. */
type Held =
  | { readonly status: 'failed-large' | 'failed-small'; readonly range: Range }
  | { readonly status: 'unreadable'; readonly range: Range; readonly errno: string };

/** Carries out the steps of passes: reads, delivers, marks, and tells a bad place from a dead disk. */
export class Engine {
  readonly #order: RescueOrder;
  readonly #reader: RangeReader;
  readonly #life: LifeSign;
  /** Failing reads so far, by the start of the sector. */
  readonly #attempts = new Map<number, number>();
  /** Larger reads that failed without a mark of their own, in order. */
  readonly #unmarked: Range[] = [];
  #retries = false;
  #held: Held[] = [];
  #failuresInRow = 0;
  #badBytes: number;

  constructor(order: RescueOrder, reader: RangeReader) {
    this.#order = order;
    this.#reader = reader;
    this.#life = new LifeSign({ ...order, goodBefore: order.map.ranges('good') }, reader);
    this.#badBytes = order.map.bytes('unreadable');
    for (const range of order.unreadableBefore ?? []) {
      for (let at = range.start; at < range.end; at += order.source.logicalSector)
        this.#attempts.set(at, range.attempts);
    }
  }

  /**
   * Runs a pass to its end, or until the job is stopped.
   * @param retries the pass is over what is unreadable; every other one keeps off that
   */
  async run(pass: Pass, retries: boolean): Promise<void> {
    this.#retries = retries;
    let outcome: Outcome = { good: 0, failed: false, ms: 0 };
    while (!this.#order.stop.aborted) {
      const next = pass.next(outcome);
      if (next.done === true) break;
      outcome = await this.#carryOut(next.value);
    }
    await this.#prove();
  }

  async #carryOut(step: Step): Promise<Outcome> {
    if (step.do === 'read') return this.#read(step);
    if (step.do === 'mark') this.#held.push(step);
    else this.#order.log.readAgain(step.range, step.why);
    return { good: 0, failed: false, ms: 0 };
  }

  async #read(step: Extract<Step, { do: 'read' }>): Promise<Outcome> {
    const { bytes, failure, goodMs } = await this.#reader.read(step.range, step.unit);
    const good = bytes.length;
    if (good > 0) await this.#good({ start: step.range.start, end: step.range.start + good }, bytes);
    if (failure !== null) await this.#failed(failedCell(step, good), step.failAs, failure);
    return { good, failed: failure !== null, ms: goodMs };
  }

  async #good(range: Range, bytes: Uint8Array): Promise<void> {
    await this.#order.deliver(range.start, bytes);
    this.#order.log.mark(range, 'good');
    if (this.#retries) this.#saved(range);
    this.#life.seen(range);
    this.#settle();
  }

  /** Unreadable sectors gave their bytes after all. */
  #saved(range: Range): void {
    this.#badBytes -= lengthOf(range);
    for (const sector of cells(range, this.#order.source.logicalSector)) {
      const failures = this.#attempts.get(sector.start) ?? 1;
      this.#order.log.readAgain(sector, `read on try ${failures + 1} after ${failures} failures`);
    }
  }

  async #failed(range: Range, failAs: Extract<Step, { do: 'read' }>['failAs'], failure: FailedRead): Promise<void> {
    this.#order.log.failedRead(failure.ms);
    await failIfGone(this.#order, failure.errno);
    if (failAs === null) this.#unmarked.push(range);
    if (failAs === 'failed-large') this.#held.push({ status: failAs, range });
    if (failAs === 'unreadable') this.#held.push({ status: failAs, range, errno: failure.errno });
    this.#failuresInRow += 1;
    if (this.#failuresInRow % PATIENCE === 0 || this.#tooBad(this.#heldBad())) await this.#prove();
  }

  /** What is held is not left open. Throws `source.silent`. */
  async #prove(): Promise<void> {
    const [first] = this.#held;
    if (first === undefined || this.#order.stop.aborted) return;
    // A sector of a larger read that failed may well answer.
    const doubtful = this.#held.flatMap(({ status, range }) => (status === 'unreadable' ? range : []));
    await this.#life.prove(doubtful, first.range.start);
    this.#settle();
  }

  /** The disk answered: what failed before did so by itself. */
  #settle(): void {
    this.#failuresInRow = 0;
    const held = this.#held;
    this.#held = [];
    for (const each of held) {
      if (each.status === 'unreadable') this.#bad(each);
      else this.#order.log.mark(each.range, each.status);
    }
    if (held.length > 0 && this.#tooBad(0)) throw this.#tooBadError();
  }

  #bad({ range, errno }: Extract<Held, { status: 'unreadable' }>): void {
    const { log } = this.#order;
    // Where it was found it lay in a larger read that had failed, or in two.
    const found = covers(this.#unmarked, range.start) ? 3 : 2;
    const attempts = this.#retries ? (this.#attempts.get(range.start) ?? 1) + 1 : found;
    this.#attempts.set(range.start, attempts);
    if (!this.#retries) {
      log.mark(range, 'unreadable');
      this.#badBytes += lengthOf(range);
    }
    log.unreadable({ ...range, errno, attempts });
  }

  #heldBad(): number {
    if (this.#retries) return 0;
    return this.#held.reduce((sum, { status, range }) => sum + (status === 'unreadable' ? lengthOf(range) : 0), 0);
  }

  #tooBad(more: number): boolean {
    return (
      Math.ceil((this.#badBytes + more) / this.#order.source.logicalSector) > (this.#order.maxBadSectors ?? Infinity)
    );
  }

  #tooBadError(): Error {
    const { source, maxBadSectors } = this.#order;
    return tooBad(source, Math.ceil(this.#badBytes / source.logicalSector), maxBadSectors ?? 0);
  }
}

/** One of the ranges, which come in order, holds the place. */
function covers(ranges: readonly Range[], at: number): boolean {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle]?.end ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return (ranges[low]?.start ?? Infinity) <= at;
}
