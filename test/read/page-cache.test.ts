import assert from 'node:assert/strict';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { deviceNumber } from '../../src/discover/number.ts';
import { fileOf } from '../../src/read/held-source.ts';
import type { ImagePart } from '../../src/read/image-reader.ts';
import { avoidSourceCache, type CacheState } from '../../src/read/page-cache.ts';
import type { Ports } from '../../src/system/ports.ts';
import { attachLoop, diskBytes, freshFileSystem, lacks, sh } from '../support/loop.ts';
import { testPorts } from '../support/ports.ts';
import { tempFolder } from '../support/temp.ts';
import { SATA, stationWithDisk, type MadeUp } from './made-up-disk.ts';
import { hold, MIB } from './read-all.ts';
import { readBack } from './read-back.ts';

describe('was the page cache avoided?', { timeout: 60_000 }, () => {
  const one = (folder: string): ImagePart[] => {
    const path = join(folder, 'image.dd');
    writeFileSync(path, diskBytes(MIB));
    sh('sync', path);
    return [{ path, offset: 0, length: MIB }];
  };

  test('tmpfs: no, it has nothing but memory', async (t) => {
    const folder = freshFileSystem(t, 'tmpfs', 16 * MIB);
    if (folder === null) return;
    const { cache } = await readBack(one(folder), { start: 0, end: MIB });
    assert.deepEqual([cache.avoided, cache.fileSystem], ['no', '0x1021994']);
    assert.match(cache.how, /tmpfs/);
  });

  test('ext4 on a loop device: unknown, whatever lies below may cache', async (t) => {
    const folder = freshFileSystem(t, 'ext4', 16 * MIB);
    if (folder === null) return;
    const { cache } = await readBack(one(folder), { start: 0, end: MIB });
    assert.deepEqual([cache.avoided, cache.fileSystem], ['unknown', '0xef53']);
    assert.match(cache.how, /loop\d+ below it may cache/);
  });

  /** A real file system, of whose loop device the station says that it is a SATA drive: only what is below is made up. */
  const asOnDisk = (t: TestContext, folder: string, change: Partial<MadeUp> = {}): string => {
    const { dev } = statSync(folder);
    return stationWithDisk(t, { place: SATA, number: deviceNumber(dev), ...change });
  };
  const cacheOf = async (folder: string, ports: Ports): Promise<CacheState> =>
    (await readBack(one(folder), { start: 0, end: MIB }, { ports })).cache;

  test('ext4 on a drive, by O_DIRECT, no page of the file left: yes', async (t) => {
    const folder = freshFileSystem(t, 'ext4', 16 * MIB);
    if (folder === null) return;
    const cache = await cacheOf(folder, testPorts({ root: asOnDisk(t, folder) }));
    assert.equal(cache.avoided, 'yes', cache.how);
    assert.equal(cache.how, 'O_DIRECT reads on ext2/3/4; fincore counted 0 cached pages just before');
  });

  test('vfat on a drive, its pages evicted: yes', async (t) => {
    const folder = freshFileSystem(t, 'vfat', 16 * MIB);
    if (folder === null) return;
    const cache = await cacheOf(folder, noDirect(testPorts({ root: asOnDisk(t, folder) })));
    assert.equal(cache.avoided, 'yes', cache.how);
    assert.match(cache.how, /^buffered reads after eviction on vfat; fincore counted 0/);
  });

  test('FUSE: unknown, whatever O_DIRECT and fincore say', async (t) => {
    const folder = freshFileSystem(t, 'exfat', 16 * MIB);
    if (folder === null) return;
    const cache = await cacheOf(folder, testPorts({ root: asOnDisk(t, folder) }));
    assert.deepEqual([cache.avoided, cache.fileSystem], ['unknown', '0x65735546'], cache.how);
    assert.match(cache.how, /FUSE/);
  });

  test('a file system of which nothing is known: unknown', async (t) => {
    const folder = freshFileSystem(t, 'ext4', 16 * MIB);
    if (folder === null) return;
    const real = testPorts();
    const statfs: Ports['files']['statfs'] = async (path) => ({ ...(await real.files.statfs(path)), type: 0x73717368 });
    const ports = testPorts({ root: asOnDisk(t, folder), files: { ...real.files, statfs } });
    assert.equal((await cacheOf(folder, ports)).avoided, 'unknown');
  });

  test('ext4 that journals data does not honour O_DIRECT: unknown, and no once pages are left', async (t) => {
    const folder = freshFileSystem(t, 'ext4', 16 * MIB);
    if (folder === null) return;
    const node = sh('findmnt', '--noheadings', '--output', 'SOURCE', folder);
    sh('umount', folder);
    sh('mount', '-o', 'data=journal', node, folder);
    const name = basename(node);
    const ext4 = readFileSync(`/proc/fs/ext4/${name}/options`, 'utf8');
    const place = SATA.replace('sdb', name);
    const root = asOnDisk(t, folder, { place, ext4 });
    const cache = await cacheOf(folder, testPorts({ root }));
    assert.equal(cache.avoided, 'unknown', cache.how);
    assert.match(cache.how, /data=journal/);
    assert.equal((await cacheOf(folder, withFincore('17\n', 0, testPorts({ root })))).avoided, 'no');
  });

  test('ext4 of which the kernel tells nothing: unknown', async (t) => {
    const folder = freshFileSystem(t, 'ext4', 16 * MIB);
    if (folder === null) return;
    const cache = await cacheOf(folder, testPorts({ root: asOnDisk(t, folder, { ext4: null }) }));
    assert.equal(cache.avoided, 'unknown');
    assert.match(cache.how, /whether it journals data/);
  });

  for (const [what, stdout, exit, failure, avoided, how] of [
    ['counts pages', '17\n', 0, null, 'unknown', /17 cached pages/],
    ['is missing', '', null, 'missing', 'unknown', /fincore.* not installed/],
    ['fails', '', 1, null, 'unknown', /could not count/],
    ['says nothing', '', 0, null, 'unknown', /could not count/],
    ['says something strange', 'many\n', 0, null, 'unknown', /could not count/],
  ] as const) {
    test(`O_DIRECT where it is honoured, and a fincore that ${what}: ${avoided}`, async (t) => {
      const folder = freshFileSystem(t, 'ext4', 16 * MIB);
      if (folder === null) return;
      const ports = withFincore(stdout, exit, testPorts({ root: asOnDisk(t, folder) }), failure);
      const cache = await cacheOf(folder, ports);
      assert.equal(cache.avoided, avoided, cache.how);
      assert.match(cache.how, how);
    });
  }

  test('the worst of several files counts', async (t) => {
    const memory = freshFileSystem(t, 'tmpfs', 16 * MIB);
    if (memory === null) return;
    const parts = [...one(tempFolder(t)), ...one(memory).map((part) => ({ ...part, offset: MIB }))];
    assert.equal((await readBack(parts, { start: 0, end: 2 * MIB })).cache.avoided, 'no');
    assert.notEqual(
      (await readBack(parts, { start: 0, end: MIB })).cache.avoided,
      'no',
      'but only of those that are read',
    );
  });

  test('nothing read, nothing claimed', async (t) => {
    const parts = one(tempFolder(t));
    rmSync(parts[0]!.path);
    assert.equal((await readBack(parts, { start: 0, end: MIB })).cache.avoided, 'unknown');
  });

  test('without O_DIRECT, pages that stay in the cache are said to be there', async (t) => {
    const folder = freshFileSystem(t, 'ext4', 16 * MIB);
    if (folder === null) return;
    const ports = noDirect(withFincore('17\n', 0, testPorts({ root: asOnDisk(t, folder) })));
    const cache = await cacheOf(folder, ports);
    assert.equal(cache.avoided, 'no');
    assert.match(cache.how, /17 cached pages/);
  });
});

