import type { StreamState } from '../model/checkpoint.ts';
import type { Algorithm, Engine, PieceDigest } from '../model/digest.ts';
import type { RingMemory } from '../ring/memory.ts';

/** What a lane computes: one hash of the whole stream, or the SHA-256 of each span of it (pieces, segments). */
export type LaneTask =
  | {
      readonly kind: 'stream';
      readonly algorithm: Algorithm;
      readonly engine: Engine;
      /** Goes on from this state; what lies before `position` is in it already and is let pass. */
      readonly resume?: { readonly position: number; readonly state: StreamState };
    }
  | {
      readonly kind: 'spans';
      /** Spans are the cells of a grid of this many bytes from offset 0. */
      readonly spanBytes: number;
      /** Of `of` lanes, which divide the cells among them in turn; absent: this one takes them all. */
      readonly share?: { readonly index: number; readonly of: number };
    };

/** What a worker is given: its end of the ring, and the lanes that it runs, one after the other over each chunk. */
export interface LaneInput {
  readonly memory: RingMemory;
  readonly consumer: number;
  readonly tasks: readonly LaneTask[];
  /** Another worker has more to do, and should get the processor first. */
  readonly givesWay: boolean;
}

/** Where a lane stands between two chunks. */
export interface LaneState {
  /** The end of what was hashed, in bytes of the stream; null: nothing yet. */
  readonly end: number | null;
  /** Of a stream whose engine gives it, in hex. */
  readonly state: string | null;
  /** The open span as far as `end`. */
  readonly tail: PieceDigest | null;
}

/** What a lane leaves at its end: lower-case hex of a stream, bytes hashed, and the milliseconds it took for them alone. */
export interface LaneEnd {
  readonly hex: string | null;
  readonly bytes: number;
  readonly busyMs: number;
}

/** Posted by the worker; lists are in the order of its tasks. `released` only wakes the main thread. */
export type LaneMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'released' }
  | { readonly type: 'span'; readonly lane: number; readonly span: PieceDigest }
  | { readonly type: 'at-mark'; readonly mark: number; readonly states: readonly LaneState[] }
  | { readonly type: 'done'; readonly ends: readonly LaneEnd[] }
  | { readonly type: 'failed'; readonly code: string; readonly message: string };
