import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  promises,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { systemFiles } from '../../src/system/files.ts';
import { createAndUnlink, openAndUnname, openNameless, openNamelessIn } from '../../src/system/nameless.ts';
import type { ExhibitError } from '../../src/model/errors.ts';
import { diskBytes, freshFileSystem, lacks } from '../support/loop.ts';
import { tempFolder } from '../support/temp.ts';

const coded = (code: string) => ({ code });

describe('files', { timeout: 60_000 }, () => {
  test('create never opens what is there, link or file', async (t) => {
    const folder = tempFolder(t);
    const path = join(folder, 'a');
    writeFileSync(path, 'there');
    await assert.rejects(systemFiles.open(path, 'create'), coded('EEXIST'));
    await assert.rejects(systemFiles.createFile(path, 'new'), coded('EEXIST'));
    assert.equal(readFileSync(path, 'utf8'), 'there');
  });

  test('no mode but create and append can write', async (t) => {
    const path = join(tempFolder(t), 'a');
    writeFileSync(path, 'there');
    for (const mode of ['read', 'read-exclusive', 'read-direct'] as const) {
      const file = await systemFiles.open(path, mode);
      await assert.rejects(file.write(Buffer.from('x'), 0, 1, 0), coded('EBADF'), mode);
      await file.close();
    }
    const journal = await systemFiles.open(path, 'append');
    await journal.write(Buffer.from('!'), 0, 1, 0);
    await journal.close();
    assert.equal(readFileSync(path, 'utf8'), 'there!', 'append writes at the end, whatever the position');
  });

  test('a file that could not be written whole is not left half made', async (t) => {
    const folder = freshFileSystem(t, 'tmpfs', 1024 * 1024);
    if (folder === null) return;
    await assert.rejects(systemFiles.createFile(join(folder, 'map'), Buffer.alloc(4 * 1024 * 1024)), coded('ENOSPC'));
    assert.deepEqual(readdirSync(folder), []);
    await systemFiles.createFile(join(folder, 'map'), 'fits');
    assert.equal(readFileSync(join(folder, 'map'), 'utf8'), 'fits');
  });

  test('a replaced file is whole, before or after; a file beside it that got in the way is not believed', async (t) => {
    const folder = tempFolder(t);
    const path = join(folder, 'settings');
    writeFileSync(`${path}.new`, 'left by a crash');
    await systemFiles.replaceFile(path, 'one');
    await systemFiles.replaceFile(path, 'two');
    assert.equal(readFileSync(path, 'utf8'), 'two');
    assert.deepEqual(readdirSync(folder), ['settings']);
  });

  test('short writes: a file system that runs full takes what it can, and then says so', async (t) => {
    const folder = freshFileSystem(t, 'tmpfs', 1024 * 1024);
    if (folder === null) return;
    const content = diskBytes(3 * 1024 * 1024 + 5);
    const file = await systemFiles.open(join(folder, 'image'), 'create');
    await assert.rejects(file.write(content, 0, content.length, 0), coded('ENOSPC'));
    await file.close();
    const left = readFileSync(join(folder, 'image'));
    assert.ok(left.length > 900_000 && left.equals(content.subarray(0, left.length)));
  });

  test('read gives all it can, readSome one call’s worth, both from a position', async (t) => {
    const path = join(tempFolder(t), 'a');
    const content = diskBytes(100_003);
    writeFileSync(path, content);
    const file = await systemFiles.open(path, 'read');
    const into = Buffer.alloc(200_000);
    assert.equal(await file.read(into, 10, 150_000, 3), 100_000);
    assert.ok(into.subarray(10, 100_010).equals(content.subarray(3)));
    assert.equal(await file.readSome(into, 0, 10, 100_003), 0);
    await file.close();
  });

  test('a text that is too long is an error, not a cut', async (t) => {
    const path = join(tempFolder(t), 'a');
    writeFileSync(path, 'x'.repeat(100_000));
    assert.equal((await systemFiles.readText(path, 100_000)).length, 100_000);
    await assert.rejects(systemFiles.readText(path, 99_999), coded('EFBIG'));
    truncateSync(path, 0);
    assert.equal(await systemFiles.readText(path), '');
  });

  test('folders: made with their parents, private ones for nobody else', async (t) => {
    const folder = tempFolder(t);
    await systemFiles.makeFolder(join(folder, 'case 1', 'item', 'deep'));
    await systemFiles.makeFolder(join(folder, 'case 1', 'item', 'deep'));
    assert.ok(existsSync(join(folder, 'case 1', 'item', 'deep')));
    const secret = await systemFiles.makePrivateFolder('exhibit-test-private-');
    assert.equal(statSync(secret).mode & 0o777, 0o700);
    mkdirSync(join(secret, 'in'));
    await systemFiles.removePrivateFolder(secret);
    assert.ok(!existsSync(secret));
  });

  test('making a folder tells which ones it made; nothing of them stays when it fails', async (t) => {
    const folder = tempFolder(t);
    const deep = join(folder, 'case', 'item', 'deep');
    assert.deepEqual(await systemFiles.makeFolder(join(folder, 'case')), [join(folder, 'case')]);
    assert.deepEqual(await systemFiles.makeFolder(deep), [join(folder, 'case', 'item'), deep]);
    assert.deepEqual(await systemFiles.makeFolder(deep), []);
    await assert.rejects(systemFiles.removeFolder(join(folder, 'case')), coded('ENOTEMPTY'));

    writeFileSync(join(folder, 'file'), '');
    await assert.rejects(systemFiles.makeFolder(join(folder, 'file')), coded('EEXIST'));
    await assert.rejects(systemFiles.makeFolder(join(folder, 'file', 'below')), coded('ENOTDIR'));
    await assert.rejects(systemFiles.makeFolder(join(folder, 'new', 'x'.repeat(300))), coded('ENAMETOOLONG'));
    await assert.rejects(systemFiles.makeFolder('/proc/no/such'), coded('ENOENT'));
    assert.deepEqual(readdirSync(folder).sort(), ['case', 'file']);
  });

  test('a file system that knows no files without a name (overlays of older kernels): the two steps are taken', async () => {
    // /proc has neither those nor new folders: coming as far as the folder shows that the first no was understood.
    await assert.rejects(openNameless('/proc'), { syscall: 'mkdtemp' });
  });

  test('a file without a name: a child reads it by its descriptor, any number of times, and nothing lies anywhere', async (t) => {
    const folder = tempFolder(t);
    const content = diskBytes(200_001);
    for (const open of [openNameless, openAndUnname]) {
      const handle = await open(folder);
      await handle.writeFile(content);
      assert.deepEqual(readdirSync(folder), []);
      const twice = spawnSync('cat', ['/proc/self/fd/3', '/proc/self/fd/3'], {
        stdio: ['ignore', 'pipe', 'inherit', handle.fd],
        maxBuffer: 1_000_000,
      });
      assert.ok(twice.stdout.equals(Buffer.concat([content, content])), open.name);
      assert.equal((await handle.stat()).mode & 0o777, 0o600);
      await handle.close();
    }
    const file = await systemFiles.nameless('words');
    assert.equal(readFileSync(`/proc/self/fd/${file.fd}`, 'utf8'), 'words');
    await file.close();
  });

  test("one without a name in a folder that is somebody's: nothing of it is seen there, and nothing is left", async (t) => {
    const folder = tempFolder(t);
    for (const open of [openNamelessIn, createAndUnlink]) {
      const handle = await open(folder);
      await handle.writeFile('words');
      assert.deepEqual(readdirSync(folder), [], open.name);
      assert.equal(readFileSync(`/proc/self/fd/${handle.fd}`, 'utf8'), 'words');
      await handle.close();
      assert.deepEqual(readdirSync(folder), []);
      await assert.rejects(open(join(folder, 'none')), coded('ENOENT'));
    }
    const file = await systemFiles.namelessIn(folder);
    await file.write(Buffer.from('words'), 0, 5, 0);
    assert.equal((await file.stat()).nlink, 0);
    await file.close();
  });

  test('a file that can not be taken away is named', { skip: process.getuid?.() !== 0 && 'needs root' }, async (t) => {
    const folder = freshFileSystem(t, 'ext4', 16 * 1024 * 1024);
    if (folder === null || lacks(t, 'chattr')) return;
    const own = join(folder, 'own');
    mkdirSync(own);
    // Names can be added to it, and none taken away (chattr(1)).
    execFileSync('chattr', ['+a', own]);
    await assert.rejects(createAndUnlink(own), (error: ExhibitError) => {
      const [left = ''] = readdirSync(own);
      assert.deepEqual([error.code, error.fault], ['destination.no-nameless', 'destination']);
      assert.match(error.message, /could not be taken away while it was open \(EPERM\)/);
      assert.equal(
        error.hint,
        `It is empty, and still there: remove ${join(own, left)}, and name a folder on another file system.`,
      );
      return true;
    });
    execFileSync('chattr', ['-a', own]);
  });

  test('a file that goes only once it is closed, or went although that was said to fail: it is gone', async (t) => {
    const { unlink } = promises;
    const refused = (code: string): Error => Object.assign(new Error(code), { code });
    // An open file keeps its name on some file systems; an answer over a network can come after the deed, and be lost.
    const answers = {
      EBUSY: () => Promise.reject(refused('EBUSY')),
      EIO: async (path: string) => {
        await unlink(path);
        throw refused('EIO');
      },
    };
    for (const [code, answer] of Object.entries(answers)) {
      const folder = tempFolder(t);
      t.mock.method(promises, 'unlink').mock.mockImplementationOnce(answer as typeof unlink);
      await assert.rejects(createAndUnlink(folder), (error: ExhibitError) => {
        assert.match(error.message, new RegExp(`could not be taken away while it was open \\(${code}\\)`));
        assert.equal(error.hint, 'It is gone now. Name a folder on another file system.');
        return true;
      });
      assert.deepEqual(readdirSync(folder), []);
      t.mock.restoreAll();
    }
  });

  test('nothing there is null; what can not be looked at is an error', async (t) => {
    const folder = tempFolder(t);
    assert.equal(await systemFiles.statOrNull(join(folder, 'none')), null);
    writeFileSync(join(folder, 'file'), '');
    await assert.rejects(systemFiles.statOrNull(join(folder, 'file', 'below')), coded('ENOTDIR'));
  });

  test('a folder is put on disk where there is such a thing', async (t) => {
    assert.equal(await systemFiles.syncFolder(tempFolder(t)), true);
    await assert.rejects(systemFiles.syncFolder('/no/such/folder'), coded('ENOENT'));
  });
});
