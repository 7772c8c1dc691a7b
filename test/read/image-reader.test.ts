import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import fc from 'fast-check';
import type { ImagePart } from '../../src/read/image-reader.ts';
import { systemFiles } from '../../src/system/files.ts';
import { badDisk } from '../support/bad-disk.ts';
import { diskBytes, lacks, mount, sh, freshFileSystem } from '../support/loop.ts';
import { testPorts } from '../support/ports.ts';
import { tempFolder } from '../support/temp.ts';
import { MIB } from './read-all.ts';
import { readBack } from './read-back.ts';

const SEGMENT = 256 * 1024;
const SIZE = 3 * SEGMENT + 12_345;

/** A split image of four segments, the last odd, in a folder. */
function splitImage(folder: string): { content: Buffer; parts: ImagePart[] } {
  const content = diskBytes(SIZE);
  const parts = [0, 1, 2, 3].map((index) => {
    const offset = index * SEGMENT;
    const length = Math.min(SEGMENT, SIZE - offset);
    const path = join(folder, `image.00${index + 1}`);
    writeFileSync(path, content.subarray(offset, offset + length));
    return { path, offset, length };
  });
  return { content, parts };
}

const whole = { start: 0, end: SIZE };

/** Folders on file systems that take O_DIRECT differently. */
const places: readonly (readonly [string, (t: TestContext) => string | null])[] = [
  ['the station’s temporary folder', (t) => tempFolder(t)],
  ['tmpfs', (t) => freshFileSystem(t, 'tmpfs', 16 * MIB)],
  ['ext4 with blocks of 1 KiB', (t) => freshFileSystem(t, 'ext4', 16 * MIB, '-b', '1024')],
  ['vfat', (t) => freshFileSystem(t, 'vfat', 16 * MIB)],
  ['exFAT by FUSE', (t) => freshFileSystem(t, 'exfat', 16 * MIB)],
];

