import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { blockAt } from '../../src/discover/block.ts';
import { diskChain } from '../../src/discover/chain.ts';
import { bridgeOf } from '../../src/model/chain.ts';
import { build, station } from './made-up-machine.ts';
import { memoryStation } from './memory-station.ts';

test('the bridge named is the nearest USB ancestor of that very disk; no link is anything but an ancestor', async () => {
  await fc.assert(
    fc.asyncProperty(station, async ({ buses, sata }) => {
      const { tree, disks } = build(buses, sata);
      const ports = memoryStation(tree);
      for (const { name, folder, usb } of disks) {
        const block = await blockAt(ports, `/sys/block/${name}`);
        assert.ok(block);
        const chain = await diskChain(ports, block);
        assert.ok(chain.known, chain.known ? '' : chain.why);
        assert.equal(bridgeOf(chain.value)?.usb?.serial ?? null, usb.at(-1) ?? null);
        assert.deepEqual(
          chain.value.links.filter((link) => link.usb !== null).map(({ sysfs }) => sysfs),
          usb,
        );
        for (const { sysfs } of chain.value.links)
          assert.ok(`${folder}/`.startsWith(`${sysfs}/`), `${sysfs} of ${folder}`);
        assert.deepEqual(
          chain.value.links.map(({ role }) => role).filter((role) => role === 'bridge').length,
          usb.length > 0 ? 1 : 0,
        );
      }
    }),
    { numRuns: 100 },
  );
});

test('with anything of it missing or unreadable: the same bridge, or unknown with a reason; never another one', async () => {
  const errno = fc.constantFrom('ENOENT', 'ENODEV', 'ENXIO', 'EIO', 'EACCES');
  await fc.assert(
    fc.asyncProperty(station, fc.nat(), errno, async ({ buses, sata }, choice, code) => {
      const { tree, disks } = build(buses, sata);
      const paths = [...Object.keys(tree.files), ...Object.keys(tree.links)].filter((path) => /\/devices\//.test(path));
      const broken = paths[choice % paths.length] ?? '';
      const ports = memoryStation(tree, { [broken]: code });
      for (const { name, usb } of disks) {
        const block = await blockAt(ports, `/sys/block/${name}`).catch(() => null);
        const chain = block === null ? null : await diskChain(ports, block);
        if (chain === null) continue;
        if (!chain.known) assert.notEqual(chain.why, '');
        else assert.equal(bridgeOf(chain.value)?.sysfs ?? null, usb.at(-1) ?? null, broken);
      }
    }),
    { numRuns: 100 },
  );
});
