import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { loadHardware } from '../../src/catalog/hardware.ts';
import type { HardwareEntry } from '../../src/model/hardware.ts';
import { packageRoot } from '../support/root.ts';
import { catalogPorts } from './ports.ts';

describe('the hardware data that comes with the program', async () => {
  const { shipped, lab, faults } = await loadHardware(catalogPorts, null);
  const by = (vendorId: string, productId: string | null): HardwareEntry[] =>
    shipped.filter(({ match }) => match.some((each) => each.vendorId === vendorId && each.productId === productId));

  test('is good, and each entry carries its file and that file’s hash', () => {
    assert.deepEqual([faults, lab], [[], []]);
    for (const { file, sha256 } of shipped) {
      const bytes = readFileSync(join(packageRoot, file));
      assert.equal(sha256, createHash('sha256').update(bytes).digest('hex'), file);
    }
  });

  test('knows the blockers that public lists know, and claims no more of them than is documented', () => {
    assert.deepEqual(
      shipped
        .filter(({ role }) => role === 'write-blocker')
        .map(({ id, match, blocks }) => [id, match[0]?.productId, blocks]),
      [
        ['tableau-t5', '0001', 'switch'],
        ['tableau-t8-r2', '000c', 'unknown'],
      ],
    );
    assert.deepEqual(
      by('0e90', '0100').map(({ make, role, blocks }) => [make, role, blocks]),
      [['WiebeTech', 'bridge', 'unknown']],
    );
  });

  test('names ordinary bridges, and never takes 0dc4 for WiebeTech', () => {
    for (const vendor of [
      '152d',
      '174c',
      '13fd',
      '067b',
      '0bda',
      '2109',
      '04b4',
      '05e3',
      '1f75',
      '14cd',
      '2537',
      '0dc4',
    ]) {
      const own = shipped.filter(({ match }) => match.some(({ vendorId }) => vendorId === vendor));
      assert.ok(own.length >= 2, vendor);
      assert.ok(
        own.every(({ role, make }) => role === 'bridge' && make !== 'WiebeTech'),
        vendor,
      );
      assert.deepEqual(
        by(vendor, null).map(({ blocks }) => blocks),
        ['unknown'],
        vendor,
      );
    }
    assert.equal(by('152d', '0578')[0]?.blocks, 'never');
  });

  test('every entry names a source, with the version or address of what it is', () => {
    for (const { id, evidence } of shipped) {
      assert.ok(evidence.length > 0, id);
      for (const { source } of evidence)
        assert.match(source, /usb\.ids 2025|drivedb\.h 7\.3|Linux kernel, drivers|http|github\.com/, id);
    }
  });
});
