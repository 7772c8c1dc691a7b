import type { Range } from '../../model/range.ts';
import type { ReadMap, ReadStatus } from '../../model/read-map.ts';
import type { Ports } from '../../system/ports.ts';
import type { HeldSource } from '../held-source.ts';
import type { Unreadable } from '../reader.ts';

/** A pass over the source that is about to begin, and what is known then, in bytes. */
export interface RescuePass {
  /** `forward`, `backward`, `remaining`, `edges`, `sectors`, `retry-1`, … */
  readonly name: string;
  /** From the first to the last byte that it has to look at. */
  readonly from: number;
  readonly to: number;
  readonly good: number;
  readonly notTried: number;
  readonly failedLarge: number;
  readonly failedSmall: number;
  readonly unreadable: number;
}

/** Told of everything that the engine does, in order. */
export interface RescueLog {
  /** A range has a new status; the order's map holds it when this returns. Good ranges were delivered before. */
  mark(range: Range, status: ReadStatus): void;
  /** A sector was marked unreadable, or failed again in a retry pass: what is said of a sector last holds. */
  unreadable(range: Unreadable): void;
  /** A read failed and the same bytes were read on a later try. */
  readAgain(range: Range, why: string): void;
  /** A read failed, of whatever size, and took so many milliseconds. */
  failedRead(ms: number): void;
  /** Awaited before the first read of the pass. */
  pass(pass: RescuePass): Promise<void>;
}

export interface RescueOrder {
  readonly ports: Pick<Ports, 'commands' | 'host' | 'clock'>;
  readonly source: HeldSource;
  /** Bytes of a large read; a multiple of the logical sector. More than 4 MiB is read as 4 MiB. */
  readonly blockBytes: number;
  /** Passes over what stayed unreadable. */
  readonly retries: number;
  /** Milliseconds after which a read that gives no answer is left behind and counts as failed; null: never. */
  readonly readTimeoutMs: number | null;
  /** Unreadable logical sectors, those of the map included, above which it ends with `source.too-bad`; null: no limit. */
  readonly maxBadSectors: number | null;
  /** What is known; marked by the log's `mark` as it goes. Any map will do. */
  readonly map: ReadMap;
  /** What earlier sessions said of unreadable sectors, so that attempts add up. */
  readonly unreadableBefore?: readonly Unreadable[];
  /** Takes bytes that were read, in the order of reading; every byte comes once. The bytes are its own. */
  readonly deliver: (offset: number, bytes: Uint8Array) => Promise<void>;
  readonly log: RescueLog;
  /** Throws `source.vanished` when the source is no longer there. */
  readonly checkPresent: () => Promise<void>;
  readonly stop: AbortSignal;
}
