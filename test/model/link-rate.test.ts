import assert from 'node:assert/strict';
import test from 'node:test';
import type { Bus, ChainLink, DiskChain } from '../../src/model/chain.ts';
import { known, unknown, type Fact } from '../../src/model/device.ts';
import { linkRate, type LinkSpeeds } from '../../src/model/link-rate.ts';
import { USB2 } from '../plan/facts.ts';

const NONE: LinkSpeeds = { sata: unknown('no SATA'), pcie: unknown('no PCIe') };

/** Hubs and a bridge at these speeds. */
function usb(...speeds: (number | null)[]): Fact<DiskChain> {
  const [bridge] = USB2.links as [ChainLink];
  const links = speeds.map((speed, index): ChainLink => ({
    ...bridge,
    name: `2-${index}`,
    usb: bridge.usb && { ...bridge.usb, speed },
  }));
  return known({ bus: 'usb', links });
}

const on = (bus: Bus): Fact<DiskChain> => known({ bus, links: [] });

test('what a link carries at most, by its coding; USB 2 as its warning says', () => {
  const cases: [Fact<DiskChain>, Partial<LinkSpeeds>, number, RegExp][] = [
    [usb(480), {}, 35_000_000, /^USB, 480 Mbit\/s at 2-0$/],
    [usb(10_000, 5000), {}, 500_000_000, /5000 Mbit\/s at 2-1$/],
    [usb(5000, 5000), {}, 500_000_000, /at 2-0$/],
    [usb(10_000), {}, 1_212_121_212, /10000/],
    [usb(20_000, null), {}, 2_424_242_424, /20000/],
    [on('sata'), { sata: known(6) }, 600_000_000, /^SATA, 6 Gbit\/s$/],
    [on('sata'), { sata: known(3) }, 300_000_000, /3 Gbit/],
    [on('sata'), { sata: known(1.5) }, 150_000_000, /1\.5 Gbit/],
    [on('nvme'), { pcie: known({ gigatransfers: 8, lanes: 4 }) }, 3_938_461_538, /8 GT\/s on 4 lanes/],
    [on('nvme'), { pcie: known({ gigatransfers: 5, lanes: 1 }) }, 500_000_000, /5 GT\/s/],
  ];
  for (const [chain, speeds, bytesPerSecond, words] of cases) {
    const found = linkRate(chain, { ...NONE, ...speeds });
    assert.ok(found.known);
    assert.equal(found.value.bytesPerSecond, bytesPerSecond);
    assert.match(found.value.words, words);
  }
});

test('what is not known stays unknown, with the reason', () => {
  const cases: [Fact<DiskChain>, RegExp][] = [
    [unknown('it vanished'), /it vanished/],
    [usb(null), /no speed of a USB link is told/],
    [usb(), /no speed/],
    [usb(40_000), /not known \(USB, 40000/],
    [on('sata'), /no SATA/],
    [on('nvme'), /no PCIe/],
    [on('virtio'), /link of this kind \(virtio\)/],
    [on('loop'), /link of this kind/],
  ];
  for (const [chain, why] of cases) {
    const found = linkRate(chain, NONE);
    assert.ok(!found.known);
    assert.match(found.why, why);
  }
});
