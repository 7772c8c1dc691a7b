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
  /** A read failed once and the same bytes were read on a second try. */
  readAgain(range: Range, why: string): void;
  run(run: ReaderRun): void;
}

export interface ReadOrder {
  readonly ports: Pick<Ports, 'commands' | 'files' | 'host' | 'clock'>;
  readonly source: HeldSource;
  readonly range: Range;
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
 * success: bytes, exit status and size must agree. Returns at the end of the range, or early when `stop` aborts.
 */
export type Reader = (order: ReadOrder) => Promise<void>;
