import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import type * as HashWasm from 'hash-wasm';
import type { IHasher } from 'hash-wasm';
import type { StreamState } from '../model/checkpoint.ts';
import type { Algorithm, Engine } from '../model/digest.ts';
import { ExhibitError, messageOf } from '../model/errors.ts';
import { visible } from '../model/text.ts';

/** A running hash. `digest` gives lower-case hex and ends it. */
export interface Hasher {
  update(bytes: Uint8Array): void;
  digest(): string;
  /** The digest so far; the hash goes on. */
  peek(): string;
  /** What a later run can go on from, in hex; null: this engine gives no state away. */
  save(): string | null;
}

/** Makes a fresh hash, or one that goes on from a state. Making the next one ends the last. */
export type HasherFactory = (from?: StreamState) => Hasher;

const packaged = createRequire(import.meta.url);

/**
 * Loaded by whoever hashes with it: native lanes never need it. By `require`: to import it, Node has every thread look
 * through its code for names first, which takes 70 ms [measured].
 */
async function wasmHasher(algorithm: Algorithm): Promise<IHasher> {
  const { createMD5, createSHA1, createSHA256, createSHA512 } = packaged('hash-wasm') as typeof HashWasm;
  const makers = { md5: createMD5, sha1: createSHA1, sha256: createSHA256, sha512: createSHA512 };
  return makers[algorithm]();
}

/**
 * Makes hashers of one algorithm by one engine. The WASM module is compiled once. A state that this engine cannot go
 * on from is refused (`hash.state-refused`).
 */
export async function hasherFactory(algorithm: Algorithm, engine: Engine): Promise<HasherFactory> {
  if (engine === 'native') {
    return (from) => {
      if (from !== undefined) throw stateRefused(from, 'the native engine takes no states');
      return nativeHasher(algorithm);
    };
  }
  const hasher = await wasmHasher(algorithm);
  return (from) => {
    hasher.init();
    if (from !== undefined) load(hasher, algorithm, from);
    return {
      update: (bytes) => void hasher.update(bytes),
      digest: () => hasher.digest('hex'),
      peek: () => {
        const state = hasher.save();
        const hex = hasher.digest('hex');
        hasher.load(state);
        return hex;
      },
      save: () => Buffer.from(hasher.save()).toString('hex'),
    };
  };
}

function nativeHasher(algorithm: Algorithm): Hasher {
  const hash = createHash(algorithm);
  return {
    update: (bytes) => void hash.update(bytes),
    digest: () => hash.digest('hex'),
    peek: () => hash.copy().digest('hex'),
    save: () => null,
  };
}

/** The version of hash-wasm that runs here, as its package says. */
export function wasmVersion(): string {
  return (packaged('hash-wasm/package.json') as { version: string }).version;
}

/** Whether a stream hash can go on from this state here: the same hash-wasm wrote it, and takes it back. */
export async function canContinue(state: StreamState): Promise<boolean> {
  const hasher = await wasmHasher(state.algorithm);
  try {
    load(hasher, state.algorithm, state);
    return true;
  } catch (error) {
    if (error instanceof ExhibitError) return false;
    throw error;
  }
}

/** A state of other code would be taken for bytes that were never hashed; hash-wasm itself knows its builds by the first four bytes. */
function load(hasher: IHasher, algorithm: Algorithm, from: StreamState): void {
  requireVersion(from);
  if (from.algorithm !== algorithm) throw stateRefused(from, `it cannot go on as ${algorithm}`);
  if (!/^(?:[0-9a-f]{2})+$/.test(from.state)) throw stateRefused(from, 'it is not written in hex');
  try {
    hasher.load(Buffer.from(from.state, 'hex'));
  } catch (error) {
    throw stateRefused(from, messageOf(error));
  }
}

/** Refuses a state that another version of hash-wasm wrote. */
export function requireVersion(state: StreamState): void {
  const here = wasmVersion();
  if (state.version !== here) {
    throw stateRefused(state, `it was written by hash-wasm ${visible(state.version)}, here is ${here}`);
  }
}

function stateRefused(state: StreamState, why: string): ExhibitError {
  return new ExhibitError(
    'damage',
    'hash.state-refused',
    `The saved state of ${state.algorithm} cannot be used: ${why}.`,
    {
      hint: 'Leave the state out: the bytes before it are then hashed again, from the image.',
    },
  );
}

/** Digests of "abc" and of the 112-letter message: FIPS 180-4 examples (SHA), RFC 1321 A.5 and computed with md5sum (MD5). */
const LONG =
  'abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu';
const KNOWN_ANSWERS: Record<Algorithm, readonly [string, string]> = {
  md5: ['900150983cd24fb0d6963f7d28e17f72', '03dd8807a93175fb062dfb55dc7d359c'],
  sha1: ['a9993e364706816aba3e25717850c26c9cd0d89d', 'a49b2446a02c645bf419f995b67091253a04a259'],
  sha256: [
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    'cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1',
  ],
  sha512: [
    'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    '8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909',
  ],
};

/** Known-answer self-test; throws when an engine does not give the published digests. */
export function selfTest(algorithm: Algorithm, engine: Engine, fresh: () => Hasher): void {
  const encoder = new TextEncoder();
  const [short, long] = KNOWN_ANSWERS[algorithm];
  for (const [message, expected] of [
    ['abc', short],
    [LONG, long],
  ] as const) {
    const hasher = fresh();
    // In two parts: a running hash is what will be used.
    hasher.update(encoder.encode(message.slice(0, 1)));
    hasher.update(encoder.encode(message.slice(1)));
    const got = hasher.digest();
    if (got === expected) continue;
    throw new ExhibitError(
      'unexpected',
      'hash.self-test',
      `${algorithm} by ${engine} gives a wrong digest: ${got} instead of ${expected}`,
      {
        hint: 'Do not use this machine or this Node build for evidence. `exhibit doctor` tests every engine.',
      },
    );
  }
}
