import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { removeMade } from '../../src/acquire/made-folders.ts';
import { systemFiles } from '../../src/system/files.ts';
import { tempFolder } from '../support/temp.ts';

describe('folders of a job that was refused', () => {
  test('go away, and only those that it made', async (t) => {
    const to = tempFolder(t);
    await removeMade(systemFiles, await systemFiles.makeFolder(join(to, 'C-1', 'HDD-01')));
    assert.deepEqual(readdirSync(to), []);

    mkdirSync(join(to, 'C-1'));
    await removeMade(systemFiles, await systemFiles.makeFolder(join(to, 'C-1', 'HDD-01')));
    assert.deepEqual(readdirSync(to), ['C-1'], 'an empty folder of somebody else');
    assert.deepEqual(readdirSync(join(to, 'C-1')), []);

    mkdirSync(join(to, 'C-1', 'HDD-01'));
    await removeMade(systemFiles, await systemFiles.makeFolder(join(to, 'C-1', 'HDD-01')));
    assert.ok(existsSync(join(to, 'C-1', 'HDD-01')), 'it was there before');
  });

  test('stay where there is anything in them by now, without a word', async (t) => {
    const to = tempFolder(t);
    const made = await systemFiles.makeFolder(join(to, 'C-1', 'HDD-01'));
    mkdirSync(join(to, 'C-1', 'HDD-02'));
    await removeMade(systemFiles, made);
    assert.deepEqual(readdirSync(join(to, 'C-1')), ['HDD-02']);

    const other = await systemFiles.makeFolder(join(to, 'C-2', 'HDD-01'));
    writeFileSync(join(to, 'C-2', 'HDD-01', 'note'), '');
    await removeMade(systemFiles, other);
    assert.ok(existsSync(join(to, 'C-2', 'HDD-01', 'note')));
  });
});
