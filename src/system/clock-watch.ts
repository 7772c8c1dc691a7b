import { utc, type Clock } from './clock.ts';

/** A jump of the wall clock or a sleep of the machine. `milliseconds`: how far, negative when the clock went back. */
export interface ClockDisturbance {
  readonly at: string;
  readonly kind: 'suspend' | 'clock-step';
  readonly milliseconds: number;
}

const LOOK_EVERY_MS = 1000;
/** Below this it is a busy machine or a slewing clock. */
const NOTABLE_MS = 2000;

/**
 * Watches for suspends and clock steps: boot time runs on while the machine sleeps, monotonic time does not, and
 * neither follows the wall clock when somebody sets it.
 */
export class ClockWatch {
  readonly #clock: Clock;
  readonly #seen: ClockDisturbance[] = [];
  readonly #end = new AbortController();
  #sleep: number;
  #step: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sleep = this.#sleepNow();
    this.#step = this.#stepNow();
    void this.#watch();
  }

  /** Looks a last time, stops watching, and gives what was seen. */
  stop(): readonly ClockDisturbance[] {
    this.look();
    this.#end.abort();
    return this.#seen;
  }

  look(): void {
    const sleep = this.#sleepNow();
    const step = this.#stepNow();
    this.#note('suspend', sleep - this.#sleep);
    this.#note('clock-step', step - this.#step);
    this.#sleep = sleep;
    this.#step = step;
  }

  async #watch(): Promise<void> {
    for (;;) {
      await this.#clock.sleep(LOOK_EVERY_MS, this.#end.signal);
      if (this.#end.signal.aborted) return;
      this.look();
    }
  }

  #note(kind: ClockDisturbance['kind'], milliseconds: number): void {
    if (Math.abs(milliseconds) < NOTABLE_MS) return;
    this.#seen.push({ at: utc(this.#clock.wallMs()), kind, milliseconds: Math.round(milliseconds) });
  }

  #sleepNow(): number {
    return this.#clock.bootMs() - this.#clock.monotonicMs();
  }

  #stepNow(): number {
    return this.#clock.wallMs() - this.#clock.bootMs();
  }
}
