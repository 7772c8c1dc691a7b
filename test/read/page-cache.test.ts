import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import type { ImagePart } from '../../src/read/image-reader.ts';
import type { Ports } from '../../src/system/ports.ts';
import { diskBytes, sh, freshFileSystem } from '../support/loop.ts';
import { testPorts } from '../support/ports.ts';
import { tempFolder } from '../support/temp.ts';
import { MIB } from './read-all.ts';
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

  test('this folder: yes only with evidence', async (t) => {
    const { cache } = await readBack(one(tempFolder(t)), { start: 0, end: MIB });
    if (cache.avoided !== 'yes') {
      t.diagnostic(`here: ${cache.avoided}, ${cache.how}`);
      assert.match(cache.how, /below|memory|not confirmed|could not look|no block device/);
      return;
    }
    assert.match(cache.how, /^(direct I\/O on (ext2\/3\/4|xfs)|pages evicted); fincore counted 0 pages/);
  });

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

  const withCommand = (stdout: string, exit: number): Ports => {
    const real = testPorts();
    const commands: Ports['commands'] = {
      ...real.commands,
      run: async (argv, options) =>
        argv[0] === 'fincore'
          ? { argv, exit, signal: null, stdout, stderr: '', failure: null }
          : real.commands.run(argv, options),
    };
    // Without O_DIRECT, eviction is the only evidence.
    const files: Ports['files'] = {
      ...real.files,
      open: (path, mode) =>
        mode === 'read-direct'
          ? Promise.reject(Object.assign(new Error('no'), { code: 'EINVAL' }))
          : real.files.open(path, mode),
    };
    return testPorts({ commands, files });
  };

  test('without O_DIRECT, pages that stay in the cache are said to be there', async (t) => {
    const { cache } = await readBack(one(tempFolder(t)), { start: 0, end: MIB }, { ports: withCommand('17\n', 0) });
    if (cache.how.includes('memory')) {
      t.skip('the temporary folder lies in memory');
      return;
    }
    assert.equal(cache.avoided, 'no');
    assert.match(cache.how, /17 pages/);
  });

  for (const [what, stdout, exit] of [
    ['fails', '', 1],
    ['says nothing', '', 0],
    ['says something strange', 'many\n', 0],
  ] as const) {
    test(`without O_DIRECT, and a fincore that ${what}: unknown`, async (t) => {
      const { cache } = await readBack(
        one(tempFolder(t)),
        { start: 0, end: MIB },
        { ports: withCommand(stdout, exit) },
      );
      if (cache.how.includes('memory')) {
        t.skip('the temporary folder lies in memory');
        return;
      }
      assert.equal(cache.avoided, 'unknown');
    });
  }
});
