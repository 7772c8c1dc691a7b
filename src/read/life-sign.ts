import { intersect, type Range } from '../model/range.ts';
import type { HeldSource } from './held-source.ts';
import type { FailedRead, RangeReader } from './probe.ts';
import { failIfGone, silent } from './source-faults.ts';

export interface LifeSignOrder {
  readonly source: HeldSource;
  readonly checkPresent: () => Promise<void>;
  readonly log: { failedRead(ms: number): void };
  /** Ranges that earlier sessions read. */
  readonly goodBefore?: readonly Range[];
}

/**
 * Tells a bad place from a dead disk: before anything is called unreadable, places that gave their bytes before are
 * read again. One answer is enough.
 */
export class LifeSign {
  readonly #order: LifeSignOrder;
  readonly #probe: RangeReader;
  #first: Range | null;
  #last: Range | null;

  constructor(order: LifeSignOrder, probe: RangeReader) {
    this.#order = order;
    this.#probe = probe;
    this.#first = order.goodBefore?.[0] ?? null;
    this.#last = order.goodBefore?.at(-1) ?? null;
  }

  /** Bytes were read here. */
  seen(range: Range): void {
    this.#first ??= range;
    this.#last = range;
  }

  /**
   * Returns when the disk gives a sector outside the doubtful ranges. Throws `source.silent` when none of the places does, and
   * `source.vanished` for a disk that is gone.
   */
  async prove(doubtful: readonly Range[], noticedAt: number): Promise<void> {
    for (const place of this.#places()) {
      if (doubtful.some((range) => intersect(range, place) !== undefined)) continue;
      const { failure } = await this.#probe.read(place);
      if (failure === null) return;
      await this.#failed(failure);
    }
    throw silent(this.#order.source, noticedAt, this.#first !== null);
  }

  async #failed(failure: FailedRead): Promise<void> {
    this.#order.log.failedRead(failure.ms);
    await failIfGone(this.#order, failure.errno);
  }

  /** Sectors: the last and the first that are known to be good, then those at the start, the middle and the end. */
  #places(): Range[] {
    const { size, logicalSector: sector } = this.#order.source;
    const last = this.#last === null ? [] : [this.#last.end - 1];
    const first = this.#first === null ? [] : [this.#first.start];
    const starts = [...last, ...first, 0, size / 2, size - 1].map((at) => Math.floor(at / sector) * sector);
    return [...new Set(starts)].map((start) => ({ start, end: Math.min(start + sector, size) }));
  }
}
