import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { known, unknown } from '../../src/model/device.ts';
import { planAcquisition } from '../../src/plan/plan.ts';
import { blockSource, type Changes, factsWith, fileSource, GIB, MIB } from './facts.ts';

/** Every finding as `level code fault`, in order. */
function found(changes: Changes): string[] {
  const result = planAcquisition(factsWith(changes));
  const all = result.ok ? result.plan.findings : [...result.refusals, ...result.findings];
  return all.map(({ level, code, fault }) => `${level} ${code} ${fault}`);
}

function message(changes: Changes): string {
  const result = planAcquisition(factsWith(changes));
  return (result.ok ? result.plan.findings : result.refusals)
    .map((one) => `${one.message} ${one.hint ?? ''}`)
    .join('\n');
}

const noFlag: Changes = {
  verdict: {
    name: 'none-observed',
    meaning: 'Nothing was seen.',
    evidence: [{ what: 'flag', seen: 'writable', source: '/sys' }],
  },
};
const manyBlocks: Changes = { source: blockSource({ size: 2 ** 43 + 4096 }), destination: { freeBytes: 2 ** 44 } };
const DARK = unknown('no /proc');
const serialless = blockSource({ serial: unknown('the bridge tells none') });

// What is changed, and everything that is then found: a rule that fires where it should not shows as well.
const rows: [string, Changes, string[]][] = [
  ['nothing wrong', {}, []],
  ['an empty source', { source: blockSource({ size: 0 }) }, ['refusal source.empty source']],
  [
    'a mounted partition',
    { source: blockSource({ uses: known([{ kind: 'mount', device: '/dev/sdx1', by: '/media/x' }]) }) },
    ['refusal source.in-use guard'],
  ],
  ['use unknown', { source: blockSource({ uses: DARK }) }, ['warning source.use-unknown guard']],
  ['half a sector', { source: blockSource({ size: 513 }) }, ['warning source.odd-size source']],
  ['a plain file', { source: fileSource() }, ['note source.plain-file usage']],
  [
    'a plain file of odd size',
    { source: fileSource(513) },
    ['note source.odd-size usage', 'note source.plain-file usage'],
  ],
  [
    'a block smaller than the sector',
    { source: blockSource({ logicalSector: 8192 }), settings: { blockSize: 4096 } },
    ['refusal usage.block-size usage'],
  ],
  [
    'too many blocks to count',
    { ...manyBlocks, settings: { reader: 'direct', blockSize: 4096 } },
    ['refusal usage.block-size usage'],
  ],
  ['as many blocks by dd', { ...manyBlocks, settings: { reader: 'dd', blockSize: 4096 } }, []],

  ['not read-only', noFlag, ['refusal guard.not-read-only guard']],
  [
    'not read-only, a loop',
    { ...noFlag, source: blockSource({ kind: 'loop', physical: false }) },
    ['refusal guard.not-read-only guard'],
  ],
  [
    'not read-only, software block',
    { ...noFlag, overrides: { softwareBlock: true } },
    ['warning guard.software-block guard'],
  ],
  [
    'not read-only, allowed',
    { ...noFlag, overrides: { allowUnblocked: 'no blocker fits' } },
    ['warning guard.unblocked guard'],
  ],
  [
    'a verdict that contradicts itself has no way round',
    {
      verdict: { name: 'contradicted', meaning: 'x', evidence: [] },
      overrides: { softwareBlock: true, allowUnblocked: 'why' },
    },
    ['refusal guard.contradicted guard'],
  ],
  ['a file needs no flag', { ...noFlag, source: fileSource() }, ['note source.plain-file usage']],

  [
    'label agrees',
    { label: { model: 'SAMSUNG 860 EVO', serial: 's3z2 nb0k 123456a', size: 500_000_000_000 } },
    ['refusal label.mismatch guard'],
  ],
  [
    'label agrees with the letters',
    { label: { model: 'SSD 860-EVO', serial: 's3z2 nb0k 123456a', size: 500_000_000_000 } },
    [],
  ],
  ['another serial', { label: { serial: 'S3Z2NB0K123456B' } }, ['refusal label.mismatch guard']],
  ['another size', { label: { size: 480_000_000_000 } }, ['refusal label.mismatch guard']],
  [
    'another serial, accepted',
    { label: { serial: 'X', mismatchReason: 'bridge' } },
    ['warning label.mismatch-accepted guard'],
  ],
  ['a reason without a mismatch', { label: { mismatchReason: 'bridge' } }, ['note label.no-mismatch usage']],
  ['nothing to compare with', { source: serialless, label: { serial: 'ABC1' } }, ['warning label.not-compared guard']],
  [
    'a bridge that tells zeros',
    { source: blockSource({ serial: known('000000000000') }), label: { serial: 'ABC1' } },
    ['warning label.not-compared guard'],
  ],
  [
    'label of a plain file',
    { source: fileSource(), label: { model: 'Acme', serial: '1', size: 7 } },
    ['note source.plain-file usage', ...Array<string>(3).fill('warning label.not-compared guard')],
  ],
  ['--yes without the label', { request: { yes: true } }, ['refusal usage.yes-needs-label usage']],
  ['--yes with the label', { request: { yes: true }, label: { serial: 'S3Z2NB0K123456A' } }, []],
  ['--yes, nothing physical', { request: { yes: true }, source: blockSource({ kind: 'loop', physical: false }) }, []],
  ['no serial anywhere', { source: serialless }, ['refusal usage.no-serial usage']],
  ['no serial, nothing physical', { source: blockSource({ serial: DARK, physical: false }) }, []],
  [
    'a serial nobody can type',
    { source: blockSource({ serial: known('AB\u001b[1') }) },
    ['refusal usage.no-serial usage'],
  ],

  [
    'destination on the source',
    { destination: { disks: known(['sdq', 'sdx']) } },
    ['refusal destination.on-source destination'],
  ],
  ['destination’s disks unknown', { destination: { disks: DARK } }, ['warning destination.disks-unknown destination']],
  ['a file beside its image', { source: fileSource(), destination: { disks: DARK } }, ['note source.plain-file usage']],
  ['system disk', { destination: { onSystemDisk: known(true) } }, ['refusal destination.system-disk destination']],
  [
    'system disk, allowed',
    { destination: { onSystemDisk: known(true) }, overrides: { allowSystemDestination: true } },
    ['warning destination.system-disk destination'],
  ],
  ['system disk unknown', { destination: { onSystemDisk: DARK } }, ['warning destination.system-unknown destination']],
  [
    'system disk, nothing physical',
    { source: blockSource({ physical: false }), destination: { onSystemDisk: known(true) } },
    [],
  ],
  ['read-only destination', { destination: { readOnly: true } }, ['refusal destination.read-only destination']],
  ['no room', { destination: { freeBytes: 500_107_862_016 } }, ['refusal destination.no-room destination']],
  [
    'room that others need',
    { destination: { freeBytes: 600_000_000_000, claimedByOthers: known(100_000_000_000) } },
    ['refusal destination.no-room destination'],
  ],
  [
    'room that others may need',
    { destination: { claimedByOthers: DARK } },
    ['warning destination.claims-unknown destination'],
  ],
  ['folder not empty', { folderContent: ['E1.journal.jsonl'] }, ['refusal destination.exists destination']],
  ['folder there, empty', { folderContent: [] }, []],
  [
    'beyond the file limit',
    { destination: { fileLimit: 4 * GIB - 1 } },
    ['refusal destination.file-limit destination'],
  ],
  ['segments within the limit', { destination: { fileLimit: 4 * GIB - 1 }, settings: { format: 'split' } }, []],
  [
    'segments beyond the limit',
    { destination: { fileLimit: 4 * GIB - 1 }, settings: { format: 'split', segmentSize: 4 * GIB } },
    ['refusal destination.file-limit destination'],
  ],
  [
    'a source smaller than a segment',
    {
      source: fileSource(),
      destination: { fileLimit: 4 * GIB - 1 },
      settings: { format: 'split', segmentSize: 8 * GIB },
    },
    ['note source.plain-file usage'],
  ],
  [
    'a thousand segments',
    { settings: { format: 'split', segmentSize: 100 * MIB } },
    ['refusal usage.too-many-segments usage'],
  ],

  ['a case that is no folder', { case: { caseNumber: 'a/b' } }, ['refusal usage.folder-name usage']],
  [
    'both ids no folders',
    { case: { caseNumber: 'CON', evidenceId: '..' } },
    ['refusal usage.folder-name usage', 'refusal usage.folder-name usage'],
  ],
  ['item named', { case: { evidenceId: 'x\ny' }, request: { folderName: 'E1' } }, []],
  [
    'item named, case still no folder',
    { case: { caseNumber: 'Дело' }, request: { folderName: 'E1' } },
    ['refusal usage.folder-name usage'],
  ],
  ['both named', { case: { caseNumber: 'Дело' }, request: { folderName: 'C/E1' } }, []],
  ['three parts', { request: { folderName: 'a/b/c' } }, ['refusal usage.folder-name usage']],
  ['a name that climbs', { request: { folderName: '../E1' } }, ['refusal usage.folder-name usage']],
];

