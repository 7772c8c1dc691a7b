import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import fc from 'fast-check';
import { known, unknown } from '../../src/model/device.ts';
import type { Plan } from '../../src/model/plan.ts';
import { describeFindings, describePlan } from '../../src/plan/describe.ts';
import { planAcquisition } from '../../src/plan/plan.ts';
import { sizeText, spaceNeeded, workingSegmentSize } from '../../src/plan/space.ts';
import { parseSize } from '../../src/model/size.ts';
import { blockSource, type Changes, device, factsWith, fileSource, GIB, MIB, partition } from './facts.ts';

function planned(changes: Changes = {}): Plan {
  const result = planAcquisition(factsWith(changes));
  assert.ok(result.ok, result.ok ? '' : describeFindings(result.refusals));
  return result.plan;
}

describe('plan', () => {
  test('folder, segments, sizes of a disk', () => {
    const plan = planned({ settings: { format: 'split' } });
    assert.deepEqual(plan.folder, { path: '/mnt/evidence/C-17/E1', caseFolder: 'C-17', stem: 'E1' });
    assert.equal(plan.size, device.size);
    assert.equal(plan.segments.length, 233);
    assert.equal(plan.segments[0]?.name, 'E1.001');
    assert.deepEqual([plan.logicalSector, plan.physicalSector], [512, 4096]);
    assert.deepEqual(plan.setReadOnly, []);
  });

  test('--folder-name names folder and files', () => {
    const plan = planned({ request: { folderName: 'C/X' }, destination: { path: '/' } });
    assert.equal(plan.folder.path, '/C/X');
    assert.equal(plan.segments[0]?.name, 'X.dd');
  });

  test('what is asked before a physical disk is read', () => {
    assert.equal(planned().confirmSerial, '456A');
    assert.equal(planned({ label: { serial: ' s3z2nb0k-123456a ' } }).confirmSerial, '456a');
    assert.equal(planned({ source: blockSource({ serial: known('7') }) }).confirmSerial, '7');
    assert.equal(
      planned({ source: blockSource({ serial: unknown('x') }), label: { serial: 'AB12CD' } }).confirmSerial,
      '12CD',
    );
    assert.equal(planned({ source: blockSource({ physical: false }) }).confirmSerial, null);
    assert.equal(planned({ source: fileSource() }).confirmSerial, null);
  });

  test('software block goes for every node that a write can come through', () => {
    const overrides = { softwareBlock: true };
    const disk = blockSource({ partitions: [partition(1), partition(2)] });
    assert.deepEqual(planned({ overrides, source: disk }).setReadOnly, ['/dev/sdx', '/dev/sdx1', '/dev/sdx2']);
    const part = blockSource({ name: 'sdx1', kind: 'partition' });
    assert.deepEqual(planned({ overrides, source: part }).setReadOnly, ['/dev/sdx1', '/dev/sdx']);
    const mapper = blockSource({ name: 'dm-0', path: '/dev/mapper/lv', kind: 'mapper', wholeDisk: 'dm-0' });
    assert.deepEqual(planned({ overrides, source: mapper }).setReadOnly, ['/dev/mapper/lv']);
    assert.deepEqual(planned({ overrides, source: fileSource() }).setReadOnly, []);
  });

  test('a partition is not held against the capacity of its disk', () => {
    const [comparison] = planned({
      source: blockSource({ name: 'sdx1', kind: 'partition', size: MIB }),
      label: { size: 5e11 },
    }).labelComparisons;
    assert.deepEqual(comparison, {
      field: 'size',
      label: '500000000000',
      device: null,
      by: null,
      result: 'not-compared',
    });
  });
});

