import assert from 'node:assert/strict';
import { VERDICTS, type VerdictName } from '../../../src/model/verdict.ts';
import { blocker, labFile, vendorFile } from '../../catalog/hardware-support.ts';
import { jsonLines } from '../../support/exhibit.ts';
import { DISK_TABLE } from '../disk-table.ts';
import { allDisks, type DiskKind } from '../guest/all-disks.ts';
import { ask, type Asked } from '../guest/asked.ts';
import type { Bench, Ran } from '../guest/bench.ts';
import { bridgeAbove } from '../guest/disks.ts';
import { BLOCKER, MADE_UP_BLOCKER, READ_ONLY_BRIDGE, SILENT_BLOCKER } from '../guest/usb-specs.ts';
import { scenario } from '../scenario.ts';
import { ASKED_VERDICTS, LISTED_VERDICTS, type AskedKind } from '../verdict-table.ts';

/** What `exhibit devices --json` says of a disk, in short. */
interface Told {
  readonly path: string;
  readonly transport: string | null;
  readonly read_only: boolean | null;
  readonly size: number;
  readonly logical_sector: number;
  readonly serial: string | null;
  readonly verdict: VerdictName;
}

/** By path. */
function toldOf({ code, stdout, stderr }: Ran): Map<string, Told> {
  assert.equal(code, 0, stderr);
  const { devices } = jsonLines(stdout).at(-1) as { devices: Told[] };
  return new Map(devices.map((device) => [device.path, device]));
}

function isBlocker(verdict: VerdictName | null | undefined): boolean {
  return (
    verdict != null && verdict !== 'contradicted' && VERDICTS.indexOf(verdict) >= VERDICTS.indexOf('known-blocker')
  );
}

