/** What bench/stages-child.ts is asked for, and what it answers: a line of JSON each. */
import type { Algorithm, Engine } from '../src/model/digest.ts';

/** A stream hash, or the SHA-256 of every piece. */
export type Lane = Algorithm | 'pieces';

export type StageOrder =
  | {
      readonly kind: 'pipeline';
      readonly source: string;
      readonly reader: 'direct' | 'dd';
      /** Where the image goes; null: nowhere. */
      readonly to: string | null;
      readonly lanes: readonly Lane[];
      /** Of the stream hashes. */
      readonly engine: Engine;
    }
  /** Memory that is there already, hashed by this one thread. */
  | { readonly kind: 'hash'; readonly algorithm: Algorithm; readonly engine: Engine; readonly mebibytes: number };

/** Seconds; `cpu` of all threads, and of programs that it started. */
export interface StageTime {
  readonly seconds: number;
  readonly cpu: number;
}
