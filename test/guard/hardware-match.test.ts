import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import fc from 'fast-check';
import { matchHardware } from '../../src/guard/hardware-match.ts';
import type { ChainLink, DiskChain, InquiryStrings } from '../../src/model/chain.ts';
import type { Blocks } from '../../src/model/hardware.ts';
import { entryOf } from './entries.ts';

function link(
  role: ChainLink['role'],
  name: string,
  id: string | null = null,
  serial: string | null = null,
): ChainLink {
  const [vendorId = '', productId = ''] = (id ?? '').split(':');
  const usb =
    id === null
      ? null
      : { vendorId, productId, manufacturer: null, product: null, serial, revision: null, speed: 480, transport: null };
  return { role, name, sysfs: `/sys/devices/${name}`, driver: null, usb, pci: null, inquiry: null };
}

function chainOf(...links: ChainLink[]): DiskChain {
  return { bus: 'usb', links };
}

const HOST = link('controller', '0000:00:14.0');
const DISK = link('disk', 'sdb');
const BLOCKER = entryOf('blocker', 'always', { vendorId: '13d7', productId: '000c' });
const DOCK = entryOf('dock', 'never', { vendorId: '152d', productId: '0578' });

describe('the entry of a disk’s own bridge', () => {
  test('is found by the ids of that bridge', () => {
    assert.equal(matchHardware(chainOf(HOST, link('bridge', '2-1', '13d7:000c'), DISK), [DOCK, BLOCKER]), BLOCKER);
    assert.equal(matchHardware(chainOf(HOST, link('bridge', '2-1', '13d7:000d'), DISK), [DOCK, BLOCKER]), null);
    assert.equal(matchHardware(chainOf(HOST, DISK), [DOCK, BLOCKER]), null);
    assert.equal(matchHardware(chainOf(HOST, link('bridge', 'fw1'), DISK), [DOCK, BLOCKER]), null);
  });

  test('is not that of a blocker above it: as a bridge, a hub, a controller', () => {
    for (const role of ['bridge', 'hub', 'controller'] as const) {
      const chain = chainOf(HOST, link(role, '2-1', '13d7:000c'), link('bridge', '2-1.1', '152d:0578'), DISK);
      assert.equal(matchHardware(chain, [BLOCKER]), null, role);
      assert.equal(matchHardware(chain, [BLOCKER, DOCK]), DOCK, role);
    }
    assert.equal(matchHardware(chainOf(HOST, link('hub', '2-1', '13d7:000c'), DISK), [BLOCKER]), null);
  });

  test('is the exact one before its vendor’s, whatever their order', () => {
    const vendor = entryOf('vendor', 'unknown', { vendorId: '13d7' });
    const at = (id: string): DiskChain => chainOf(HOST, link('bridge', '2-1', id), DISK);
    for (const entries of [
      [vendor, BLOCKER],
      [BLOCKER, vendor],
    ]) {
      assert.equal(matchHardware(at('13d7:000c'), entries), BLOCKER);
      assert.equal(matchHardware(at('13d7:0099'), entries), vendor);
    }
  });

  test('of the lab is for one serial only', () => {
    const lab = entryOf('lab-1', 'always', { vendorId: '13d7', productId: '000c', serial: 'S1' });
    const at = (serial: string | null): DiskChain => chainOf(HOST, link('bridge', '2-1', '13d7:000c', serial), DISK);
    assert.equal(matchHardware(at('S1'), [lab]), lab);
    assert.equal(matchHardware(at(' S1 '), [lab, BLOCKER]), lab);
    for (const serial of ['S2', 's1', 'S11', '', null]) assert.equal(matchHardware(at(serial), [lab]), null);
  });

  test('that says the least wins where two of one rank differ', () => {
    const doubt = entryOf('z-doubt', 'never', { vendorId: '13d7', productId: '000c' });
    const chain = chainOf(HOST, link('bridge', '2-1', '13d7:000c'), DISK);
    assert.equal(matchHardware(chain, [BLOCKER, doubt]), doubt);
    assert.equal(matchHardware(chain, [doubt, BLOCKER]), doubt);
  });

  test('is narrowed by INQUIRY strings, and never found by them alone', () => {
    const disk = (vendor: string): ChainLink => ({ ...DISK, inquiry: { vendor, product: 'SSD 850', revision: '1' } });
    const narrow = entryOf('narrow', 'never', {
      vendorId: '152d',
      productId: '0578',
      inquiryVendor: 'Acme',
      inquiryProduct: 'SSD',
    });
    const bridge = link('bridge', '2-1', '152d:0578');
    assert.equal(matchHardware(chainOf(HOST, bridge, disk('Acme Inc')), [narrow]), narrow);
    assert.equal(matchHardware(chainOf(HOST, bridge, disk('acme')), [narrow]), null);
    assert.equal(matchHardware(chainOf(HOST, bridge, DISK), [narrow]), null);
    const strings = entryOf('strings', 'always', { inquiryVendor: 'Tableau' });
    assert.equal(
      matchHardware(chainOf(HOST, bridge, disk('Tableau')), [strings, entryOf('nothing', 'always', {})]),
      null,
    );
  });
});

