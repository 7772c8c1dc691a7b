import type { Range } from '../model/range.ts';
import type { RingWriter } from '../ring/ring.ts';
import type { Ports } from '../system/ports.ts';
import type { HeldSource } from './held-source.ts';

/** A range of the source that stayed unreadable at the size of a logical sector, and was filled with zeros. */
export interface Unreadable extends Range {
  /** The kernel's word for it: EIO, ENODATA, … */
  readonly errno: string;
  /** Failing reads that covered it. */
  readonly attempts: number;
}

/** One run of a reader, as it stands in the manifest. */
export interface ReaderRun {
  readonly argv: readonly string[];
  readonly from: number;
  readonly to: number;
  readonly delivered: number;
  readonly exit: number | null;
  readonly signal: string | null;
  readonly stderr: string;
}

/** Told of everything a reader does, in order. */
export interface ReadLog {
  good(range: Range): void;
  unreadable(range: Unreadable): void;
  /** A read failed and the same bytes were read on a later try. */
  readAgain(range: Range, why: string): void;
  /** A read failed, of whatever size, and took so many milliseconds: what the drive's own retries cost. */
  failedRead(ms: number): void;
  run(run: ReaderRun): void;
}

export interface ReadOrder {
  readonly ports: Pick<Ports, 'commands' | 'files' | 'host' | 'clock'>;
  readonly source: HeldSource;
  /** Begins and ends at logical sectors. */
  readonly range: Range;
  /** Further reads of each sector that failed. */
  readonly retries: number;
  /**
   * Milliseconds after which a read that gives no answer is left behind and counts as failed (`ETIMEDOUT`); null: never.
   * With one, everything is read in programs that can be left behind: a read that hangs owns its memory until it returns.
   */
  readonly readTimeoutMs: number | null;
  /** Unreadable logical sectors of the whole job above which it ends with `source.too-bad`; null: no limit. */
  readonly maxBadSectors: number | null;
  /** Unreadable logical sectors of earlier sessions. */
  readonly badSectorsBefore?: number;
  /** What earlier sessions read, in order: where the disk is asked whether it still lives. */
  readonly goodBefore?: readonly Range[];
  /** Bytes a large read; a multiple of the logical sector. */
  readonly blockBytes: number;
  readonly out: RingWriter;
  readonly log: ReadLog;
  /** Throws `source.vanished` when the source is no longer there: a pulled cable is not a bad sector. */
  readonly checkPresent: () => Promise<void>;
  /** The person asked to stop, or another part failed: give up at the next chance, do not wait for the disk. */
  readonly stop: AbortSignal;
}

/**
 * Reads a range in order into the ring. What can't be read is filled with zeros and logged. End of stream is not
 * success: bytes, exit status and size must agree. Returns at the end of the range, or early when `stop` aborts. When it
 * throws (`source.vanished`, `source.silent`, `source.too-bad`, …), what was read is in the ring and in the log, and
 * nothing is called unreadable that the disk did not prove to be so by answering elsewhere.
 */
export type Reader = (order: ReadOrder) => Promise<void>;
