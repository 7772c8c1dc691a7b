import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import fc from 'fast-check';
import { parsePort, percentDecoded, percentEncodedPath } from '../../src/model/source-address.ts';
import { sourceKind } from '../../src/model/source-kind.ts';

describe('how a source is named', () => {
  const kinds: Readonly<Record<string, string>> = {
    'ssh://ada@box/dev/sda': 'ssh',
    'SSH://box/dev/sda': 'ssh',
    'ssh://': 'ssh',
    'listen://192.0.2.1:9000': 'listen',
    'Listen://0.0.0.0:0/dev/sda': 'listen',
    '/dev/sda': 'here',
    './ssh:': 'here',
    'ssh:/box/dev/sda': 'here',
    ' ssh://box/dev/sda': 'here',
    './ssh://box': 'here',
    'listen:': 'here',
    'sshd://box': 'here',
    '': 'here',
  };
  for (const [text, kind] of Object.entries(kinds))
    test(`"${text}" is ${kind}`, () => {
      assert.equal(sourceKind(text), kind);
    });

  test('a path comes back as it was, whatever its names hold', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), (names) => {
        const path = `/${names.join('/')}`;
        fc.pre(path.isWellFormed());
        const written = percentEncodedPath(path);
        assert.match(written, /^[\x21-\x7e]*$/);
        assert.doesNotMatch(written, /[?#]/);
        assert.equal(percentDecoded(written), path);
      }),
    );
    assert.equal(percentEncodedPath(null), '');
  });

  test('what is no percent-encoded UTF-8 is none', () => {
    for (const text of ['%', '%Z1', '%FF', '%C3', '%ED%A0%80', '\ud800'])
      assert.equal(percentDecoded(text), null, text);
    assert.equal(percentDecoded('%C3%A9%25%00'), 'é%\0');
  });

  test('ports', () => {
    const ports: Readonly<Record<string, [free: number | null, fixed: number | null]>> = {
      '0': [0, null],
      '1': [1, 1],
      '0022': [22, 22],
      '65535': [65_535, 65_535],
      '65536': [null, null],
      '000022': [null, null],
      '-1': [null, null],
      '+1': [null, null],
      '1e3': [null, null],
      '22 ': [null, null],
      '': [null, null],
    };
    for (const [text, expected] of Object.entries(ports))
      assert.deepEqual([parsePort(text, 0), parsePort(text, 1)], expected, text);
  });
});
