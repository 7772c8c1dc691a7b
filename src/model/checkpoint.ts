import type { Algorithm, PieceDigest } from './digest.ts';
import type { Range } from './range.ts';
import type { MapEntry } from './read-map.ts';

/** The saved state of a running stream hash. Only hash-wasm has them, and it takes only those of its own version. */
export interface StreamState {
  readonly algorithm: Algorithm;
  /** hash-wasm's version. */
  readonly version: string;
  /** Hex. */
  readonly state: string;
}

/** All lanes at one place of the stream: every lane has hashed exactly the bytes before `position`. */
export interface Snapshot {
  /** Bytes from the start of the logical media. */
  readonly position: number;
  /** Of the streams that have one; a native stream is hashed again from the image. */
  readonly states: readonly StreamState[];
  /**
   * Every piece that was finished since the lanes started, in order; who writes them down remembers how many it had.
   * A later snapshot may make the list longer; what is in it never changes.
   */
  readonly pieces: readonly PieceDigest[];
  /** The piece under way, as far as `position`; null: `position` is the end of a piece, or nothing was published yet. */
  readonly tail: PieceDigest | null;
}

/** Bytes that were put into the image out of order, and their SHA-256 as they were read from the source. */
export interface Extent extends Range {
  readonly sha256: string;
}

/** A sector that answered differently when it was read again: both answers, by SHA-256; the image keeps the first. */
export interface Unstable extends Range {
  readonly first: string;
  readonly again: string;
  /** When it was read again: `reconnected`, `resumed`, `verify-source`. */
  readonly when: string;
}

/** What failing reads cost: how many there were, and the time that the drive took over them. */
export interface FailedReads {
  readonly count: number;
  /** Whole milliseconds. */
  readonly ms: number;
}

/** A range's new status, since the last record. */
export type Mark = MapEntry;
