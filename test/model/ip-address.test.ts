import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import test, { describe } from 'node:test';
import fc from 'fast-check';
import { formatIp, formatNet, isAllowed, parseIp, parseNet, type IpNet } from '../../src/model/ip-address.ts';

function netOf(text: string): IpNet {
  const net = parseNet(text);
  if (typeof net === 'string') assert.fail(`${text}: ${net}`);
  return net;
}

describe('IP addresses', () => {
  test('what is read is what Node reads, and comes back as it was written', () => {
    const four = fc.ipV4();
    const six = fc.ipV6();
    fc.assert(
      fc.property(fc.oneof(four, six), (text) => {
        assert.notEqual(isIP(text), 0);
        const address = parseIp(text);
        assert.ok(address !== null, text);
        const again = formatIp(address);
        assert.deepEqual(parseIp(again), address);
        assert.equal(isIP(again), address.family);
        // URL is the judge of the shortest way to write one.
        if (address.family === 6) assert.equal(new URL(`http://[${text}]/`).hostname, `[${again}]`);
      }),
    );
  });

  test('what Node does not take is none, whatever is tried', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom('0', '1', '2', '9', 'a', 'f', 'G', ':', ':', '.', '/', '%', ' '),
          maxLength: 30,
        }),
        (text) => {
          if (parseIp(text) !== null) assert.notEqual(isIP(text), 0, text);
          else if (!text.includes('%')) assert.equal(isIP(text), 0, text);
        },
      ),
    );
  });

  test('a network is written as it is read', () => {
    for (const text of ['192.0.2.0/24', '2001:db8::/32']) assert.equal(formatNet(netOf(text)), text);
  });
});

describe('who may connect', () => {
  const cases: readonly (readonly [rules: string, peer: string, is: boolean])[] = [
    // No list: something else decides.
    ['', '203.0.113.9', true],
    ['', 'no address', true],
    // One address is a network of one.
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.7', '192.0.2.8', false],
    ['192.0.2.7/32', '192.0.2.7', true],
    ['192.0.2.7/32', '192.0.2.6', false],
    ['2001:db8::7/128', '2001:db8::7', true],
    ['2001:db8::7/128', '2001:DB8:0:0::7', true],
    ['2001:db8::7/128', '2001:db8::6', false],
    // At the edges of a prefix.
    ['192.0.2.0/24', '192.0.2.255', true],
    ['192.0.2.0/24', '192.0.3.0', false],
    ['192.0.2.0/24', '192.0.1.255', false],
    ['192.0.2.128/25', '192.0.2.127', false],
    ['192.0.2.6/31', '192.0.2.7', true],
    ['128.0.0.0/1', '255.255.255.255', true],
    ['128.0.0.0/1', '127.255.255.255', false],
    ['2001:db8::/33', '2001:db8:7fff::1', true],
    ['2001:db8::/33', '2001:db8:8000::1', false],
    // All of one family, and none of the other.
    ['0.0.0.0/0', '8.8.8.8', true],
    ['0.0.0.0/0', '::ffff:8.8.8.8', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['0.0.0.0/0', '::8.8.8.8', false],
    ['::/0', '2001:db8::1', true],
    ['::/0', '8.8.8.8', false],
    ['::/0', '::ffff:8.8.8.8', false],
    // A socket for both families tells IPv4 in IPv6.
    ['192.0.2.7', '::ffff:192.0.2.7', true],
    ['192.0.2.7', '::ffff:c000:207', true],
    ['192.0.2.0/24', '::ffff:192.0.3.7', false],
    ['::ffff:192.0.2.7', '192.0.2.7', true],
    ['::ffff:192.0.2.0/120', '192.0.2.200', true],
    ['::ffff:192.0.2.0/120', '192.0.3.200', false],
    // Zones are names of our own interfaces.
    ['fe80::/10', 'fe80::1%eth0', true],
    ['fe80::1', 'fe80::1%2', true],
    ['fe80::1', 'fe80::2%fe80::1', false],
    // Any of several.
    ['10.0.0.0/8 192.0.2.7', '192.0.2.7', true],
    ['10.0.0.0/8 2001:db8::/32', '192.0.2.7', false],
    // What is no address is on no list.
    ['10.0.0.0/8', '', false],
    ['0.0.0.0/0 ::/0', 'localhost', false],
    ['0.0.0.0/0', '010.0.0.1', false],
    ['0.0.0.0/0', '10.0.0.1 ', false],
  ];
  for (const [rules, peer, is] of cases)
    test(`${rules || 'nothing'} lets ${peer || 'who is gone already'} ${is ? 'in' : 'stay out'}`, () => {
      const nets = rules.split(' ').filter((text) => text !== '');
      assert.equal(isAllowed(peer, nets.map(netOf)), is);
    });
});
