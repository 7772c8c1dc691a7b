import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import test, { describe } from 'node:test';
import fc from 'fast-check';
import { hasherFactory, selfTest, wasmVersion, type Hasher } from '../../src/hash/engines.ts';
import { ALGORITHMS, ENGINES, type Algorithm } from '../../src/model/digest.ts';
import { ExhibitError } from '../../src/model/errors.ts';

const TOOL: Record<Algorithm, string> = { md5: 'md5sum', sha1: 'sha1sum', sha256: 'sha256sum', sha512: 'sha512sum' };

function byTool(algorithm: Algorithm, bytes: Uint8Array): string {
  return execFileSync(TOOL[algorithm], { input: bytes, encoding: 'utf8' }).split(' ')[0] ?? '';
}

function inPieces(fresh: () => Hasher, bytes: Uint8Array, cuts: readonly number[]): string {
  const hasher = fresh();
  let at = 0;
  for (const cut of cuts) {
    hasher.update(bytes.subarray(at, at + cut));
    at += cut;
  }
  hasher.update(bytes.subarray(at));
  return hasher.digest();
}

describe('hash engines', () => {
  for (const algorithm of ALGORITHMS) {
    for (const engine of ENGINES) {
      test(`${algorithm} by ${engine}: passes its self-test, agrees with ${TOOL[algorithm]} however the bytes are cut`, async () => {
        const fresh = await hasherFactory(algorithm, engine);
        selfTest(algorithm, engine, fresh);
        for (const size of [0, 1, 55, 56, 63, 64, 65, 111, 112, 127, 128, 129, 4097, 300_001]) {
          const bytes = randomBytes(size);
          assert.equal(inPieces(fresh, bytes, [1, 2, 63, 64, 65, 1000]), byTool(algorithm, bytes), `${size} bytes`);
        }
        fc.assert(
          fc.property(fc.uint8Array({ maxLength: 3000 }), fc.array(fc.nat(400), { maxLength: 12 }), (bytes, cuts) => {
            assert.equal(inPieces(fresh, bytes, cuts), createHash(algorithm).update(bytes).digest('hex'));
          }),
          { numRuns: 50 },
        );
      });
    }
  }

  for (const algorithm of ALGORITHMS) {
    test(`${algorithm}: the digest so far is told, and a state saved, without the hash ending; WASM goes on from it`, async () => {
      for (const engine of ENGINES) {
        const fresh = await hasherFactory(algorithm, engine);
        await fc.assert(
          fc.asyncProperty(fc.uint8Array({ maxLength: 1000 }), fc.uint8Array({ maxLength: 1000 }), async (a, b) => {
            const hasher = fresh();
            hasher.update(a);
            assert.equal(hasher.peek(), createHash(algorithm).update(a).digest('hex'));
            const state = hasher.save();
            hasher.update(b);
            const whole = createHash(algorithm).update(a).update(b).digest('hex');
            assert.equal(hasher.digest(), whole);
            assert.equal(state === null, engine === 'native');
            const saved = { algorithm, version: wasmVersion(), state: state ?? '' };
            if (state === null) {
              assert.throws(() => fresh(saved), { code: 'hash.state-refused' });
              return;
            }
            // By another instance of the module, as after a restart.
            const next = (await hasherFactory(algorithm, engine))(saved);
            next.update(b);
            assert.equal(next.digest(), whole);
          }),
          { numRuns: 15 },
        );
      }
    });
  }

  const wrongAtTheEnd = (real: () => Hasher): Hasher => {
    const hasher = real();
    let seen = 0;
    return {
      ...hasher,
      update: (bytes) => {
        seen += bytes.length;
        hasher.update(bytes);
      },
      // Right for "abc", wrong for the longer message: one known answer would not have shown it.
      digest: () => (seen > 64 ? 'f'.repeat(hasher.digest().length) : hasher.digest()),
    };
  };
  const forgetsTheFirstPart = (real: () => Hasher): Hasher => {
    let hasher = real();
    return {
      ...hasher,
      update: (bytes) => {
        hasher = real();
        hasher.update(bytes);
      },
      digest: () => hasher.digest(),
    };
  };

  for (const [what, spoil] of Object.entries({ wrongAtTheEnd, forgetsTheFirstPart })) {
    test(`the self-test notices an engine that is ${what}`, async () => {
      for (const algorithm of ALGORITHMS) {
        const real = await hasherFactory(algorithm, 'native');
        assert.throws(
          () => {
            selfTest(algorithm, 'native', () => spoil(real));
          },
          (error) => error instanceof ExhibitError && error.code === 'hash.self-test' && error.hint !== undefined,
          algorithm,
        );
      }
    });
  }

  test('the self-test notices another algorithm under the same name', async () => {
    const sha512 = await hasherFactory('sha512', 'wasm');
    assert.throws(() => {
      selfTest('sha256', 'wasm', sha512);
    }, /gives a wrong digest/);
  });
});