/** A USB device of a made-up station, with what hangs on it. */
interface Node {
  readonly id: string;
  readonly serial: string | null;
  readonly inquiry: InquiryStrings;
  readonly below: readonly Node[];
}

const IDS = ['13d7:0001', '13d7:000c', '13d7:0099', '152d:0578', '152d:000c', '174c:55aa', '05e3:0610', '0e90:0100'];

const treeOf = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.record({
    id: fc.constantFrom(...IDS),
    serial: fc.constantFrom(null, '', '0000', 'S1', 'S2'),
    inquiry: fc.record({
      vendor: fc.constantFrom('Tableau', 'WiebeTech', 'ATA', ''),
      product: fc.constantFrom('T8-R2', 'WDC WD10', ''),
      revision: fc.constant('1'),
    }),
    below: fc.oneof({ maxDepth: 3 }, fc.constant([]), fc.array(tie('node'), { maxLength: 3 })),
  }),
})).node;

/** Every disk of the tree: one on each device without anything below, and one on a device that has both. */
function disksOf(node: Node, above: readonly Node[] = []): (readonly Node[])[] {
  const way = [...above, node];
  return [way, ...node.below.flatMap((each) => disksOf(each, way))];
}

/** Ancestors as a chain: some readers call those above the last one hubs, a bridge that has a hub built in is a bridge. */
function chainAlong(way: readonly Node[], roles: readonly ('hub' | 'bridge')[]): DiskChain {
  const last = way.length - 1;
  const links = way.map(({ id, serial }, index) =>
    link(index === last ? 'bridge' : (roles[index] ?? 'hub'), `2-${index}`, id, serial),
  );
  return chainOf(HOST, ...links, { ...DISK, inquiry: way[last]?.inquiry ?? null });
}

test('on no made-up station a blocker that is not this disk’s own bridge is taken for it', () => {
  const matchBy = fc
    .tuple(fc.constantFrom(...IDS), fc.constantFrom(null, 'S1', 'S2'), fc.boolean())
    .map(([id, serial, wide]) => ({ vendorId: id.slice(0, 4), productId: wide ? null : id.slice(5), serial }));
  const entries = fc
    .array(
      fc.tuple(
        fc.constantFrom<Blocks>('always', 'switch', 'never', 'unknown'),
        fc.array(matchBy, { minLength: 1, maxLength: 2 }),
      ),
      {
        maxLength: 6,
      },
    )
    .map((all) => all.map(([blocks, match], index) => entryOf(`e${index}`, blocks, ...match)));
  const roles = fc.array(fc.constantFrom('hub' as const, 'bridge' as const), { minLength: 5, maxLength: 5 });
  let matched = 0;
  fc.assert(
    fc.property(treeOf, entries, roles, (tree, known, aboveRoles) => {
      for (const way of disksOf(tree)) {
        const own = way.at(-1)!;
        const found = matchHardware(chainAlong(way, aboveRoles), known);
        // The oracle knows nothing but the device that the disk hangs on.
        const fits = known.filter(({ match }) =>
          match.some(
            ({ vendorId, productId, serial }) =>
              vendorId === own.id.slice(0, 4) &&
              (productId === null || productId === own.id.slice(5)) &&
              (serial === null || serial === own.serial),
          ),
        );
        if (found === null) assert.deepEqual(fits, []);
        else assert.ok(fits.includes(found), `${found.id} is not what ${own.id} is`);
        // Whatever stands above it, and whatever the disk calls itself, changes nothing.
        const elsewhere = { ...own, inquiry: { vendor: 'Tableau', product: 'T8-R2', revision: '' } };
        assert.equal(matchHardware(chainAlong([elsewhere], []), known), found);
        if (found !== null) matched += 1;
      }
    }),
    { numRuns: 300 },
  );
  assert.ok(matched > 100, 'the stations are such that nothing is ever found');
});
