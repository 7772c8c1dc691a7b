import { checkPresent } from '../discover/source.ts';
import { ProtectionWatch } from '../guard/watch.ts';
import { ExhibitError } from '../model/errors.ts';
import { isElsewhere } from '../model/plan.ts';
import type { HeldSource } from '../read/held-source.ts';
import type { TakenSource } from './hold.ts';
import type { SourceSide } from './source-side.ts';

/** The source as it is attached now, and what looks after its write protection. A pulled cable makes it another one. */
export class Attached {
  readonly #sign = new AbortController();
  #taken: TakenSource;
  #diedAt = -1;
  #watch: ProtectionWatch | null;

  constructor(taken: TakenSource) {
    this.#taken = taken;
    this.#watch = this.#watchOver(taken);
  }

  get taken(): TakenSource {
    return this.#taken;
  }

  /** Where it is looked at. */
  get side(): SourceSide {
    return this.#taken.side;
  }

  get held(): HeldSource {
    return this.#taken.held;
  }

  /** Aborts at the first sign that the source was not left alone, whichever attachment it is; its reason is the error. */
  get signal(): AbortSignal {
    return this.#sign.signal;
  }

  /** Throws `source.vanished` when the device is no longer there. */
  checkPresent(): Promise<void> {
    const { source } = this.#taken;
    return source.received === undefined ? checkPresent(this.side.ports, source) : Promise.resolve();
  }

  /** Looks a last time at what is watched while it is read. Null: nothing was seen. */
  async endWatch(): Promise<ExhibitError | null> {
    return (await this.#watch?.stop()) ?? null;
  }

  /** The device is gone: its descriptor would keep its name from being given away again. Gives what was seen of it. */
  async letGo(): Promise<ExhibitError | null> {
    const sign = await this.endWatch();
    // Closing waits for reads that hang; nobody else does.
    this.#taken.held.close().catch(() => undefined);
    return sign;
  }

  /**
   * The program that reads over there ended, and the link did not: it is started again, unless it got no further since it
   * ended last. Null: the error is about something else, or nothing is gained by trying.
   */
  readerDied(error: unknown, position: number): ExhibitError | null {
    if (!(error instanceof ExhibitError) || error.code !== 'remote.reader-died') return null;
    const further = position > this.#diedAt;
    this.#diedAt = position;
    return further ? error : null;
  }

  /** It is back, and it is the same disk. */
  replace(taken: TakenSource): void {
    this.#taken = taken;
    this.#watch = this.#watchOver(taken);
  }

  #watchOver({ side, source, counters }: TakenSource): ProtectionWatch | null {
    // Another machine writes to its own disks as it likes.
    if (source.kind === 'file' || isElsewhere(source)) return null;
    const watch = new ProtectionWatch(side.ports, source.device, counters.known ? counters.value : null);
    watch.signal.addEventListener('abort', () => {
      this.#sign.abort(watch.signal.reason);
    });
    return watch;
  }
}