describe('rules', () => {
  for (const [what, changes, expected] of rows)
    test(what, () => {
      assert.deepEqual(found(changes), expected);
    });

  test('all refusals at once', () => {
    assert.deepEqual(
      found({
        ...noFlag,
        source: blockSource({ uses: known([{ kind: 'swap', device: '/dev/sdx2', by: '/dev/sdx2' }]), serial: DARK }),
        label: { model: 'Other' },
        case: { evidenceId: '..' },
        destination: { readOnly: true, freeBytes: 1, disks: known(['sdx']), onSystemDisk: known(true), fileLimit: GIB },
      }),
      [
        'refusal source.in-use guard',
        'refusal guard.not-read-only guard',
        'refusal label.mismatch guard',
        'refusal usage.no-serial usage',
        'refusal destination.on-source destination',
        'refusal destination.system-disk destination',
        'refusal destination.read-only destination',
        'refusal destination.no-room destination',
        'refusal usage.folder-name usage',
        'refusal destination.file-limit destination',
      ],
    );
  });
});

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
        evidence: [{ what: evil, seen: evil, source: evil }],
      },
      folderContent: [evil],
      destination: { path: `/mnt/${evil}`, freeBytes: 0, disks: unknown(evil) },
    });
    // eslint-disable-next-line no-control-regex -- these are what must not be there
    assert.doesNotMatch(told, /[\u001b\u0007]/);
  });
});
