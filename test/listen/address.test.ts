import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { ExhibitError } from '../../src/model/errors.ts';
import type { ListenAddress } from '../../src/model/listen.ts';
import {
  formatListenAddress,
  isEveryAddress,
  parseAllowed,
  parseExpectSize,
  parseListenAddress,
} from '../../src/listen/address.ts';
import { parseFirstLine } from '../../src/listen/words.ts';

const GOOD: Readonly<Record<string, ListenAddress>> = {
  'listen://192.0.2.1:9000': { host: '192.0.2.1', port: 9000, path: null },
  'LISTEN://0.0.0.0:9000/': { host: '0.0.0.0', port: 9000, path: null },
  'listen://127.0.0.1:0': { host: '127.0.0.1', port: 0, path: null },
  'listen://[::]:65535': { host: '::', port: 65535, path: null },
  'listen://[2001:DB8:0::1]:1/dev/sda': { host: '2001:db8::1', port: 1, path: '/dev/sda' },
  'listen://[::ffff:192.0.2.1]:1': { host: '192.0.2.1', port: 1, path: null },
  'listen://10.0.0.1:9/dev/disk/by-id/ata-A%20B': { host: '10.0.0.1', port: 9, path: '/dev/disk/by-id/ata-A B' },
};

const BAD: Readonly<Record<string, RegExp>> = {
  'listen:/192.0.2.1:9': /does not begin with listen:/,
  'listen://': /names no address/,
  'listen://:9000': /0\.0\.0\.0 and \[::\] are all/,
  'listen://192.0.2.1': /names no port/,
  'listen://192.0.2.1:': /"" is no port/,
  'listen://192.0.2.1:65536': /no port/,
  'listen://192.0.2.1:-1': /no port/,
  'listen://192.0.2.1:9x': /no port/,
  'listen://192.0.2.1:999999': /no port/,
  'listen://192.0.2:9000': /no IP address/,
  'listen://192.0.2.256:9000': /no IP address/,
  'listen://192.0.02.1:9000': /no IP address/,
  'listen://localhost:9000': /no IP address/,
  'listen://box.example:9000': /no IP address/,
  'listen://*:9000': /no IP address/,
  'listen://a@192.0.2.1:9000': /no IP address/,
  'listen://2001:db8::1:9000': /in brackets/,
  'listen://[192.0.2.1]:9000': /version 6/,
  'listen://[2001:db8::1': /in brackets/,
  'listen://[2001:db8::1::]:9': /version 6/,
  'listen://[12345::]:9': /version 6/,
  'listen://[fe80::1%25eth0]:9': /zone/,
  'listen://192.0.2.1:9/dev/%ZZ': /percent-encoded/,
  'listen://192.0.2.1:9/dev/%FF': /percent-encoded/,
  'listen://192.0.2.1:9/dev/%00': /zero byte/,
  'listen://192.0.2.1:9/dev/%1B': /can not be shown/,
  'listen://192.0.2.1:9/dev/%E2%80%AEads': /can not be shown/,
  'listen://192.0.2.1:9/dev/sda?x': /%3F/,
  'listen://192.0.2.1:9\u001b[2J': /\\u\{1b\}/,
};

function refused(code: string, pattern: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ExhibitError, String(error));
    assert.deepEqual([error.fault, error.code], ['usage', code]);
    assert.match(error.message, pattern);
    // eslint-disable-next-line no-control-regex
    assert.doesNotMatch(error.message, /[\u0000-\u001f]/);
    return true;
  };
}

describe('listen addresses', () => {
  for (const [text, expected] of Object.entries(GOOD))
    test(`${text} is understood`, () => {
      const address = parseListenAddress(text);
      assert.deepEqual(address, expected);
      assert.deepEqual(parseListenAddress(formatListenAddress(address)), address);
    });

  for (const [text, pattern] of Object.entries(BAD))
    test(`${JSON.stringify(text)} is refused with its reason`, () => {
      assert.throws(() => parseListenAddress(text), refused('listen.address', pattern));
    });

  test('every address of the station is told apart', () => {
    assert.deepEqual(['0.0.0.0', '::', '127.0.0.1', '::1'].map(isEveryAddress), [true, true, false, false]);
  });
});

describe('--allow', () => {
  const bad: Readonly<Record<string, RegExp>> = {
    box: /no IP address/,
    '': /no IP address/,
    '192.0.2.7/33': /longer than 32/,
    '::/129': /longer than 128/,
    '192.0.2.7/': /no IP address/,
    '192.0.2.7/-1': /no IP address/,
    '192.0.2.7/24': /192\.0\.2\.0\/24 or 192\.0\.2\.7: write which/,
    '::ffff:0.0.0.0/80': /write those as IPv4/,
    '192.0.2.7 10.0.0.1': /no IP address/,
  };
  for (const [text, pattern] of Object.entries(bad))
    test(`"${text}" is refused`, () => {
      assert.throws(() => parseAllowed(['10.0.0.0/8', text]), refused('listen.allow', pattern));
    });

  test('all that is wrong is said at once', () => {
    assert.throws(() => parseAllowed(['box', '10.0.0.1/8']), refused('listen.allow', /"box".*"10\.0\.0\.1\/8"/));
  });
});

describe('--expect-size', () => {
  test('exact bytes, or with the units of the project', () => {
    assert.equal(parseExpectSize('512110190592'), 512_110_190_592);
    assert.equal(parseExpectSize('3M'), 3 * 1024 * 1024);
  });
  const bad: Readonly<Record<string, readonly [string, RegExp]>> = {
    '0': ['listen.expect-size', /nothing/],
    '1000': ['listen.expect-size', /whole number of sectors/],
    '500GB': ['usage.bad-size', /not a size/],
    '1.5T': ['usage.bad-size', /not a size/],
    '-512': ['usage.bad-size', /not a size/],
    '': ['usage.bad-size', /not a size/],
    '9007199254740992': ['usage.bad-size', /not a size/],
  };
  for (const [text, [code, pattern]] of Object.entries(bad))
    test(`"${text}" is refused`, () => {
      assert.throws(() => parseExpectSize(text), refused(code, pattern));
    });
});

describe('the first line of a connection', () => {
  const token = '0123456789abcdef';
  test('a stream and an end are told apart', () => {
    assert.deepEqual(parseFirstLine(`exhibit ${token} 512 told`), { kind: 'stream', token, offset: 512, told: true });
    const sha256 = 'a'.repeat(64);
    assert.deepEqual(parseFirstLine(`exhibit ${token} end 1 ${sha256} 512`), {
      kind: 'end',
      token,
      end: { exit: 1, sha256, bytes: 512 },
    });
    assert.deepEqual(parseFirstLine(`exhibit ${token} end - - -`), {
      kind: 'end',
      token,
      end: { exit: null, sha256: null, bytes: null },
    });
  });
  for (const line of [
    '',
    'GET / HTTP/1.1\r',
    `exhibit ${token} 512`,
    `exhibit ${token} -1 alone`,
    `exhibit ${token} 512 alone `,
    `exhibit ${token.toUpperCase()} 0 alone`,
    `exhibit ${token} end 0 ${'A'.repeat(64)} 512`,
    `exhibit ${token} end 0 ${'a'.repeat(64)}`,
    `exhibit ${token} end 0 - 9999999999999999`,
    `exhibit ${token} 99999999999999999 alone`,
  ])
    test(`${JSON.stringify(line)} is neither`, () => {
      assert.equal(parseFirstLine(line).kind, 'foreign');
    });
});
