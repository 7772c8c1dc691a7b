import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import fc from 'fast-check';
import { fileLimit } from '../../src/discover/file-system.ts';
import { lsblkArgv, parseLsblk } from '../../src/discover/lsblk.ts';
import { mountHolding, parseMountinfo, unescapeOctal } from '../../src/discover/mountinfo.ts';
import { deviceNumber } from '../../src/discover/number.ts';
import { parseSwaps } from '../../src/discover/swaps.ts';
import { packageRoot } from '../support/root.ts';
import { encode } from './made-up-station.ts';

const fixture = (name: string): string => readFileSync(join(packageRoot, 'test/fixtures/discover', name), 'utf8');

describe('mountinfo', () => {
  const mounts = parseMountinfo(fixture('mountinfo.txt'));

  test('reads a capture: blanks in names, an empty source, read-only', () => {
    assert.equal(mounts.length, fixture('mountinfo.txt').trim().split('\n').length);
    const [lower, upper] = [mounts.at(-2), mounts.at(-1)];
    assert.deepEqual(lower, {
      number: '7:0',
      mountPoint: '/mnt/evidence disk',
      fileSystem: 'ext4',
      source: '/dev/loop0',
      readOnly: true,
    });
    assert.deepEqual([upper?.source, upper?.readOnly], ['', false]);
  });

  test('the device number decides between mounts that hide each other', () => {
    assert.equal(mountHolding(mounts, '/mnt/evidence disk/case', '7:0')?.fileSystem, 'ext4');
    assert.equal(mountHolding(mounts, '/mnt/evidence disk/case', '0:39')?.fileSystem, 'tmpfs');
    assert.equal(mountHolding(mounts, '/mnt/evidence', '254:0')?.mountPoint, '/');
  });

  test('a number that no mount shows (a btrfs subvolume): the place decides, the last mount wins', () => {
    assert.equal(mountHolding(mounts, '/mnt/evidence disk/sub', '0:77')?.fileSystem, 'tmpfs');
  });

  test('any mount point comes back as the kernel escaped it', () => {
    const escape = (path: string): string =>
      path.replace(/[ \t\n\\#]/g, (letter) => `\\${letter.charCodeAt(0).toString(8).padStart(3, '0')}`);
    fc.assert(fc.property(fc.string(), (path) => unescapeOctal(escape(path)) === path));
  });

  test('never throws on any text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        parseMountinfo(text);
        parseSwaps(text);
      }),
    );
  });
});

test('swaps: a capture with a device and a file', () => {
  assert.deepEqual(parseSwaps(fixture('swaps.txt')), [
    { path: '/dev/loop0', kind: 'partition' },
    { path: '/swap file', kind: 'file' },
  ]);
});

describe('lsblk', () => {
  test('reads a capture of a loop device with a partition table', () => {
    const [disk, first, second] = parseLsblk(fixture('lsblk-loop-gpt.json'));
    assert.deepEqual(
      [disk?.name, disk?.number, disk?.size, disk?.readOnly, disk?.model],
      ['loop0', '7:0', 67_108_864, true, null],
    );
    assert.deepEqual([first?.type, first?.parent, first?.size], ['part', 'loop0', 16_777_216]);
    assert.equal(second?.name, 'loop0p2');
  });

  test('old versions: numbers and flags as strings, partitions as children, a device below two parents once', () => {
    const child = { kname: 'md0', 'maj:min': '9:0', type: 'raid1', size: '1024', ro: '0' };
    const parent = (kname: string, number: string): object => ({
      kname,
      'maj:min': number,
      ro: '1',
      size: '2048',
      children: [child],
    });
    const rows = parseLsblk(JSON.stringify({ blockdevices: [parent('sda', '8:0'), parent('sdb', '8:16')] }));
    assert.deepEqual(
      rows.map(({ name, size, readOnly }) => [name, size, readOnly]),
      [
        ['sda', 2048, true],
        ['md0', 1024, false],
        ['sdb', 2048, true],
      ],
    );
  });

  test('what is not lsblk’s JSON is refused, not taken for "no devices"', () => {
    for (const text of ['', '{', '[]', '{"blockdevices": null}'])
      assert.throws(() => parseLsblk(text), { code: 'discover.failed' });
  });

  test('columns that may make lsblk read the disks are asked only where udev answers them', () => {
    assert.ok(lsblkArgv(true).join().includes('SERIAL'));
    assert.ok(!/SERIAL|MODEL|FSTYPE|LABEL|PARTTYPE|WWN/.test(lsblkArgv(false).join()));
  });
});

test('device numbers: any major and minor comes back', () => {
  fc.assert(
    fc.property(fc.nat(0xfffff), fc.nat(0xfffff), (major, minor) => {
      assert.equal(deviceNumber(encode(`${major}:${minor}`)), `${major}:${minor}`);
    }),
  );
});

test('file limits: vfat one byte short of 4 GiB, ext4 16 TiB with 4 KiB blocks, none that matters for xfs', () => {
  assert.equal(fileLimit('vfat', 32_768), 4_294_967_295);
  assert.equal(fileLimit('ext4', 4096), 17_592_186_040_320);
  assert.equal(fileLimit('ext4', 1024), 4_398_046_510_080);
  assert.equal(fileLimit('ext3', 4096), 2_196_873_666_560);
  assert.equal(fileLimit('ext2', 1024), 17_247_252_480);
  assert.equal(fileLimit('xfs', 4096), null);
});
