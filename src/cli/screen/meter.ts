import progressStream from 'progress-stream';
import type { Event } from '../../model/event.ts';
import { groupDigits, roundBytes } from '../../model/size.ts';
import { costText } from './cost.ts';

/** What a person wants to know of a running stage. `bytesPerSecond` and `secondsLeft` are null until they can be told. */
export interface Reading {
  readonly done: number;
  readonly total: number;
  readonly percent: number;
  readonly bytesPerSecond: number | null;
  readonly secondsLeft: number | null;
}

// A Buffer: the stream would copy any other Uint8Array, every byte of a disk of them.
const ZEROS = Buffer.alloc(1024 * 1024);

/**
 * Rate and time left of one stage, by progress-stream. It measures a side branch: as many zero bytes as were read
 * flow through it into nothing. Evidence never passes here.
 */
export class Meter {
  readonly #total: number;
  readonly #stream: ReturnType<typeof progressStream>;
  #done: number;
  #reading: Reading;

  /** @param from bytes that were there when it began: a resumed job has read them at no speed at all */
  constructor(total: number, from: number) {
    this.#total = total;
    this.#done = from;
    this.#reading = { done: from, total, percent: 0, bytesPerSecond: null, secondsLeft: null };
    this.#stream = progressStream({ length: total - from, time: 250, speed: 10_000, drain: true }, (progress) => {
      this.#reading = {
        ...this.#reading,
        bytesPerSecond: progress.speed > 0 ? Math.round(progress.speed) : null,
        secondsLeft: progress.speed > 0 && Number.isFinite(progress.eta) ? progress.eta : null,
      };
    });
  }

  /** @param done bytes since the start of the stage */
  advanceTo(done: number): void {
    for (let left = done - this.#done; left > 0; left -= ZEROS.length) this.#stream.write(ZEROS.subarray(0, left));
    this.#done = done;
  }

  get reading(): Reading {
    const percent = this.#total === 0 ? 100 : Math.floor((this.#done / this.#total) * 1000) / 10;
    return { ...this.#reading, done: this.#done, percent };
  }
}

type Progress = Extract<Event, { type: 'progress' }>;

/** `  42.5 %  1.2 GiB of 2.9 GiB  151.0 MiB/s  0:11 left  6 unreadable sectors`; a second line tells of passes and failing reads. */
export function readingLines(
  reading: Reading,
  { unreadable, rescue, failedReads }: Progress,
  sector: number,
): string[] {
  const parts = [
    `${reading.percent.toFixed(1).padStart(5)} %`,
    `${roundBytes(reading.done)} of ${roundBytes(reading.total)}`,
  ];
  if (reading.bytesPerSecond !== null) parts.push(`${(reading.bytesPerSecond / 1024 ** 2).toFixed(1)} MiB/s`);
  if (reading.secondsLeft !== null) parts.push(`${clockTime(reading.secondsLeft)} left`);
  if (unreadable > 0) parts.push(`${groupDigits(Math.ceil(unreadable / sector))} unreadable sectors`);
  const more: string[] = [];
  if (rescue !== undefined)
    more.push(`pass ${rescue.pass}: ${roundBytes(rescue.tried)} tried, ${roundBytes(rescue.good)} good`);
  if (failedReads !== undefined && failedReads.count > 0) more.push(costText(failedReads));
  return [parts, more].filter((line) => line.length > 0).map((line) => line.join('  '));
}

/** Seconds as `0:11`, `3:07:59`. */
export function clockTime(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number): string => String(n).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}
