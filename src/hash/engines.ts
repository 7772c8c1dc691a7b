import { createHash } from 'node:crypto';
import type { IHasher } from 'hash-wasm';
import type { Algorithm, Engine } from '../model/digest.ts';
import { ExhibitError } from '../model/errors.ts';

/** A running hash. `digest` gives lower-case hex and ends it. */
export interface Hasher {
  update(bytes: Uint8Array): void;
  digest(): string;
}

/** Loaded by whoever hashes with it: it takes every thread 45 ms [measured], and native lanes never need it. */
async function wasmHasher(algorithm: Algorithm): Promise<IHasher> {
  const { createMD5, createSHA1, createSHA256, createSHA512 } = await import('hash-wasm');
  const makers = { md5: createMD5, sha1: createSHA1, sha256: createSHA256, sha512: createSHA512 };
  return makers[algorithm]();
}

/** Makes hashers of one algorithm by one engine. The WASM module is compiled once; each call gives a fresh hash. */
export async function hasherFactory(algorithm: Algorithm, engine: Engine): Promise<() => Hasher> {
  if (engine === 'native') return () => nativeHasher(algorithm);
  const hasher = await wasmHasher(algorithm);
  return () => {
    hasher.init();
    return { update: (bytes) => void hasher.update(bytes), digest: () => hasher.digest('hex') };
  };
}

function nativeHasher(algorithm: Algorithm): Hasher {
  const hash = createHash(algorithm);
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('hex') };
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
