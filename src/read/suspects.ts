import { lengthOf, type Range } from '../model/range.ts';
import type { LifeSign } from './life-sign.ts';
import type { ReadOrder, Unreadable } from './reader.ts';
import type { SlotFiller } from './slot-filler.ts';
import { tooBad } from './source-faults.ts';

/** Failing sectors in a row after which the disk must show that it lives before the next one is tried. */
const PATIENCE = 64;

/** Bad sectors of a whole job against its limit. */
export class BadCount {
  readonly #order: ReadOrder;
  #bad: number;

  constructor(order: ReadOrder) {
    this.#order = order;
    this.#bad = order.badSectorsBefore ?? 0;
  }

  add(range: Range): void {
    this.#bad += Math.ceil(lengthOf(range) / this.#order.source.logicalSector);
  }

  exceededBy(more: number): boolean {
    return this.#bad + more > (this.#order.maxBadSectors ?? Infinity);
  }

  /** Throws `source.too-bad`. */
  check(): void {
    const limit = this.#order.maxBadSectors;
    if (limit !== null && this.#bad > limit) throw tooBad(this.#order.source, this.#bad, limit);
  }
}

/**
 * Sectors of one block that failed, in a row up to where reading is. They are called unreadable, filled with zeros and
 * logged only after the disk has answered something else: a disk that died is not a disk with bad sectors.
 */
export class Suspects {
  readonly #order: ReadOrder;
  readonly #life: LifeSign;
  readonly #count: BadCount;
  readonly #filler: SlotFiller;
  #held: Unreadable[] = [];
  #answered = false;

  constructor(order: ReadOrder, life: LifeSign, count: BadCount, filler: SlotFiller) {
    this.#order = order;
    this.#life = life;
    this.#count = count;
    this.#filler = filler;
  }

  async add(sector: Unreadable): Promise<void> {
    this.#held.push(sector);
    const held = this.#held.length;
    if (this.#answered && held % PATIENCE !== 0 && !this.#count.exceededBy(held)) return;
    await this.prove();
  }

  /** The disk gave bytes after all that is held. */
  async answered(): Promise<void> {
    this.#answered = true;
    const held = this.#held;
    this.#held = [];
    for (const sector of held) {
      this.#order.log.unreadable(sector);
      await this.#filler.append(new Uint8Array(lengthOf(sector)));
      this.#count.add(sector);
    }
    if (held.length > 0) this.#count.check();
  }

  /** What is held at the end of a block is not left open. Throws `source.silent`. */
  async prove(): Promise<void> {
    const [first] = this.#held;
    if (first === undefined || this.#order.stop.aborted) return;
    await this.#life.prove(this.#held, first.start);
    await this.answered();
  }
}
