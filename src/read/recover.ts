import { lengthOf, type Range } from '../model/range.ts';
import { cellSize, grownSize, USUAL_SECTOR_MS } from './cell-size.ts';
import { LifeSign } from './life-sign.ts';
import type { FailedRead, ProbeAnswer, RangeReader } from './probe.ts';
import { PROBE_LIMIT } from './probe-protocol.ts';
import type { ReadOrder } from './reader.ts';
import type { SlotFiller } from './slot-filler.ts';
import { failIfGone } from './source-faults.ts';
import { BadCount, Suspects } from './suspects.ts';

/** Sector reads asked for in one go: after each lot the costs are looked at again. */
const LOT_BYTES = 65_536;

/** Failing reads on the way to a sector at most, its own with them. */
const MOST_FAILURES = 4;

/** In so little, reads do not grow any more: it is read sector by sector. */
const SMALL_BYTES = 4096;

/** Takes blocks apart in which a large read failed, in order, down to the logical sector: one for a whole reading. */
export class Recovery {
  readonly life: LifeSign;
  readonly #order: ReadOrder;
  readonly #probe: RangeReader;
  readonly #count: BadCount;
  #sectorMs = USUAL_SECTOR_MS;

  constructor(order: ReadOrder, probe: RangeReader) {
    this.#order = order;
    this.#probe = probe;
    this.life = new LifeSign(order, probe);
    this.#count = new BadCount(order);
  }

  /**
   * Reads a block whose read failed, in smaller reads. What stays unreadable is filled with zeros, logged, and left
   * behind. Throws for a disk that is gone, silent, or too bad; what was read until then is in the filler and the log.
   */
  async block(filler: SlotFiller, block: Range, failure: FailedRead): Promise<void> {
    const order = this.#order;
    order.log.failedRead(failure.ms);
    await failIfGone(order, failure.errno);
    const suspects = new Suspects(order, this.life, this.#count, filler);
    const work: Work = { filler, suspects, culprits: 0, surprises: 0, failingMs: failure.ms };
    await this.#takeApart(work, block, 1, false);
    await suspects.prove();
    // Told to stop half-way, nobody knows.
    if (work.culprits > 0 || order.stop.aborted) return;
    order.log.readAgain(block, 'a large read failed here, smaller reads gave every byte');
  }

  /**
   * @param failures failing reads of the whole range so far
   * @param surprise it failed where nothing bad was expected: no more steps on the way down to the sector
   * @returns bytes that came behind the last culprit; null: there was none
   */
  async #takeApart(work: Work, range: Range, failures: number, surprise: boolean): Promise<number | null> {
    // Null until what made the read of this range fail has been found; then the bytes that came since.
    let goodSince: number | null = null;
    for (let at = range.start; at < range.end && !this.#order.stop.aborted;) {
      const size: number = surprise ? this.#sector : this.#sizeAt(work, { range, at, failures, goodSince });
      const ask = {
        start: at,
        end: cellEnd(at, goodSince === null || surprise ? Math.max(size, LOT_BYTES) : size, range),
      };
      const { bytes, failure } = await this.#read(work, ask, size);
      at += bytes.length;
      if (goodSince !== null) goodSince += bytes.length;
      if (failure === null) continue;
      const cell: Range = { start: at, end: cellEnd(at, size, range) };
      const single = lengthOf(cell) <= this.#sector;
      const unexpected: boolean = goodSince !== null;
      if (single) await this.#culprit(work, cell, failures, failure);
      const inCell: number | null = single ? 0 : await this.#takeApart(work, cell, failures + 1, unexpected);
      if (unexpected && !single) work.surprises += 1;
      goodSince = inCell ?? 0;
      at = cell.end;
    }
    return goodSince;
  }

  /** @param goodSince null: a culprit is still to be found in what is left of the range */
  #sizeAt(
    work: Work,
    { range, at, failures, goodSince }: { range: Range; at: number; failures: number; goodSince: number | null },
  ): number {
    if (goodSince !== null && work.surprises === 0) {
      return lengthOf(range) > SMALL_BYTES ? grownSize(goodSince, this.#sector, PROBE_LIMIT) : this.#sector;
    }
    const costs = { failingMs: work.failingMs, sectorMs: this.#sectorMs };
    return cellSize(range.end - at, this.#sector, costs, Math.max(0, MOST_FAILURES - 1 - failures));
  }

  get #sector(): number {
    return this.#order.source.logicalSector;
  }

  async #read(work: Work, range: Range, unit: number): Promise<ProbeAnswer> {
    const answer = await this.#probe.read(range, unit);
    const { bytes, failure, goodMs } = answer;
    if (unit === this.#sector && bytes.length > 0) {
      this.#sectorMs = (this.#sectorMs + (goodMs * this.#sector) / bytes.length) / 2;
    }
    if (failure !== null) {
      work.failingMs = failure.ms;
      this.#order.log.failedRead(failure.ms);
    }
    if (bytes.length > 0) await this.#good(work, { start: range.start, end: range.start + bytes.length }, bytes);
    if (failure !== null) await failIfGone(this.#order, failure.errno);
    return answer;
  }

  async #good(work: Work, range: Range, bytes: Uint8Array): Promise<void> {
    await work.suspects.answered();
    this.#order.log.good(range);
    await work.filler.append(bytes);
    this.life.seen(range);
  }

  async #culprit(work: Work, cell: Range, failures: number, failure: FailedRead): Promise<void> {
    let { errno } = failure;
    for (let attempts = failures + 1; !this.#order.stop.aborted; attempts += 1) {
      if (attempts > failures + this.#order.retries) {
        work.culprits += 1;
        await work.suspects.add({ ...cell, errno, attempts });
        return;
      }
      const again = await this.#read(work, cell, this.#sector);
      if (again.failure === null) {
        this.#order.log.readAgain(cell, `read on try ${attempts + 1} after ${attempts} failures`);
        return;
      }
      errno = again.failure.errno;
    }
  }
}

/** What the taking apart of one block knows. */
interface Work {
  readonly filler: SlotFiller;
  readonly suspects: Suspects;
  /** Sectors that failed. */
  culprits: number;
  /** Failing reads where nothing bad was expected any more. */
  surprises: number;
  failingMs: number;
}

/** Where a read at `at` ends: at the next multiple of `size`, or with the range. */
function cellEnd(at: number, size: number, range: Range): number {
  return Math.min((Math.floor(at / size) + 1) * size, range.end);
}
