/** How many faults of one text are told in full: a file of garbage would otherwise give one for every line. */
const TOLD = 50;

/** Collects what is wrong with a text; all of it, told in full up to a limit and counted beyond. */
export class Faults {
  readonly #told: string[] = [];
  #untold = 0;

  add(...faults: readonly string[]): void {
    for (const fault of faults) {
      if (this.#told.length < TOLD) this.#told.push(fault);
      else this.#untold += 1;
    }
  }

  get any(): boolean {
    return this.#told.length > 0;
  }

  /** One sentence a fault, in the order found. */
  get list(): string[] {
    return this.#untold === 0 ? [...this.#told] : [...this.#told, `and ${this.#untold} more faults`];
  }
}
