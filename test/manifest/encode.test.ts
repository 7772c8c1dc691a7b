import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test, { describe } from 'node:test';
import fc from 'fast-check';
import { canonicalLine, canonicalText, encodeManifest } from '../../src/manifest/encode.ts';
import type { Manifest } from '../../src/manifest/schema.ts';
import { sampleManifest } from '../support/sample-manifest.ts';

/** Any value that the format allows. */
const values = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.string({ unit: 'binary' }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(
      fc.string({ unit: 'binary' }).filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 4, noNullPrototype: true },
    ),
  ),
})).value;

describe('the manifest in bytes', () => {
  test('are the same however the object was made', () => {
    const sample = sampleManifest();
    const reversed = Object.fromEntries(Object.entries(sample).reverse()) as Manifest;
    assert.deepEqual(encodeManifest(reversed), encodeManifest(sample));
  });

  test('have sorted keys, two spaces, one final line feed', () => {
    const value = { b: [1, { y: [], x: {} }], a: 'ä"\\\u0001\n', '\u{1f600}': 1, '\uffff': 2 };
    assert.equal(
      canonicalText(value, '  '),
      '{\n  "a": "ä\\"\\\\\\u0001\\n",\n  "b": [\n    1,\n    {\n      "x": {},\n      "y": []\n    }\n  ],\n  "\uffff": 2,\n  "\u{1f600}": 1\n}\n',
    );
    assert.equal(canonicalLine({ b: [1, 2], a: {} }), '{"a":{},"b":[1,2]}');
  });

  test('come back as the same value', () => {
    fc.assert(
      fc.property(values, (value) => {
        assert.deepEqual(JSON.parse(canonicalText(value, '  ')), value === 0 ? 0 : JSON.parse(JSON.stringify(value)));
        assert.equal(canonicalText(JSON.parse(canonicalLine(value)), '  '), canonicalText(value, '  '));
      }),
    );
  });

  test("are those of Python's json.dumps, which nobody here wrote", (t) => {
    if (spawnSync('python3', ['--version']).status !== 0) {
      t.skip('python3 is not installed');
      return;
    }
    const all = [sampleManifest(), ...fc.sample(values, { numRuns: 300, seed: 7 })];
    const script =
      'import json,sys\n' +
      'for v in json.loads(sys.stdin.buffer.read()):\n' +
      '  sys.stdout.buffer.write((json.dumps(v, indent=2, sort_keys=True, ensure_ascii=False) + "\\n").encode())\n';
    const python = spawnSync('python3', ['-c', script], { input: JSON.stringify(all) });
    assert.equal(python.stderr.toString(), '');
    assert.deepEqual(
      python.stdout.toString().split('\n'),
      all
        .map((value) => canonicalText(value, '  '))
        .join('')
        .split('\n'),
    );
  });

  for (const [what, value] of Object.entries<unknown>({
    'a float': { a: [1.5] },
    'an unsafe integer': { a: 2 ** 53 },
    infinity: Infinity,
    'not a number': NaN,
    'half a surrogate pair': { a: '\ud800' },
    'half a surrogate pair in a key': { '\udc00': 1 },
    undefined: { a: undefined },
    'a big integer': { a: 1n },
    'a date': { a: new Date(0) },
    'the key __proto__': JSON.parse('{"__proto__": 1}') as unknown,
    'a hundred levels': JSON.parse('['.repeat(100) + ']'.repeat(100)) as unknown,
  })) {
    test(`${what} has no form`, () => {
      assert.throws(() => canonicalText(value, '  '), { name: 'ExhibitError', code: 'internal.bug' });
    });
  }
});
