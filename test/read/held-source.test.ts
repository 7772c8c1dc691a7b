import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { fileOf, holdSource } from '../../src/read/held-source.ts';
import { systemFiles } from '../../src/system/files.ts';
import { systemCommands } from '../../src/system/run-command.ts';
import { blockSource, fileSource } from '../plan/facts.ts';
import { attachLoop, attachPartitioned, diskBytes, lacks, mount, sh } from '../support/loop.ts';
import { tempFolder } from '../support/temp.ts';
import { assertCode, hold, MIB } from './read-all.ts';

const coded =
  (code: string) =>
  (error: unknown): boolean => {
    assertCode(error, 'source', code);
    return true;
  };

describe('holding the source', { timeout: 60_000 }, () => {
  test('a block device: nobody else takes it, nothing mounts it, until it is let go', async (t) => {
    if (lacks(t, 'losetup', 'mkfs.ext4')) return;
    const folder = tempFolder(t);
    const file = join(folder, 'disk.img');
    writeFileSync(file, Buffer.alloc(4 * MIB));
    sh('mkfs.ext4', '-q', '-F', file);
    const node = attachLoop(t, file);
    const source = await hold(t, node);
    assert.deepEqual([source.kind, source.heldBy, source.size], ['block', 'exclusive-open', 4 * MIB]);
    await assert.rejects(hold(t, node), coded('source.busy'));
    const place = join(folder, 'mnt');
    mkdirSync(place);
    assert.throws(() => sh('mount', '-o', 'ro,noload', node, place), /busy|already mounted/);
    await source.close();
    mount(t, place, '-o', 'ro,noload', node);
    await assert.rejects(hold(t, node), coded('source.busy'), 'and the other way round: what is mounted is not taken');
  });

  test('a disk whose partition is mounted is not taken; its other way round neither', async (t) => {
    if (lacks(t, 'losetup', 'sfdisk', 'partx', 'mkfs.ext4')) return;
    const folder = tempFolder(t);
    const { disk, partition } = attachPartitioned(t, join(folder, 'disk.img'), Buffer.alloc(8 * MIB), MIB);
    const whole = await hold(t, disk);
    await assert.rejects(hold(t, partition), coded('source.busy'));
    await whole.close();
    const part = await hold(t, partition);
    await assert.rejects(hold(t, disk), coded('source.busy'));
    await part.close();
  });

  test('a plain file: two jobs never meet', async (t) => {
    const path = join(tempFolder(t), 'disk.img');
    writeFileSync(path, diskBytes(1000));
    const first = await hold(t, path);
    assert.deepEqual([first.kind, first.heldBy, first.size, first.logicalSector], ['file', 'advisory-lock', 1000, 512]);
    await assert.rejects(hold(t, path), coded('source.busy'));
    await first.close();
    await (await hold(t, path)).close();
  });

  test('a plain file: others can write all the same, and nothing else is said of it', async (t) => {
    const path = join(tempFolder(t), 'disk.img');
    writeFileSync(path, diskBytes(1000));
    const held = await hold(t, path);
    writeFileSync(path, Buffer.alloc(1000));
    const now = Buffer.alloc(1000, 1);
    await fileOf(held).read(now, 0, 1000, 0);
    assert.ok(now.equals(Buffer.alloc(1000)), 'somebody wrote to it while it was held');
    assert.equal(held.heldBy, 'advisory-lock');
  });

  test('gone since it was planned', async (t) => {
    const path = join(tempFolder(t), 'disk.img');
    const facts = { ...fileSource(10), path, realPath: path };
    await assert.rejects(holdSource(systemFiles, systemCommands(), facts), coded('source.vanished'));
  });

  test('a device node without a device behind it', async (t) => {
    if (lacks(t, 'losetup', 'mknod')) return;
    const path = join(tempFolder(t), 'sdx');
    sh('mknod', path, 'b', '240', '7');
    assert.ok(existsSync(path));
    const facts = blockSource({ path, size: 512 });
    await assert.rejects(holdSource(systemFiles, systemCommands(), facts), coded('source.vanished'));
  });

  test('where flock is missing it is open, and said to be held by nothing', async (t) => {
    const path = join(tempFolder(t), 'disk.img');
    writeFileSync(path, diskBytes(1000));
    const commands = systemCommands();
    const without: typeof commands = {
      ...commands,
      run: async (argv) => ({ argv, exit: null, signal: null, stdout: '', stderr: '', failure: 'missing' }),
    };
    const held = await holdSource(systemFiles, without, { ...fileSource(1000), path, realPath: path });
    assert.equal(held.heldBy, 'nothing');
    await held.close();
  });

  test('what can not be opened for another reason is unreadable, with its errno', async (t) => {
    const path = join(tempFolder(t), 'disk.img');
    const files = { ...systemFiles, open: () => Promise.reject(Object.assign(new Error('no'), { code: 'EACCES' })) };
    await assert.rejects(holdSource(files, systemCommands(), { ...fileSource(10), path, realPath: path }), (error) => {
      assertCode(error, 'source', 'source.unreadable');
      assert.match(String(error), /EACCES/);
      return true;
    });
  });
});
