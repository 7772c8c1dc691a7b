import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { systemFiles, type Files } from '../../src/system/files.ts';
import { DyingFiles, type Death } from '../support/dying-files.ts';
import { freshFileSystem } from '../support/loop.ts';
import { tempFolder } from '../support/temp.ts';

const MIB = 1024 ** 2;
const coded = (code: string) => ({ code });
const errno = (code: string): Error => Object.assign(new Error(`${code}: made by the test`), { code });
const withoutLinks: Files = { ...systemFiles, link: () => Promise.reject(errno('EOPNOTSUPP')) };

const places: readonly (readonly [string, (t: TestContext) => string | null, Files])[] = [
  ['with links', (t) => tempFolder(t), systemFiles],
  ['without links (refused by the test)', (t) => tempFolder(t), withoutLinks],
  ['on vfat', (t) => freshFileSystem(t, 'vfat', 16 * MIB), systemFiles],
  ['on exFAT by FUSE', (t) => freshFileSystem(t, 'exfat', 16 * MIB), systemFiles],
];

for (const [where, make, files] of places) {
  describe(`a whole file ${where}`, { timeout: 60_000 }, () => {
    test('is there with its bytes, and nothing else is', async (t) => {
      const folder = make(t);
      if (folder === null) return;
      await files.createFile(join(folder, 'list'), Buffer.from([0, 255, 10]));
      await files.createFile(join(folder, 'empty'), '');
      assert.deepEqual(readdirSync(folder).sort(), ['empty', 'list']);
      assert.deepEqual([...readFileSync(join(folder, 'list'))], [0, 255, 10]);
      assert.equal(readFileSync(join(folder, 'empty'), 'utf8'), '');
    });

    test('never takes a name that is taken, not even by an empty file', async (t) => {
      const folder = make(t);
      if (folder === null) return;
      writeFileSync(join(folder, 'full'), 'there');
      writeFileSync(join(folder, 'empty'), '');
      mkdirSync(join(folder, 'folder'));
      for (const name of ['full', 'empty', 'folder'])
        await assert.rejects(files.createFile(join(folder, name), 'new'), coded('EEXIST'), name);
      assert.deepEqual(readdirSync(folder).sort(), ['empty', 'folder', 'full']);
      assert.equal(readFileSync(join(folder, 'full'), 'utf8'), 'there');
      assert.equal(readFileSync(join(folder, 'empty'), 'utf8'), '');
    });

    test('is made over the NAME.new that was left by a kill; what that holds is not believed', async (t) => {
      const folder = make(t);
      if (folder === null) return;
      writeFileSync(join(folder, 'list.new'), 'half of somethi');
      await files.createFile(join(folder, 'list'), 'whole');
      writeFileSync(join(folder, 'list.new'), 'half of somethi');
      await files.replaceFile(join(folder, 'list'), 'other');
      assert.deepEqual(readdirSync(folder), ['list']);
      assert.equal(readFileSync(join(folder, 'list'), 'utf8'), 'other');
    });
  });
}

