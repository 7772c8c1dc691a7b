import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import fc from 'fast-check';
import { ExhibitError } from '../../src/model/errors.ts';
import { formatSshAddress, parseSshAddress } from '../../src/remote/address.ts';

const GOOD: Readonly<Record<string, ReturnType<typeof parseSshAddress>>> = {
  'ssh://ada@box/dev/sda': { user: 'ada', host: 'box', port: null, path: '/dev/sda' },
  'ssh://ada@box.example:2222/dev/sda': { user: 'ada', host: 'box.example', port: 2222, path: '/dev/sda' },
  'SSH://box': { user: null, host: 'box', port: null, path: null },
  'ssh://box/': { user: null, host: 'box', port: null, path: null },
  'ssh://root@[2001:db8::7]:22/dev/sda': { user: 'root', host: '2001:db8::7', port: 22, path: '/dev/sda' },
  'ssh://root@[fe80::1%25eth0]/dev/sda': { user: 'root', host: 'fe80::1%eth0', port: null, path: '/dev/sda' },
  'ssh://root@10.0.0.1/dev/disk/by-id/ata-A%20B': {
    user: 'root',
    host: '10.0.0.1',
    port: null,
    path: '/dev/disk/by-id/ata-A B',
  },
  'ssh://d%40corp@box/%C3%A9%3F%23': { user: 'd@corp', host: 'box', port: null, path: '/é?#' },
  "ssh://ada@box/dev/x'y$(z)": { user: 'ada', host: 'box', port: null, path: "/dev/x'y$(z)" },
};

const BAD: Readonly<Record<string, RegExp>> = {
  'ssh:/box': /does not begin with ssh:/,
  'ssh://': /names no host/,
  'ssh://ada@/dev/sda': /names no host/,
  'ssh://@box/dev/sda': /before the @/,
  'ssh://-oProxyCommand=x/dev/sda': /no name of a host/,
  'ssh://-l@box/dev/sda': /no user's name/,
  'ssh://a%20b@box/dev/sda': /no user's name/,
  'ssh://b ox/dev/sda': /no name of a host/,
  'ssh://b%0Aox/dev/sda': /no name of a host/,
  'ssh://box:0/dev/sda': /no port/,
  'ssh://box:65536/dev/sda': /no port/,
  'ssh://box:/dev/sda': /no port/,
  'ssh://box:22x/dev/sda': /no port/,
  'ssh://[box]/dev/sda': /no IPv6 address/,
  'ssh://[::1/dev/sda': /can not be taken apart/,
  'ssh://2001:db8::7/dev/sda': /no port/,
  'ssh://box/dev/%ZZ': /percent-encoded/,
  'ssh://box/dev/%FF': /percent-encoded/,
  'ssh://box/dev/%00': /zero byte/,
  'ssh://box/dev/a%0Ab': /line break/,
  'ssh://box/dev/sda?x': /%3F/,
  'ssh://box/dev/sda#x': /%23/,
  'ssh://a@b@box/dev/sda': /can not be taken apart/,
};

describe('ssh addresses', () => {
  for (const [text, expected] of Object.entries(GOOD))
    test(`${text} is understood`, () => {
      assert.deepEqual(parseSshAddress(text), expected);
    });

  for (const [text, pattern] of Object.entries(BAD))
    test(`${text} is refused with its reason`, () => {
      assert.throws(
        () => parseSshAddress(text),
        (error: unknown) => {
          assert.ok(error instanceof ExhibitError);
          assert.equal(error.fault, 'usage');
          assert.match(error.message, pattern);
          assert.ok(error.hint !== undefined);
          return true;
        },
      );
    });

  for (const text of [
    'ssh://ada:s3cret@box/dev/sda',
    'ssh://ada%3As3cret@box/',
    'ssh://ada:s3@cret@box/dev/sda',
    'ssh://ada:s3cret/dev/sda',
  ])
    test('a password is refused and never repeated', () => {
      assert.throws(
        () => parseSshAddress(text),
        (error: unknown) => error instanceof ExhibitError && !/s3|cret/.test(`${error.message} ${error.hint ?? ''}`),
      );
    });

  test('what is written is read back, whatever the names hold', () => {
    const part = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/[\p{Cc}\s:]/u.test(text));
    fc.assert(
      fc.property(
        fc.option(part.filter((text) => !text.startsWith('-'))),
        fc.constantFrom('box', 'a.b-c.example', '10.1.2.3', '::1', '2001:db8::7', 'fe80::1%eth0'),
        fc.option(fc.integer({ min: 1, max: 65_535 })),
        fc.option(fc.array(part, { minLength: 1 }).map((names) => `/${names.join('/')}`)),
        (user, host, port, path) => {
          fc.pre(path !== '/');
          const address = { user, host, port, path };
          assert.deepEqual(parseSshAddress(formatSshAddress(address)), address);
        },
      ),
    );
  });
});
