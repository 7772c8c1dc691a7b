import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Manifest } from '../../../src/manifest/schema.ts';
import { manifestOf } from '../../support/exhibit.ts';
import { packageRoot } from '../../support/root.ts';
import { attributeOf } from '../guest/disks.ts';
import { BLOCKER } from '../guest/usb-specs.ts';
import { scenario } from '../scenario.ts';

/** What `acquire` wants of a physical disk where nobody can be asked. */
function sure(serial: string): string[] {
  return ['--yes', '--label-serial', serial];
}

/** What the record says of the protection: the chain, four facts apart, what was known of the blocker, the counters. */
function judgeRecord({ guard, probes, source: { path } }: Manifest, hardwareFile: string): void {
  assert.equal(guard.verdict, 'known-blocker-declares-wp');
  assert.equal(guard.bus, 'usb');
  assert.deepEqual(
    guard.chain.map(({ role }) => role).filter((role) => role !== 'hub'),
    ['controller', 'bridge', 'disk'],
  );
  const bridge = guard.chain.find(({ role }) => role === 'bridge')?.usb;
  assert.deepEqual(
    [bridge?.vendor_id, bridge?.product_id, bridge?.serial, bridge?.transport],
    [BLOCKER.vendorId, BLOCKER.productId, BLOCKER.serial, 'bot'],
  );
  const { hardware } = guard;
  assert.deepEqual(
    [hardware?.id, hardware?.file, hardware?.sha256],
    ['tableau-t5', 'hardware/tableau.yaml', hardwareFile],
  );
  for (const evidence of [guard.evidence, guard.evidence_after]) {
    const seen = (fact: string): string | undefined => evidence.find((each) => each.fact === fact)?.seen;
    assert.equal(seen('kernel-flag'), 'read-only');
    assert.equal(seen('declared'), 'write-protected');
    assert.match(seen('vendor-answer') ?? '', /^unknown: no answer to Tableau's query/);
    assert.equal(seen('attestation'), 'none');
  }
  assert.deepEqual(guard.declared, { write_protected: true, by: 'MODE SENSE(10)' });
  assert.deepEqual([guard.vendor_answer, guard.attested], [null, null]);
  assert.match(guard.unknown['vendor_answer'] ?? '', /no answer to Tableau's query/);
  const untouched = { writes: 0, written_sectors: 0, discards: 0, discarded_sectors: 0 };
  assert.deepEqual(guard.counters_before, [{ device: path, ...untouched }]);
  assert.deepEqual(guard.counters_after, guard.counters_before);
  assert.ok(
    probes.runs.some(({ argv }) => argv[0] === 'sg_raw'),
    'the query is not on record',
  );
}

export const acquireScenarios = [
  scenario({
    name: 'a disk behind a write blocker is imaged to the byte, not written to, and its record holds what it hung on',
    setup: async (bench) => ({
      usb: await bench.usb({ ...BLOCKER, mebibytes: 4 }),
      desk: bench.desk(),
    }),
    command: async (bench, { usb, desk }) => {
      const before = bench.must('sha256sum', usb.medium);
      const argv = desk.acquire(usb.node, ...sure(BLOCKER.serial), '--reader', 'dd', '--vendor-query');
      // As users start it, once.
      const ran = await bench.start(argv).ended;
      return {
        ran,
        hardware: bench.must('sha256sum', join(packageRoot, 'hardware/tableau.yaml')).slice(0, 64),
        medium: [before, bench.must('sha256sum', usb.medium)].map((line) => line.slice(0, 64)),
        image: bench.run('sha256sum', `${desk.evidence()}/HDD-01.dd`).stdout.slice(0, 64),
        // Writes completed, and discards (Documentation/block/stat.rst).
        written: attributeOf(usb.disk, 'stat')
          ?.split(/\s+/)
          .filter((_, index) => [4, 11].includes(index)),
        manifest: ran.code === 0 ? manifestOf(desk.evidence()) : null,
      };
    },
    expect: ({ ran, hardware, medium, image, written, manifest }) => {
      assert.equal(ran.code, 0, ran.stderr);
      assert.deepEqual(medium, [image, image]);
      assert.deepEqual(written, ['0', '0']);
      assert.ok(ran.stdout.includes(image), ran.stdout);
      assert.equal(manifest?.outcome, 'complete');
      judgeRecord(manifest, hardware);
    },
  }),
];
