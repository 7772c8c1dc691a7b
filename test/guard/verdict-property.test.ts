import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { guardFacts, type AskedProtection } from '../../src/acquire/protection.ts';
import { listDevices } from '../../src/discover/devices.ts';
import { asSource } from '../../src/discover/source.ts';
import { judge } from '../../src/guard/verdict.ts';
import { known, unknown } from '../../src/model/device.ts';
import type { Blocks, HardwareEntry } from '../../src/model/hardware.ts';
import { VERDICTS } from '../../src/model/verdict.ts';
import type { Ports } from '../../src/system/ports.ts';
import { build, station } from '../discover/made-up-machine.ts';
import { memoryStation } from '../discover/memory-station.ts';
import { entryOf } from './entries.ts';

const BLOCKER = { vendorId: '13d7', productId: '000c' };
const BRIDGE = { vendorId: '152d', productId: '0578' };
const AT_LEAST = VERDICTS.indexOf('known-blocker');

/** A station without any of the tools that could be asked. */
function toolless(ports: Ports): Ports {
  const run: Ports['commands']['run'] = async (argv) =>
    Promise.resolve({ argv, exit: null, signal: null, stdout: '', stderr: '', failure: 'missing' });
  return { ...ports, commands: { ...ports.commands, which: () => null, run } };
}

const answers: fc.Arbitrary<AskedProtection> = fc.record({
  declared: fc.constantFrom(
    unknown('not asked'),
    known({ writeProtected: true, by: 'MODE SENSE(10)' }),
    known({ writeProtected: false, by: 'MODE SENSE(10)' }),
  ),
  vendor: fc.constantFrom(
    unknown('not asked'),
    ...[true, false].map((blocking) =>
      known({ vendor: 'tableau' as const, blocking, serial: '', model: '', firmware: '', raw: '' }),
    ),
  ),
});

/** What is known of the blocker, of the bridge, and what the lab attests, all at will. */
const data = fc.record({
  blocks: fc.constantFrom<Blocks>('always', 'switch', 'unknown'),
  bridgeKnown: fc.boolean(),
  attested: fc.boolean(),
});

function entries({ blocks, bridgeKnown, attested }: { blocks: Blocks; bridgeKnown: boolean; attested: boolean }): {
  shipped: HardwareEntry[];
  lab: HardwareEntry[];
} {
  const bridge = bridgeKnown ? [entryOf('bridge', 'never', BRIDGE)] : [];
  return {
    shipped: [entryOf('blocker', blocks, BLOCKER), ...bridge],
    lab: attested ? [entryOf('lab', 'always', BRIDGE)] : [],
  };
}

test('no disk of a made-up machine that is not behind a blocker is ever called a known blocker\u2019s, or better', async () => {
  let behind = 0;
  let beside = 0;
  await fc.assert(
    fc.asyncProperty(station, data, answers, async ({ buses, sata }, given, asked) => {
      const { tree, disks } = build(buses, sata);
      fc.pre(disks.length > 0);
      const listed = await listDevices(toolless(memoryStation(tree)));
      assert.equal(listed.length, disks.length);
      const known = { ...entries(given), leftOut: { shipped: [], lab: [] } };
      for (const { name, blocker } of disks) {
        const device = listed.find((each) => each.name === name);
        assert.ok(device);
        const { name: verdict } = judge(guardFacts(asSource(device), known, asked));
        const best = verdict !== 'contradicted' && VERDICTS.indexOf(verdict) >= AT_LEAST;
        if (best) assert.ok(blocker, `${name} is ${verdict}, and hangs on no blocker`);
        if (blocker && best) behind += 1;
        if (!blocker && disks.some((other) => other.blocker)) beside += 1;
        // The lab's word never makes anything of a bridge that is known to be an ordinary one.
        if (!blocker && device.chain.known && device.chain.value.bus === 'usb' && given.attested && given.bridgeKnown)
          assert.equal(verdict, 'contradicted');
      }
    }),
    { numRuns: 200 },
  );
  assert.ok(
    behind > 20 && beside > 50,
    `the machines try nothing: ${behind} disks behind a blocker, ${beside} beside one`,
  );
});
