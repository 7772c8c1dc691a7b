import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { known, unknown } from '../../src/model/device.ts';
import { blockSource, type Changes, fileSource, found, GIB, MIB, USB2 } from './facts.ts';

const noFlag: Changes = {
  verdict: {
    name: 'none-observed',
    meaning: 'Nothing was seen.',
    evidence: [{ fact: 'kernel-flag', what: 'flag', seen: 'writable', source: '/sys' }],
  },
};
const manyBlocks: Changes = { source: blockSource({ size: 2 ** 43 + 4096 }), destination: { freeBytes: 2 ** 44 } };
const DARK = unknown('no /proc');
const serialless = blockSource({ serial: unknown('the bridge tells none') });

const OWN = known({ model: 'WDC WD10EZEX Blue', serial: 'WD-WX11A1234567', firmware: '1' });
const ZEROS = known({ model: '', serial: '000000', firmware: '' });
const bridged = blockSource({ serial: known('DD56419883896'), model: known('Generic Disk') });
const TWINS = known({ twins: ['/dev/sdy'], notes: [] });
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

  ['not read-only', noFlag, ['refusal guard.not-protected guard', 'refusal guard.not-read-only guard']],
  [
    'not read-only, a loop',
    { ...noFlag, source: blockSource({ kind: 'loop', physical: false }) },
    ['refusal guard.not-protected guard', 'refusal guard.not-read-only guard'],
  ],
  [
    'not read-only, software block, which is less than bench takes',
    { ...noFlag, overrides: { softwareBlock: true } },
    ['refusal guard.not-protected guard', 'warning guard.software-block guard'],
  ],
  [
    'not read-only, software block, where the flag is enough',
    { ...noFlag, overrides: { softwareBlock: true }, settings: { protection: 'kernel-flag-only' } },
    ['warning guard.software-block guard'],
  ],
  [
    'read-only by the flag alone',
    { verdict: { name: 'kernel-flag-only', meaning: 'x', evidence: [] } },
    ['refusal guard.not-protected guard'],
  ],
  [
    'a known blocker that declares nothing: the flag is only advised',
    { verdict: { ...noFlag.verdict!, name: 'known-blocker' } },
    ['warning guard.flag-not-set guard'],
  ],
  [
    'not read-only, allowed',
    { ...noFlag, overrides: { allowUnblocked: 'no blocker fits' } },
    ['warning guard.unblocked guard', 'warning guard.flag-not-set guard'],
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
  [
    'the serial by the disk itself, another by its bridge',
    { own: OWN, source: bridged, label: { model: 'WD10EZEX', serial: 'WD-WX11 A1234567' } },
    [],
  ],
  [
    "the bridge's serial, where the disk tells its own",
    { own: OWN, source: bridged, label: { serial: 'DD56419883896' } },
    ['refusal label.mismatch guard'],
  ],
  ['a disk that tells zeros by itself', { own: ZEROS, label: { serial: 's3z2nb0k123456a' } }, []],
  [
    'a serial of zeros',
    { serials: known({ twins: [], notes: [{ code: 'serial.zeros', devices: ['/dev/sdx'], message: 'zeros' }] }) },
    ['warning label.serial.zeros guard'],
  ],
  [
    'a serial that two bridges tell, and another that the disk tells by itself',
    { own: OWN, serials: TWINS, request: { yes: true }, label: { serial: 'WD-WX11A1234567' } },
    ['warning label.serial-twice guard'],
  ],
  [
    'hardware data left out',
    { leftOut: { shipped: ['hardware/x.yaml:1:1: bad'], lab: ['lab.yaml:2:1: bad'] } },
    ['warning hardware.left-out usage', 'warning hardware.left-out usage'],
  ],
  ['a USB 2 link', { source: blockSource({ chain: known(USB2) }) }, ['warning source.slow-link source']],
  ['a chain that is not known', { source: blockSource({ chain: DARK }) }, []],
  ['another disk tells its serial', { serials: TWINS }, ['warning label.serial-twice guard']],
  [
    'another disk tells its serial, and nobody is asked',
    { serials: TWINS, request: { yes: true }, label: { serial: 'S3Z2NB0K123456A' } },
    ['refusal label.serial-twice guard'],
  ],
  [
    'another disk tells its serial, and somebody says why this one is meant',
    {
      serials: TWINS,
      request: { yes: true },
      label: { serial: 'S3Z2NB0K123456A', mismatchReason: 'the left one' },
    },
    ['warning label.serial-twice guard'],
  ],
  ['the other disks are not known', { serials: DARK }, ['warning label.twins-unknown guard']],
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
        'refusal guard.not-protected guard',
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
