import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import fc from 'fast-check';
import { encodeManifest } from '../../src/manifest/encode.ts';
import { parseManifest } from '../../src/manifest/parse.ts';
import {
  incompleteManifest,
  mismatchManifest,
  sampleManifest,
  unreadableManifest,
} from '../support/sample-manifest.ts';

const SAMPLE = encodeManifest(sampleManifest());
const TEXT = SAMPLE.toString('utf8');

function faultsOf(bytes: Uint8Array | string): string[] {
  const result = parseManifest(typeof bytes === 'string' ? Buffer.from(bytes, 'utf8') : bytes);
  return result.ok ? [] : result.faults;
}

function replaced(from: string | RegExp, to: string): string {
  const text = TEXT.replace(from, to);
  assert.notEqual(text, TEXT, 'the tampering changed nothing');
  return text;
}

describe('good manifests', () => {
  for (const [name, manifest] of Object.entries({
    complete: sampleManifest(),
    'with unreadable sectors': unreadableManifest(),
    incomplete: incompleteManifest(),
    mismatch: mismatchManifest(),
  })) {
    test(`${name} comes back as it was`, () => {
      assert.deepEqual(parseManifest(encodeManifest(manifest)), { ok: true, manifest });
    });
  }
});

describe('tampered bytes', () => {
  const table: Record<string, [string | Uint8Array, RegExp]> = {
    empty: ['', /not JSON, or was cut off/],
    'cut in the middle': [SAMPLE.subarray(0, 700), /not JSON, or was cut off/],
    'final line feed gone': [SAMPLE.subarray(0, -1), /canonical form/],
    'a line feed more': [`${TEXT}\n`, /canonical form/],
    'two manifests': [TEXT + TEXT, /not JSON/],
    'byte order mark': [`\ufeff${TEXT}`, /not JSON/],
    'not UTF-8': [Buffer.concat([SAMPLE, Buffer.from([0xff])]), /not valid UTF-8/],
    'a key twice': [
      replaced('  "outcome": "complete",', '  "outcome": "complete",\n  "outcome": "complete",'),
      /canonical form/,
    ],
    'a key twice, first one different': [
      replaced('  "outcome": "complete",', '  "outcome": "mismatch",\n  "outcome": "complete",'),
      /canonical form/,
    ],
    'keys reordered': [replaced(/( {4}"name": "exhibit"),\n( {4}"version": "0.1.0")/, '$2,\n$1'), /canonical form/],
    'a float': [replaced('"duration_ms": 240000', '"duration_ms": 240000.5'), /format does not allow/],
    'an integer written as a float': [replaced('"duration_ms": 240000', '"duration_ms": 240000.0'), /canonical form/],
    'an unsafe integer': [
      replaced('"duration_ms": 240000', '"duration_ms": 9007199254740993'),
      /format does not allow/,
    ],
    'an integer too large to tell': [
      replaced('"duration_ms": 240000', '"duration_ms": 1e999'),
      /format does not allow/,
    ],
    'minus zero': [replaced('"duration_ms": 240000', '"duration_ms": -0'), /canonical form/],
    'half a surrogate pair': [replaced('"laptop disk"', '"\\ud800"'), /format does not allow/],
    'a needless escape': [replaced('laptop', 'lapto\\u0070'), /canonical form/],
    'a wrong type': [replaced('"duration_ms": 240000', '"duration_ms": "240000"'), /^acquisition\.duration_ms: /],
    'a negative size': [replaced('"duration_ms": 240000', '"duration_ms": -1'), /^acquisition\.duration_ms: /],
    'null where a text is due': [replaced('"number": "2026-17"', '"number": null'), /^case\.number: /],
    'a field gone': [
      replaced(/ {4}"number": "2026-17"\n/, '').replace('  "notes": null,', '  "notes": null'),
      /^case\.number: /,
    ],
    'a field nobody knows': [
      replaced('"number": "2026-17"', '"number": "2026-17",\n    "x\\u001b": 1'),
      /case: unknown field "x\\u\{1b\}"/,
    ],
    'an unknown outcome': [replaced('"outcome": "complete"', '"outcome": "fine"'), /^outcome: /],
    'February 30th': [replaced('2026-03-01T09:20', '2026-02-30T09:20'), /^created: is not a real date/],
    'month 13': [replaced('2026-03-01T09:20', '2026-13-01T09:20'), /^created: is not a real date/],
    'an upper-case hash': [replaced(/"head": "0123456789abcdef/, '"head": "0123456789ABCDEF'), /^journal\.head: /],
    'a newer version': [
      replaced('"version": 1\n}', '"version": 2\n}'),
      /format version 2; this exhibit knows version 1: use the exhibit that made it \(0\.1\.0\), or a later one/,
    ],
    'version as text': [replaced('"version": 1\n}', '"version": "1"\n}'), /not a positive integer/],
    'version zero': [replaced('"version": 1\n}', '"version": 0\n}'), /not a positive integer/],
    'another format': [replaced('exhibit-manifest', 'other-manifest'), /not an exhibit manifest/],
    'an array': ['[]\n', /not an exhibit manifest/],
    null: ['null\n', /not an exhibit manifest/],
    'a hundred thousand levels': [
      `{"format":"exhibit-manifest","version":1,"x":${'['.repeat(1e5)}${']'.repeat(1e5)}}`,
      /format does not allow/,
    ],
    'the key __proto__': [replaced('"case": {', '"__proto__": {},\n  "case": {'), /format does not allow/],
  };
  for (const [name, [bytes, fault]] of Object.entries(table)) {
    test(name, () => {
      const faults = faultsOf(bytes);
      assert.ok(
        faults.some((line) => fault.test(line)),
        JSON.stringify(faults),
      );
    });
  }

  test('a newer version hears of nothing else', () => {
    assert.equal(faultsOf('{"format": "exhibit-manifest", "version": 9, "new": 1.5}').length, 1);
  });

  test('all faults are told at once', () => {
    const text = TEXT.replace('"outcome": "complete"', '"outcome": 7').replace(
      '"duration_ms": 240000',
      '"duration_ms": -1',
    );
    assert.equal(faultsOf(text).length, 2);
  });

  test('cut anywhere, it is refused and never throws', () => {
    for (let length = 0; length < SAMPLE.length; length += 1)
      assert.notDeepEqual(faultsOf(SAMPLE.subarray(0, length)), [], `${length}`);
  });

  test('no flipped bit is taken for another form of the same manifest', () => {
    for (let at = 0; at < SAMPLE.length; at += 1) {
      const flipped = Buffer.from(SAMPLE);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      const result = parseManifest(flipped);
      if (result.ok) assert.deepEqual(encodeManifest(result.manifest), flipped);
    }
  });

  test('whatever the bytes are, it never throws', () => {
    const json = fc.json().map((text) => Buffer.from(text, 'utf8'));
    const near = fc
      .jsonValue()
      .map((value) => Buffer.from(JSON.stringify({ ...sampleManifest(), source: value, files: value })));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), json, near), (bytes) => {
        assert.equal(parseManifest(bytes).ok, false);
      }),
    );
  });
});
