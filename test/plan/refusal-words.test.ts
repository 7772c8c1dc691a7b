import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { known, unknown } from '../../src/model/device.ts';
import { planAcquisition } from '../../src/plan/plan.ts';
import { blockSource, type Changes, factsWith, found, GIB } from './facts.ts';

function message(changes: Changes): string {
  const result = planAcquisition(factsWith(changes));
  return (result.ok ? result.plan.findings : result.refusals)
    .map((one) => `${one.message} ${one.hint ?? ''}`)
    .join('\n');
}

describe('what refusals say', () => {
  test('no room: every number, exactly', () => {
    const told = message({ destination: { freeBytes: 500_000_000_000, claimedByOthers: known(1_000_000) } });
    // 500,107,862,016 of image, 29,809 pieces of 100 bytes, 32 MiB of records.
    assert.match(
      told,
      /need 500,144,397,348 bytes .* still need 1,000,000 bytes .* free are 500,000,000,000 bytes .*: 145,397,348 bytes .* too few/,
    );
  });

  test('file limit: a segment size that works', () => {
    assert.match(
      message({ destination: { fileLimit: 4 * GIB - 1 } }),
      /This works: --format split --segment-size 1G\./,
    );
    const large = blockSource({ size: 3_900_000_000_000 });
    assert.match(message({ source: large, destination: { fileLimit: 4 * GIB - 1 } }), /--segment-size 4095M\./);
    const huge = blockSource({ size: 6_000_000_000_000 });
    assert.match(
      message({ source: huge, destination: { fileLimit: 4 * GIB - 1, freeBytes: 9e12 } }),
      /No segment size works/,
    );
  });

  test('too many segments: a size that works', () => {
    const split = { format: 'split', segmentSize: 1 * GIB } as const;
    assert.match(
      message({ source: blockSource({ size: 2_000_000_000_000 }), settings: split }),
      /would be 1,863; .*--segment-size 2G\./,
    );
  });

  test('folder names: one offer that works for both', () => {
    const told = message({ case: { caseNumber: 'a/b', evidenceId: 'x y' } });
    assert.equal(told.match(/--folder-name a-b\/x-y/g)?.length, 2);
    assert.deepEqual(found({ case: { caseNumber: 'a/b', evidenceId: 'x y' }, request: { folderName: 'a-b/x-y' } }), []);
  });

  test('escape codes of a disk never reach the terminal', () => {
    const evil = '\u001b]0;x\u0007';
    const told = message({
      source: blockSource({
        path: `/dev/${evil}`,
        model: known(evil),
        uses: known([{ kind: 'mount', device: evil, by: evil }]),
      }),
      label: { model: 'Acme 5' },
      verdict: {
        name: 'none-observed',
        meaning: 'Nothing was seen.',
        evidence: [{ fact: 'kernel-flag', what: evil, seen: evil, source: evil }],
      },
      folderContent: [evil],
      destination: { path: `/mnt/${evil}`, freeBytes: 0, disks: unknown(evil) },
    });
    // eslint-disable-next-line no-control-regex -- these are what must not be there
    assert.doesNotMatch(told, /[\u001b\u0007]/);
  });
});