describe('a whole file', { timeout: 60_000 }, () => {
  test('a dangling link takes the name too; a link under NAME.new is not followed', async (t) => {
    const folder = tempFolder(t);
    const elsewhere = join(tempFolder(t), 'elsewhere');
    writeFileSync(elsewhere, 'untouched');
    for (const files of [systemFiles, withoutLinks]) {
      symlinkSync(join(folder, 'nowhere'), join(folder, 'taken'));
      symlinkSync(elsewhere, join(folder, 'name.new'));
      await assert.rejects(files.createFile(join(folder, 'taken'), 'x'), coded('EEXIST'));
      await files.createFile(join(folder, 'name'), 'x');
      assert.deepEqual(readdirSync(folder).sort(), ['name', 'taken']);
      assert.equal(readFileSync(elsewhere, 'utf8'), 'untouched');
      for (const name of ['name', 'taken']) await systemFiles.unlink(join(folder, name));
    }
  });

  // The table of all places where it can end: the name is free, or bears the whole file, never a part of it.
  for (const hardLinks of [true, false]) {
    for (const death of ['kill', 'torn', 'power'] as const satisfies readonly Death[]) {
      test(`cut off anywhere (${death}, ${hardLinks ? 'with' : 'without'} links) it is whole or not there`, async (t) => {
        const all = new DyingFiles(Infinity, death, hardLinks);
        await all.files.createFile(join(tempFolder(t), 'list'), 'content');
        assert.ok(all.steps.length >= 7, all.steps.join('\n'));
        for (let at = 0; at < all.steps.length; at += 1) {
          const folder = tempFolder(t);
          const path = join(folder, 'list');
          const dying = new DyingFiles(at, death, hardLinks);
          await assert.rejects(dying.files.createFile(path, 'content'), /killed by the test/);
          assert.ok(dying.dead);
          const step = `at "${all.steps[at] ?? ''}": ${readdirSync(folder).join(', ')}`;
          const there = existsSync(path) ? readFileSync(path, 'utf8') : null;
          // Where there are no links the name may be taken for a moment, which the whole NAME.new beside it tells.
          if (!hardLinks && there === '') assert.equal(readFileSync(`${path}.new`, 'utf8'), 'content', step);
          else assert.ok(there === null || there === 'content', step);
          if (there === null) await systemFiles.createFile(path, 'again');
        }
      });
    }

    test(`that replaces another is cut off before or after (${hardLinks ? 'with' : 'without'} links)`, async (t) => {
      for (const death of ['kill', 'torn', 'power'] as const) {
        for (let at = 0, dead = true; dead; at += 1) {
          const path = join(tempFolder(t), 'list');
          writeFileSync(path, 'old');
          const dying = new DyingFiles(at, death, hardLinks);
          await dying.files.replaceFile(path, 'new content').catch(() => undefined);
          dead = dying.dead;
          assert.ok(['old', 'new content'].includes(readFileSync(path, 'utf8')), dying.steps.join('\n'));
        }
      }
    });
  }

  test('what fails is thrown, and nothing is left: neither the name nor NAME.new', async (t) => {
    for (const step of ['write', 'sync', 'close', 'link', 'rename'] as const) {
      const folder = tempFolder(t);
      const failing: Files = {
        ...(step === 'rename' ? withoutLinks : systemFiles),
        ...(step === 'link' || step === 'rename' ? { [step]: () => Promise.reject(errno('EIO')) } : {}),
        open: async (path, mode) => {
          const file = await systemFiles.open(path, mode);
          if (step === 'link' || step === 'rename') return file;
          const real = file.close.bind(file);
          return Object.assign(file, {
            [step]: async () => {
              if (step === 'close') await real();
              throw errno('EIO');
            },
          });
        },
      };
      await assert.rejects(failing.createFile(join(folder, 'list'), 'content'), coded('EIO'), step);
      assert.deepEqual(readdirSync(folder), [], step);
    }
  });

  test('a file system that fails to link is not taken for one without links', async (t) => {
    for (const code of ['EIO', 'EROFS', 'ENOSPC', 'EDQUOT', 'EEXIST']) {
      const folder = tempFolder(t);
      const files: Files = {
        ...systemFiles,
        link: () => Promise.reject(errno(code)),
        rename: () => assert.fail('renamed'),
      };
      await assert.rejects(files.createFile(join(folder, 'list'), 'x'), coded(code));
      assert.deepEqual(readdirSync(folder), []);
    }
  });

  test('its folder is put on disk when it has its name', async (t) => {
    const folder = tempFolder(t);
    const seen: string[][] = [];
    const files: Files = {
      ...systemFiles,
      syncFolder: (path) => {
        seen.push(readdirSync(path));
        return systemFiles.syncFolder(path);
      },
    };
    await files.createFile(join(folder, 'list'), 'x');
    await files.replaceFile(join(folder, 'list'), 'y');
    assert.deepEqual(seen, [['list'], ['list']]);
  });
});