describe('was the page cache avoided at the second reading of the source?', { timeout: 60_000 }, () => {
  const BYTES = 8 * MIB;

  test('a block device: by O_DIRECT; what lies below a loop device may cache', async (t) => {
    if (lacks(t, 'losetup')) return;
    const path = join(tempFolder(t), 'disk.img');
    writeFileSync(path, diskBytes(BYTES));
    const node = attachLoop(t, path);
    const held = await hold(t, node);
    const cache = await avoidSourceCache(testPorts(), held);
    assert.deepEqual([cache.avoided, cache.fileSystem], ['unknown', 'none']);
    assert.match(cache.how, /^O_DIRECT reads of the block device; loop\d+ below it may cache/);
    const number = deviceNumber(statSync(node).rdev);
    const plain = await avoidSourceCache(testPorts({ root: stationWithDisk(t, { place: SATA, number }) }), held);
    assert.deepEqual(plain, { avoided: 'yes', how: 'O_DIRECT reads of the block device', fileSystem: 'none' });
  });

  test('a plain file on tmpfs: no', async (t) => {
    const folder = freshFileSystem(t, 'tmpfs', 16 * MIB);
    if (folder === null) return;
    const path = join(folder, 'disk.img');
    writeFileSync(path, diskBytes(MIB));
    assert.equal((await avoidSourceCache(testPorts(), await hold(t, path))).avoided, 'no');
  });

  test('a plain file on a drive: evicted, counted, although its name is gone by then', async (t) => {
    const folder = freshFileSystem(t, 'ext4', 16 * MIB);
    if (folder === null) return;
    const path = join(folder, 'disk.img');
    writeFileSync(path, diskBytes(MIB));
    sh('sync', path);
    const held = await hold(t, path);
    await fileOf(held).read(new Uint8Array(MIB), 0, MIB, 0);
    assert.notEqual(sh('fincore', '--noheadings', '--raw', '--output', 'PAGES', path), '0', 'it is in the cache');
    const root = stationWithDisk(t, { place: SATA, number: deviceNumber(statSync(path).dev) });
    rmSync(path);
    const cache = await avoidSourceCache(testPorts({ root }), held);
    assert.equal(cache.avoided, 'yes', cache.how);
    assert.match(cache.how, /^buffered reads after eviction on ext2\/3\/4; fincore counted 0/);
    const { avoided } = await avoidSourceCache(withFincore('256\n', 0, testPorts({ root })), held);
    assert.equal(avoided, 'no', 'pages that stay are read from memory');
  });
});

/** A station whose fincore answers so. */
function withFincore(stdout: string, exit: number | null, real: Ports, failure: 'missing' | null = null): Ports {
  const run: Ports['commands']['run'] = async (argv, options) =>
    argv[0] === 'fincore'
      ? { argv, exit, signal: null, stdout, stderr: '', failure }
      : real.commands.run(argv, options);
  return { ...real, commands: { ...real.commands, run } };
}

/** A station that has no O_DIRECT: eviction is the only evidence. */
function noDirect(real: Ports): Ports {
  const open: Ports['files']['open'] = (path, mode) =>
    mode === 'read-direct'
      ? Promise.reject(Object.assign(new Error('no'), { code: 'EINVAL' }))
      : real.files.open(path, mode);
  return { ...real, files: { ...real.files, open } };
}