export const verdictScenarios = [
  scenario({
    name: 'every disk is seen, and gets its verdict: none that is not behind a blocker is called blocked',
    // Beside them all one that is always a blocker: whoever looks at the station, and not at the disk, takes it for theirs.
    setup: async (bench) => ({
      disks: await allDisks(bench),
      known: await bench.usb(MADE_UP_BLOCKER),
      desk: bench.desk(),
    }),
    command: async (bench, { disks, known, desk }) => {
      bench.shipped('acme', vendorFile('acme', blocker('acme-wb1', 'f0be:0001')));
      const listed = await bench.exhibit(['devices', '--json']);
      const asked: Partial<Record<AskedKind, Asked>> = {};
      for (const kind of Object.keys(ASKED_VERDICTS) as AskedKind[]) {
        const serial = DISK_TABLE[kind][4] ?? '';
        const anyway = ['--vendor-query', '--allow-unblocked', 'a disk of the bench'];
        asked[kind] = await ask(bench, desk, disks[kind].node, serial, ...anyway);
      }
      return {
        listed,
        asked: asked as Record<AskedKind, Asked>,
        known: { path: known.node, asked: await ask(bench, desk, known.node, MADE_UP_BLOCKER.serial) },
        paths: Object.fromEntries(Object.entries(disks).map(([kind, { node }]) => [kind, node])),
        // The bench's own word, from sysfs.
        bridges: Object.fromEntries(Object.entries(disks).map(([kind, disk]) => [kind, bridgeAbove(disk)])),
        hdparm: bench.run('hdparm', '-N', disks['usb-bridge'].node).stdout,
      };
    },
    expect: ({ listed, asked, known, paths, bridges, hdparm }) => {
      const devices = toldOf(listed);
      const told = Object.entries(paths).map(([kind, path]): [DiskKind, Told] => {
        const device = devices.get(path);
        assert.ok(device !== undefined, `${kind}: ${path} is not listed\n${listed.stdout}`);
        return [kind as DiskKind, device];
      });
      assert.equal(devices.size, told.length + 1, listed.stdout);
      const rows = told.map(([kind, { transport, read_only: readOnly, size, logical_sector: sector, serial }]) => [
        kind,
        [transport, readOnly, size, sector, kind === 'scsi-4kn' ? null : serial],
      ]);
      assert.deepEqual(Object.fromEntries(rows), DISK_TABLE);
      assert.deepEqual(Object.fromEntries(told.map(([kind, { verdict }]) => [kind, verdict])), LISTED_VERDICTS);

      const verdicts = Object.entries(asked).map(([kind, { verdict }]) => [kind, verdict]);
      assert.deepEqual(Object.fromEntries(verdicts), ASKED_VERDICTS, JSON.stringify(asked));
      for (const [kind, { verdict }] of told) {
        const answers = kind in asked ? asked[kind as AskedKind] : null;
        if (bridges[kind]?.startsWith('13d7:') === true) continue;
        assert.ok(!isBlocker(verdict) && !isBlocker(answers?.verdict), `${kind} is called blocked`);
        assert.ok(answers?.programs.includes('sg_raw') !== true, `${kind} was sent Tableau's query`);
      }
      // It declares nothing, and needs nobody's word.
      assert.equal(devices.get(known.path)?.verdict, 'known-blocker');
      assert.deepEqual([known.asked.code, known.asked.verdict], [0, 'known-blocker'], known.asked.said);
      assert.equal(known.asked.declared.value?.write_protected, false);

      assert.deepEqual(asked.sata.hpa.value, { visible: 32_768, native: 32_768, sector_size: 512 });
      // What hdparm says of a disk that is no ATA disk is a lie, and it is not asked.
      assert.match(hdparm, /max sectors += 0\/1, HPA is enabled/);
      assert.ok(!asked['usb-bridge'].programs.includes('hdparm'));
      assert.match(asked['usb-bridge'].hpa.why ?? '', /not known to be an ATA disk/);
    },
  }),

  scenario({
    name: 'a blocker beside an ordinary bridge counts for nothing there; what the lab attests stays its word',
    setup: async (bench) => ({
      beside: await bench.usb(BLOCKER),
      attested: await bench.usb(SILENT_BLOCKER),
      bridge: await bench.usb(READ_ONLY_BRIDGE),
      desk: bench.desk(),
    }),
    command: async (bench, { beside, attested, bridge, desk }) => {
      const before = await ask(bench, desk, bridge.node, READ_ONLY_BRIDGE.serial);
      const learn = ['--make', 'Tableau', '--model', 'T5', '--by', 'Ada Byron', '--validated', '2026-01-31'];
      const learned = await learnBoth(bench, [attested.node, bridge.node], learn);
      return {
        before,
        learned,
        listed: await bench.exhibit(['devices', '--json']),
        nodes: [beside, attested, bridge].map(({ node }) => node),
        attested: await ask(bench, desk, attested.node, SILENT_BLOCKER.serial, '--no-probe'),
        bridge: await ask(bench, desk, bridge.node, READ_ONLY_BRIDGE.serial, '--allow-unblocked', 'it does not help'),
      };
    },
    expect: ({ before, learned, listed, nodes, attested, bridge }) => {
      assert.deepEqual([before.code, before.refused], [10, 'guard.not-protected'], before.said);
      assert.match(before.said, /device-declares-wp\. /);
      assert.deepEqual(
        learned.map(({ code }) => code === 0),
        [true, false],
        JSON.stringify(learned),
      );
      const devices = toldOf(listed);
      assert.deepEqual(
        nodes.map((node) => devices.get(node)?.verdict),
        ['kernel-flag-only', 'operator-attested', 'contradicted'],
      );
      assert.deepEqual([attested.code, attested.verdict], [0, 'operator-attested'], attested.said);
      assert.deepEqual([bridge.code, bridge.refused], [10, 'guard.contradicted'], bridge.said);
    },
  }),
];

/** By `exhibit hardware learn`, for both; the second is refused, and then written into the lab's file by hand. */
async function learnBoth(bench: Bench, nodes: readonly string[], more: readonly string[]): Promise<Ran[]> {
  bench.lab();
  const ran: Ran[] = [];
  for (const node of nodes) ran.push(await bench.exhibit(['hardware', 'learn', node, ...more]));
  const { vendorId, productId, serial } = READ_ONLY_BRIDGE;
  bench.lab(labFile('lab-by-hand', `${vendorId}:${productId}`, serial));
  return ran;
}
