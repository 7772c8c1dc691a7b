import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { blockAt } from '../../src/discover/block.ts';
import { diskChain } from '../../src/discover/chain.ts';
import { bridgeOf } from '../../src/model/chain.ts';
import { disk, sysLinks } from './bench-layout.ts';
import { BOT, trees, UAS, usbDevice, usbDisk, type Tree } from './buses.ts';
import { HUB, DOCK, BLOCKER, SDB, look, chainOf, roles, usbHost } from './chain-support.ts';
import { madeUpStation, realPorts, type Layout } from './made-up-station.ts';

describe('loop devices', () => {
  const LOOP = '/sys/devices/virtual/block/loop0';
  function over(back: string, more: Tree): Layout {
    const loop = { files: disk(LOOP, '7:0', 100, { 'loop/backing_file': `${back}\n` }), links: sysLinks(LOOP, '7:0') };
    return { ...trees(loop, more), nodes: { '/dev/loop0': '7:0', '/dev/sdb': '8:16' } };
  }

  test('over a disk, or a partition of it: the chain of that disk', async (t) => {
    const layout = over('/dev/sdb', usbHost(usbDisk(`${HUB}/2-1`, BLOCKER, BOT, SDB)));
    const chain = await chainOf(t, layout, 'loop0');
    assert.deepEqual(chain, await chainOf(t, layout, 'sdb'));
    assert.equal(bridgeOf(chain)?.usb?.vendorId, '13d7');
  });

  test('over a file: nothing but itself', async (t) => {
    const chain = await chainOf(t, over('/proc/image', { files: { '/proc/image': 'x' }, links: {} }), 'loop0');
    assert.deepEqual([chain.bus, roles(chain)], ['loop', ['disk loop0 -']]);
  });

  test('over what is gone, and over each other: unknown with a reason', async (t) => {
    const gone = await look(t, over('/dev/sdz', trees()), 'loop0');
    assert.ok(!gone.known && /sdz/.test(gone.why));
    const circle = await look(t, over('/dev/loop0', trees()), 'loop0');
    assert.ok(!circle.known && /show each other/.test(circle.why));
  });
});

describe('entries that vanish while they are read', () => {
  const plugged = usbHost(usbDevice(`${HUB}/2-1`, { ids: '05e3:0626' }), usbDisk(`${HUB}/2-1/2-1.2`, DOCK, UAS, SDB));
  const bridge = `${HUB}/2-1/2-1.2`;

  test('an attribute of any link that the device does not answer for any more: unknown, never another link', async (t) => {
    for (const path of [
      `${bridge}/idVendor`,
      `${bridge}/serial`,
      `${HUB}/2-1/idProduct`,
      `${bridge}/2-1.2:1.0/driver`,
    ]) {
      for (const errno of ['ENODEV', 'ENXIO', 'EIO', 'EACCES']) {
        const chain = await look(t, { ...plugged, faults: { [path]: errno } });
        assert.ok(!chain.known, `${path} ${errno}`);
        assert.match(chain.why, new RegExp(`what sdb hangs on can't be told: ${errno}`));
      }
    }
  });

  test('a bridge without ids: the hub above it is not taken for it', async (t) => {
    const files = Object.fromEntries(Object.entries(plugged.files).filter(([path]) => path !== `${bridge}/idVendor`));
    const chain = await look(t, { ...plugged, files });
    assert.ok(!chain.known);
    assert.match(chain.why, /there is no .*2-1\.2\/idVendor/);
  });

  test('the disk goes while its links are read; another one comes to its place', async (t) => {
    for (const [what, pattern] of [
      ['gone', /vanished/],
      ['other', /exchanged/],
    ] as const) {
      const station = madeUpStation(t, plugged);
      const block = await blockAt(station, '/sys/block/sdb');
      assert.ok(block);
      let looks = 0;
      const readText: typeof station.files.readText = async (path, limit) => {
        if (path.endsWith(`/sdb/${what === 'gone' ? 'dev' : 'diskseq'}`) && (looks += 1) > 1) return '9:9\n';
        return station.files.readText(path, limit);
      };
      const chain = await diskChain({ ...station, files: { ...station.files, readText } }, block);
      assert.ok(!chain.known);
      assert.match(chain.why, pattern);
    }
  });
});

test('real: whatever disks this station has, each chain ends with its disk and starts above it', async () => {
  const ports = realPorts();
  for (const name of await ports.files.readDir('/sys/block')) {
    const block = await blockAt(ports, `/sys/block/${name}`);
    if (block === null) continue;
    const chain = await diskChain(ports, block);
    if (!chain.known) continue;
    assert.equal(chain.value.links.at(-1)?.role, 'disk');
    if (/^vd/.test(name)) assert.equal(chain.value.bus, 'virtio');
  }
});
