import type { WireMode } from '../model/remote.ts';

/** What came of a range: bytes of the disk, and the milliseconds that its channel was busy with it. */
export interface ModeSample {
  readonly mode: WireMode;
  readonly bytes: number;
  readonly ms: number;
}

/** Bytes a second above which one processor over there packs no faster than they come unpacked: it is not tried then. */
const CEILING: Readonly<Record<WireMode, number>> = { none: Infinity, gzip: 60 * 1024 ** 2, zstd: 300 * 1024 ** 2 };
/** Another way has to be so much faster: measures are noisy, and packing is work for a machine that has its own. */
const BETTER = 1.15;
/** A trial that goes badly may cost this part of the time. */
const COST = 0.02;
const FIRST_TRIALS = 2;
/** Milliseconds between trials at least. */
const GAP_MS = 2000;
/** A trial that nothing was heard of was lost on its way. */
const TRIAL_MS = 60_000;

/**
 * Whether what is sent is packed on its way: only while it helps. Each way is measured by the disk's bytes a second, the
 * other one is tried now and then, since it hangs on what lies on the disk. Pure: time is brought along.
 */
export class ModeChooser {
  readonly #modes: readonly WireMode[];
  readonly #channels: number;
  /** Bytes a millisecond on one channel. */
  readonly #rates = new Map<WireMode, number>();
  #best: WireMode;
  #trials = 0;
  #tryingUntil = -Infinity;
  #nextTrial = 0;

  /** @param modes one: always that; two: plain, and what packs */
  constructor(modes: readonly WireMode[], channels: number) {
    this.#modes = modes;
    this.#channels = channels;
    this.#best = modes[0] ?? 'none';
  }

  next(nowMs: number): WireMode {
    const other = this.#modes.find((mode) => mode !== this.#best);
    const rate = this.#rates.get(this.#best);
    if (other === undefined || rate === undefined || nowMs < this.#tryingUntil || nowMs < this.#nextTrial)
      return this.#best;
    if (rate * this.#channels * 1000 > CEILING[other]) return this.#best;
    this.#tryingUntil = nowMs + TRIAL_MS;
    return other;
  }

  seen({ mode, bytes, ms }: ModeSample, nowMs: number): void {
    const rate = bytes / Math.max(ms, 0.1);
    const before = this.#rates.get(mode);
    this.#rates.set(mode, before === undefined || mode !== this.#best ? rate : (before + rate) / 2);
    if (mode !== this.#best) this.#tried({ bytes, ms }, nowMs);
    const now = this.#rates.get(this.#best) ?? 0;
    for (const [other, theirs] of this.#rates) if (theirs > now * BETTER) this.#best = other;
  }

  /** The worse it went, the longer nothing is tried. */
  #tried({ bytes, ms }: Pick<ModeSample, 'bytes' | 'ms'>, nowMs: number): void {
    this.#tryingUntil = -Infinity;
    this.#trials += 1;
    const lost = ms - bytes / (this.#rates.get(this.#best) ?? Infinity);
    const pause = Math.max(lost / COST, this.#trials < FIRST_TRIALS ? 0 : GAP_MS);
    this.#nextTrial = nowMs + pause;
  }
}
