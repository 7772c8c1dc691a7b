import type { Event, Stage } from '../../model/event.ts';
import { visible } from '../../model/text.ts';
import type { Clock } from '../../system/clock.ts';
import { clockTime, Meter, readingLines } from './meter.ts';
import { mapLines } from './read-map.ts';

/** What a live display has to know beside the events. */
export interface LiveLook {
  readonly clock: Clock;
  /** Bytes of a logical sector. */
  readonly sector: number;
  readonly columns: number;
  readonly coloured: boolean;
  /** Seconds that the job waits for a source that was pulled out. */
  readonly waitForDevice: number;
}

/** What stands below a running stage: how far it is, the read map, what has to be said, what is waited for. */
export class LiveText {
  readonly #look: LiveLook;
  readonly #meters = new Map<Stage, Meter>();
  #progress: readonly string[] = [];
  #map: readonly string[] = [];
  #note: string | null = null;
  /** Milliseconds by the monotonic clock; null: nothing is waited for. */
  #waitsUntil: number | null = null;

  constructor(look: LiveLook) {
    this.#look = look;
  }

  get waiting(): boolean {
    return this.#waitsUntil !== null;
  }

  /** Takes an event in. True: from now on a disk is waited for. */
  see(event: Event): boolean {
    if (event.type === 'stage' && event.status === 'start') {
      [this.#progress, this.#map, this.#note] = [[], [], null];
    }
    if (event.type === 'progress') this.#progress = this.#progressLines(event);
    if (event.type === 'map') {
      const { columns, coloured } = this.#look;
      this.#map = mapLines(event.cells, event.size, columns, coloured);
    }
    return event.type === 'note' && this.#noted(event);
  }

  get lines(): string[] {
    const left = this.#waitsUntil === null ? null : (this.#waitsUntil - this.#look.clock.monotonicMs()) / 1000;
    return [
      ...this.#progress,
      ...this.#map,
      ...(this.#note === null ? [] : [this.#note]),
      ...(left === null ? [] : [`${clockTime(left)} left`]),
    ];
  }

  #progressLines(event: Extract<Event, { type: 'progress' }>): string[] {
    const meter = this.#meters.get(event.stage) ?? new Meter(event.total, event.done);
    this.#meters.set(event.stage, meter);
    meter.advanceTo(event.done);
    return readingLines(meter.reading, event, this.#look.sector);
  }

  /** The last warning stays until the stage ends. What is only good to know stands in the manifest. */
  #noted({ level, code, message }: Extract<Event, { type: 'note' }>): boolean {
    const waits = code === 'source.waiting';
    this.#waitsUntil = waits ? this.#look.clock.monotonicMs() + this.#look.waitForDevice * 1000 : null;
    if (level === 'warning' || SHOWN.has(code)) this.#note = `${level}: ${visible(message)}`;
    return waits;
  }
}

/** Notes that tell why nothing seems to move, or that it does again. */
const SHOWN = new Set(['source.back', 'resume.from', 'resume.replay']);