describe('reading an image back', { timeout: 120_000 }, () => {
  for (const [what, make] of places) {
    test(`${what}: whole, and any range however odd`, async (t) => {
      const folder = make(t);
      if (folder === null) return;
      const { content, parts } = splitImage(folder);
      const all = await readBack(parts, whole);
      assert.ok(all.bytes.equals(content));
      assert.deepEqual(all.missing, []);
      const ends = fc
        .tuple(fc.nat(SIZE), fc.nat(SIZE))
        .map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) }));
      const runs = what.startsWith('the station') ? 12 : 6;
      await fc.assert(
        fc.asyncProperty(ends, fc.constantFrom(8192, 65_536, 12_288), async (range, slotBytes) => {
          fc.pre(range.end > range.start);
          const found = await readBack(parts, range, { slotBytes });
          assert.ok(found.bytes.equals(content.subarray(range.start, range.end)));
          assert.deepEqual(found.missing, []);
        }),
        { numRuns: runs },
      );
    });
  }

  test('where O_DIRECT is refused it reads without', async (t) => {
    const { content, parts } = splitImage(tempFolder(t));
    const refused: string[] = [];
    const files: typeof systemFiles = {
      ...systemFiles,
      open: (path, mode) => {
        if (mode !== 'read-direct') return systemFiles.open(path, mode);
        refused.push(path);
        return Promise.reject(Object.assign(new Error('no direct'), { code: 'EINVAL' }));
      },
    };
    const found = await readBack(parts, { start: 5, end: SIZE - 3 }, { ports: testPorts({ files }) });
    assert.ok(found.bytes.equals(content.subarray(5, SIZE - 3)));
    assert.equal(refused.length, 4);
  });

  test('a missing segment: its range, nothing more', async (t) => {
    const { content, parts } = splitImage(tempFolder(t));
    rmSync(parts[1]!.path);
    const found = await readBack(parts, whole);
    assert.deepEqual(found.missing, [[SEGMENT, 2 * SEGMENT, 'missing']]);
    content.fill(0, SEGMENT, 2 * SEGMENT);
    assert.ok(found.bytes.equals(content), 'zeros in its place');
  });

  for (const cut of [0, 1, 4095, 4096, 70_000, SEGMENT - 1]) {
    test(`a segment cut at ${cut}: what is behind the cut, to the byte`, async (t) => {
      const { content, parts } = splitImage(tempFolder(t));
      truncateSync(parts[2]!.path, cut);
      const found = await readBack(parts, whole);
      assert.deepEqual(found.missing, [[2 * SEGMENT + cut, 3 * SEGMENT, 'missing']]);
      content.fill(0, 2 * SEGMENT + cut, 3 * SEGMENT);
      assert.ok(found.bytes.equals(content));
      const inside = await readBack(parts, { start: 2 * SEGMENT + 100, end: 2 * SEGMENT + 5000 });
      const from = 2 * SEGMENT + Math.max(100, cut);
      assert.deepEqual(inside.missing, from < 2 * SEGMENT + 5000 ? [[from, 2 * SEGMENT + 5000, 'missing']] : []);
    });
  }

  test('a segment with bytes behind its end: they are not read', async (t) => {
    const { content, parts } = splitImage(tempFolder(t));
    for (const part of [parts[0]!, parts[3]!]) appendFileSync(part.path, 'more');
    const found = await readBack(parts, whole);
    assert.deepEqual(found.missing, []);
    assert.ok(found.bytes.equals(content));
  });

  test('a segment that can not be opened, or is a folder, says why', async (t) => {
    const { parts } = splitImage(tempFolder(t));
    rmSync(parts[1]!.path);
    mkdirSync(parts[1]!.path);
    const files: typeof systemFiles = {
      ...systemFiles,
      open: (path, mode) =>
        path === parts[2]!.path
          ? Promise.reject(Object.assign(new Error('no'), { code: 'EACCES' }))
          : systemFiles.open(path, mode),
    };
    const found = await readBack(parts, whole, { ports: testPorts({ files }) });
    assert.deepEqual(found.missing, [
      [SEGMENT, 2 * SEGMENT, 'EISDIR'],
      [2 * SEGMENT, 3 * SEGMENT, 'EACCES'],
    ]);
  });

  test('a segment on a failing disk: EIO where it does not come back, right bytes elsewhere', async (t) => {
    if (lacks(t, 'losetup', 'mkfs.ext4', 'debugfs')) return;
    const folder = tempFolder(t);
    const size = 16 * MIB;
    const { content, parts } = splitImage(folder);
    // The file system is made whole first, so that the place of one block of a segment is known.
    const image = join(folder, 'fs.img');
    writeFileSync(image, Buffer.alloc(size));
    sh('mkfs.ext4', '-q', '-F', '-b', '4096', image);
    sh('debugfs', '-w', '-R', `write ${parts[1]!.path} image.002`, image);
    const block = Number(sh('debugfs', '-R', 'bmap image.002 20', image));
    assert.ok(block > 0);
    const disk = await badDisk(t, {
      content: await systemFiles.readBytes(image),
      bad: [{ start: block * 4096 + 512, end: block * 4096 + 1024 }],
    });
    if (disk === null) return;
    const mounted = mount(t, join(folder, 'mnt'), '-o', 'ro,noload', disk.node);
    const onBad = parts.map((part, index) => (index === 1 ? { ...part, path: join(mounted, 'image.002') } : part));
    const found = await readBack(onBad, whole, { slotBytes: 4096 });
    const at = SEGMENT + 20 * 4096;
    assert.deepEqual(found.missing, [[at, at + 4096, 'EIO']]);
    content.fill(0, at, at + 4096);
    assert.ok(found.bytes.equals(content));
  });

  test('told to stop, it stops', async (t) => {
    const { parts } = splitImage(tempFolder(t));
    const stop = AbortSignal.abort();
    const found = await readBack(parts, whole, { stop });
    assert.equal(found.bytes.length, 0);
  });
});
