/** Hash algorithms of a whole stream, in the order they are printed. */
export const ALGORITHMS = ['md5', 'sha1', 'sha256', 'sha512'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** Who computes a hash: hash-wasm, or node:crypto (OpenSSL). */
export const ENGINES = ['wasm', 'native'] as const;
export type Engine = (typeof ENGINES)[number];
export type EngineChoice = 'auto' | Engine;

/** A finished stream hash. `hex` is lower case. */
export interface Digest {
  readonly algorithm: Algorithm;
  readonly engine: Engine;
  readonly hex: string;
}

/** The SHA-256 of `length` bytes at `offset` of the logical media. */
export interface PieceDigest {
  readonly offset: number;
  readonly length: number;
  readonly sha256: string;
}

/** Why an engine was chosen; rates in whole bytes per second, with all lanes running together, null when not measured. */
export interface EngineDecision {
  readonly algorithm: Algorithm;
  readonly engine: Engine;
  readonly why: string;
  readonly wasmRate: number | null;
  readonly sourceRate: number | null;
}
