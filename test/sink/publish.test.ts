import assert from 'node:assert/strict';
import {
  linkSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { publish } from '../../src/sink/publish.ts';
import { systemFiles, type Files } from '../../src/system/files.ts';
import { assertCode } from '../read/read-all.ts';
import { diskBytes, freshFileSystem } from '../support/loop.ts';
import { tempFolder } from '../support/temp.ts';
import { errno, obstacle, oneWritten } from './sink-support.ts';

const MIB = 1024 ** 2;
const content = diskBytes(300_001);

/** The station’s files as those of a file system without hard links. */
const withoutLinks: Files = { ...systemFiles, link: () => Promise.reject(errno('EPERM')) };

/** Where images are published: by link, and where there are no links. */
const places: readonly (readonly [string, (t: TestContext) => string | null, Files])[] = [
  ['with links', (t) => tempFolder(t), systemFiles],
  ['without links (refused by the test)', (t) => tempFolder(t), withoutLinks],
  ['on vfat', (t) => freshFileSystem(t, 'vfat', 16 * MIB), systemFiles],
  ['on exFAT by FUSE', (t) => freshFileSystem(t, 'exfat', 16 * MIB), systemFiles],
];

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => null,
    (error: unknown) => error,
  );
}

for (const [where, make, files] of places) {
  describe(`publishing ${where}`, { timeout: 60_000 }, () => {
    test('.partial goes away, the bytes stay', async (t) => {
      const folder = make(t);
      if (folder === null) return;
      await publish(files, [await oneWritten(folder, content)]);
      assert.deepEqual(readdirSync(folder), ['item.dd']);
      assert.ok(readFileSync(join(folder, 'item.dd')).equals(content));
    });

    test('a name that is taken is never overwritten; the image stays as .partial', async (t) => {
      const folder = make(t);
      if (folder === null) return;
      const written = await oneWritten(folder, content);
      const before = obstacle(join(folder, 'item.dd'));
      assertCode(await failure(publish(files, [written])), 'destination', 'destination.exists');
      assert.equal(readFileSync(join(folder, 'item.dd'), 'utf8'), before);
      assert.ok(readFileSync(join(folder, 'item.dd.partial')).equals(content));
    });

    for (const [what, meddle] of [
      [
        'gone',
        (path: string) => {
          rmSync(path);
        },
      ],
      [
        'cut',
        (path: string) => {
          truncateSync(path, 300_000);
        },
      ],
      [
        'longer',
        (path: string) => {
          truncateSync(path, 300_002);
        },
      ],
    ] as const) {
      test(`a .partial that is ${what} is refused; nothing appears under the final name`, async (t) => {
        const folder = make(t);
        if (folder === null) return;
        const written = await oneWritten(folder, content);
        meddle(written.partialPath);
        const error = await failure(publish(files, [written]));
        assertCode(error, 'destination', 'destination.failed');
        assert.match(String(error), /is not the file that was written/);
        assert.ok(!readdirSync(folder).includes('item.dd'));
      });
    }
  });
}

describe('publishing', { timeout: 60_000 }, () => {
  test('another file of the same size under the .partial name is refused and stays what it is', async (t) => {
    const folder = tempFolder(t);
    const written = await oneWritten(folder, content);
    const other = diskBytes(content.length, 2);
    renameSync(written.partialPath, join(folder, 'moved'));
    writeFileSync(written.partialPath, other);
    assertCode(await failure(publish(systemFiles, [written])), 'destination', 'destination.failed');
    assert.deepEqual(readdirSync(folder).sort(), ['item.dd.partial', 'moved']);
    assert.ok(readFileSync(written.partialPath).equals(other));
  });

  for (const files of [systemFiles, withoutLinks]) {
    test(`a symbolic link to the very file is refused too (${files === systemFiles ? 'with' : 'without'} links)`, async (t) => {
      const folder = tempFolder(t);
      const written = await oneWritten(folder, content);
      const elsewhere = join(tempFolder(t), 'elsewhere');
      renameSync(written.partialPath, elsewhere);
      symlinkSync(elsewhere, written.partialPath);
      assertCode(await failure(publish(files, [written])), 'destination', 'destination.failed');
      assert.deepEqual(readdirSync(folder), ['item.dd.partial']);
    });
  }

  test('a second name for the same file does not matter', async (t) => {
    const folder = tempFolder(t);
    const written = await oneWritten(folder, content);
    linkSync(written.partialPath, join(folder, 'second'));
    await publish(systemFiles, [written]);
    assert.deepEqual(readdirSync(folder).sort(), ['item.dd', 'second']);
  });

  test('a rename that fails where there are no links leaves nothing under the final name', async (t) => {
    const folder = tempFolder(t);
    const written = await oneWritten(folder, content);
    const files: Files = { ...withoutLinks, rename: () => Promise.reject(errno('EIO')) };
    assertCode(await failure(publish(files, [written])), 'destination', 'destination.failed');
    assert.deepEqual(readdirSync(folder), ['item.dd.partial']);
  });

  for (const [code, expected] of [
    ['EIO', 'destination.failed'],
    ['EROFS', 'destination.read-only'],
    ['ENOSPC', 'destination.full'],
  ] as const) {
    test(`a link that fails with ${code} is no reason to rename: ${expected}`, async (t) => {
      const folder = tempFolder(t);
      const written = await oneWritten(folder, content);
      const files: Files = {
        ...systemFiles,
        link: () => Promise.reject(errno(code)),
        rename: () => assert.fail('renamed'),
      };
      assertCode(await failure(publish(files, [written])), 'destination', expected);
      assert.deepEqual(readdirSync(folder), ['item.dd.partial']);
    });
  }

  test('the folder is put on disk after the name has changed', async (t) => {
    const folder = tempFolder(t);
    const written = await oneWritten(folder, content);
    const seen: string[][] = [];
    const files: Files = {
      ...systemFiles,
      syncFolder: async (path) => {
        seen.push(readdirSync(path));
        return systemFiles.syncFolder(path);
      },
    };
    await publish(files, [written]);
    assert.deepEqual(seen, [['item.dd']]);
  });
});