describe('label', () => {
  const rows: ['model' | 'serial', string, string, string][] = [
    ['model', 'ST1000DM010', 'ST1000DM010-2EP102', 'match'],
    ['model', 'Seagate ST1000DM010', 'ST1000DM010', 'match'],
    ['model', 'WD Blue', 'WDC_WD10EZEX', 'mismatch'],
    ['model', 'WD', 'WDC WD10EZEX', 'mismatch'],
    ['model', '5', '5', 'match'],
    ['model', '---', 'Acme', 'mismatch'],
    ['model', 'Acme', ' \u0000', 'not-compared'],
    ['serial', 'wd-wcc4e1234567', '  WD-WCC4E1234567', 'match'],
    ['serial', '0012', '12', 'mismatch'],
    ['serial', '12', '123', 'mismatch'],
    ['serial', '12', '', 'not-compared'],
    ['serial', '12', '0000', 'not-compared'],
  ];
  for (const [field, label, told, expected] of rows) {
    test(`${field} ${label} and ${JSON.stringify(told)}: ${expected}`, () => {
      const plan = planned({
        source: blockSource({ [field]: known(told), physical: false }),
        label: { [field]: label, mismatchReason: 'for the test' },
      });
      assert.equal(plan.labelComparisons[0]?.result, expected);
    });
  }

  test('size: from 4 % below the label to 2 % above it', () => {
    const compared = (size: number): string | undefined =>
      planned({ source: blockSource({ size }), label: { size: 1_000_000_000_000, mismatchReason: 'for the test' } })
        .labelComparisons[0]?.result;
    assert.equal(compared(960_000_000_000), 'match');
    assert.equal(compared(959_999_999_999), 'mismatch');
    assert.equal(compared(1_020_000_000_000), 'match');
    assert.equal(compared(1_020_000_000_001), 'mismatch');
  });
});

describe('space', () => {
  test('image, a line a piece, and the records', () => {
    assert.equal(spaceNeeded(16 * MIB + 1, 16 * MIB), 16 * MIB + 1 + 200 + 32 * MIB);
  });

  test('the segment size that is offered works', () => {
    const limits = fc.option(fc.integer({ min: MIB, max: 8 * GIB }));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 44 }), limits, (size, limit) => {
        const offered = workingSegmentSize(size, limit);
        if (offered === null) {
          const largest = Math.floor((limit ?? 0) / MIB) * MIB;
          assert.ok(limit !== null && size > 999 * largest, 'there was one');
          return;
        }
        assert.ok(Math.ceil(size / offered) <= 999 && offered <= (limit ?? Infinity) && offered % MIB === 0);
        assert.equal(parseSize(sizeText(offered), 'size'), offered);
      }),
    );
  });

  test('sizes are written as the command line takes them', () => {
    fc.assert(
      fc.property(fc.nat(), (bytes) => {
        assert.equal(parseSize(sizeText(bytes), 'size'), bytes);
      }),
    );
    assert.deepEqual([1, 4096, 3 * MIB, 2 * GIB, 0].map(sizeText), ['1', '4K', '3M', '2G', '0']);
  });
});

