import assert from 'node:assert/strict';
import test from 'node:test';
import type { ChainLink, DiskChain } from '../../src/model/chain.ts';
import { known, unknown, type Fact } from '../../src/model/device.ts';
import { aboutHowLong, slowLink, slowPace } from '../../src/model/slow-link.ts';

/** Hubs, and a bridge at the end, at these speeds. */
function chain(...speeds: (number | null)[]): Fact<DiskChain> {
  const links = speeds.map((speed, index): ChainLink => {
    const usb = {
      vendorId: '152d',
      productId: '0578',
      manufacturer: null,
      product: null,
      serial: null,
      revision: null,
    };
    return {
      role: index === speeds.length - 1 ? 'bridge' : 'hub',
      name: `2-${index}`,
      sysfs: '',
      driver: null,
      usb: { ...usb, speed, transport: null },
      pci: null,
      inquiry: null,
    };
  });
  return known({ bus: 'usb', links });
}

const TERABYTE = 1_000_000_000_000;

test('USB 2 on the way: how long it takes, exact size, and that it is an estimate', () => {
  assert.equal(
    slowLink(chain(480, 480), TERABYTE),
    'USB 2 on the way to the disk (480 Mbit/s at 2-0): reading 1,000,000,000,000 bytes takes about 8 hours or more, ' +
      'an estimate at 35,000 kB/s. Another port, cable or hub is faster if the bridge can do USB 3.',
  );
  assert.equal(slowPace(chain(480), TERABYTE)?.seconds, 28_572);
});

test('the slowest link counts, and of equals the one nearest to the host', () => {
  assert.deepEqual(slowPace(chain(480, 12, 12), 1_000_000), {
    link: '2-1',
    role: 'hub',
    speed: 12,
    bytesPerSecond: 1_000_000,
    seconds: 1,
  });
  assert.equal(slowPace(chain(5000, 480), 1)?.link, '2-1');
  assert.match(slowLink(chain(480, 1.5), 1) ?? '', /^USB 1 .*1\.5 Mbit\/s/);
});

test('nothing to say: USB 3, no USB, a speed or a chain that is not known', () => {
  assert.equal(slowLink(chain(5000, 10_000), TERABYTE), null);
  assert.equal(slowLink(chain(5000, null), TERABYTE), null);
  assert.equal(slowLink(known({ bus: 'sata', links: [] }), TERABYTE), null);
  assert.equal(slowLink(unknown('vanished'), TERABYTE), null);
});

test('durations are rounded up', () => {
  const cases: [number, string][] = [
    [0, 'less than a minute'],
    [59, 'less than a minute'],
    [61, 'about 2 minutes'],
    [7140, 'about 119 minutes'],
    [7201, 'about 3 hours'],
    [47 * 3600, 'about 47 hours'],
    [49 * 3600, 'about 3 days'],
  ];
  for (const [seconds, words] of cases) assert.equal(aboutHowLong(seconds), words);
});