describe('describePlan', () => {
  test('says once why the disk answered nothing', () => {
    const facts = factsWith({});
    const run = { argv: ['sfdisk'], exit: 0, signal: null, milliseconds: 1, failure: null };
    const probes = { ...facts.protection.probes, encryption: known([]), runs: [run] };
    const result = planAcquisition({ ...facts, protection: { ...facts.protection, probes } });
    assert.ok(result.ok);
    assert.match(
      describePlan(result.plan),
      /By the disk itself\n {2}answers +none: not asked\n {2}encryption +No sign .*\n\n/,
    );
  });

  test('says what the disk answered, and what is hidden', () => {
    const facts = factsWith({ own: known({ model: 'WD10\u001b[2J', serial: 'WX1', firmware: '1' }) });
    const run = { argv: ['smartctl'], exit: 0, signal: null, milliseconds: 1, failure: null };
    const probes = {
      ...facts.protection.probes,
      healthy: known(false),
      hpa: known({ visible: 90, native: 100, sectorSize: 512 }),
      encryption: known([]),
      runs: [run],
    };
    const result = planAcquisition({ ...facts, protection: { ...facts.protection, probes } });
    assert.ok(result.ok);
    const text = describePlan(result.plan);
    assert.match(text, /By the disk itself\n {2}model +WD10\\u\{1b\}\[2J\n {2}serial +WX1\n {2}SMART health +FAILED\n/);
    assert.match(text, /hidden \(HPA\) +10 sectors \(5,120 bytes .*\) are hidden, and NOT in the image\n/);
    assert.match(text, /hidden \(DCO\) +unknown: not asked\n {2}encryption +No sign was found .* is not ruled out\.\n/);
  });

  test('as it is printed', () => {
    const text = describePlan(
      planned({
        source: blockSource({ size: 10 * MIB, partitions: [partition(1)], wwn: unknown('x') }),
        settings: { format: 'split', segmentSize: 4 * MIB },
        label: { serial: 'S3Z2NB0K123456A', size: 500_000_000_000, mismatchReason: 'cut disk', sealNumber: '7' },
        overrides: { unsigned: true },
        destination: { claimedByOthers: unknown('no rights'), disks: known([]), model: unknown('no disk') },
      }),
    );
    assert.equal(
      text,
      `Source
  path           /dev/sdx
  kind           disk, physical
  model          Samsung SSD 860 EVO 500GB
  serial         S3Z2NB0K123456A
  hangs on       unknown: nobody looked
  size           10,485,760 bytes (10.0 MiB), 20,480 sectors
  sector         512 bytes logical, 4096 physical
  partition      /dev/sdx1 1.0 MiB ntfs

By the disk itself
  asked          nothing: not asked

Label
  serial         match: label S3Z2NB0K123456A, device S3Z2NB0K123456A
  size           mismatch: label 500,000,000,000 bytes, device 10,485,760 bytes

Write protection
  verdict        known-blocker: It hangs on a write blocker.

Destination
  folder         /mnt/evidence/C-17/E1
  file system    ext4 on /dev/sdy1, mounted at /mnt/evidence
  disk           none: memory or network
  model          unknown: no disk
  serial         WD-WCC4E1234567
  free           4,000,000,000,000 bytes (3.6 TiB)
  needed         44,040,292 bytes (42.0 MiB), with room for records; other running jobs: unknown: no rights

Image
  profile        bench version 1
  files          split: E1.001 … E1.003, 3 of at most 4M
  hashes         md5, sha256; engine auto; pieces of 16M
  reader         dd, blocks of 4M
  read-back      yes: the image is read again and compared
  source again   no: the source is read once

Case
  case           C-17
  evidence       E1
  examiner       R. Ames
  seal number    7

Deviations
  --label-mismatch cut disk
  --unsigned     nothing will be signed

Findings
  warning: The label does not match the device: size is 500,000,000,000 bytes on the label, 10,485,760 bytes by the device. Accepted: cut disk [label.mismatch-accepted]
  warning: What other running jobs still need on /mnt/evidence could not be looked up (no rights). [destination.claims-unknown]
`,
    );
  });

  test('nothing that a device or a person says reaches the terminal raw', () => {
    const evil = fc.constantFrom('\u001b[2J', 'a\nb', '\u202e', '\u0000', '\u009b1m', '\ud800');
    fc.assert(
      fc.property(evil, evil, (a, b) => {
        const source = blockSource({
          path: `/dev/${a}`,
          // No question is asked: such a serial can't be typed, and a physical disk would be refused.
          physical: false,
          model: known(a),
          serial: known(`${b}1234`),
          transport: known(b),
          partitions: [{ ...partition(1), label: a, fileSystem: b, path: a }],
        });
        const text = describePlan(
          planned({
            source,
            label: { model: b, serial: a, condition: a, mismatchReason: b },
            case: { caseNumber: a, evidenceId: b, notes: a, description: b, authority: a, examiner: b },
            request: { folderName: 'C/E', profile: { name: a, version: 1, sha256: '' } },
            destination: {
              mountSource: a,
              mountPoint: b,
              fileSystem: a,
              model: known(a),
              serial: unknown(b),
              path: `/${a}`,
            },
            verdict: {
              name: 'known-blocker',
              meaning: 'x',
              evidence: [{ fact: 'kernel-flag', what: a, seen: b, source: a }],
            },
          }),
        );
        // eslint-disable-next-line no-control-regex -- these are what must not be there
        assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]|\p{Cs}/u);
        assert.doesNotMatch(text, /^b/m, 'a line break came through');
      }),
    );
  });
});
