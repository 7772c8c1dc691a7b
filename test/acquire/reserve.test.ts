import assert from 'node:assert/strict';
import { readdirSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { holdReserve } from '../../src/acquire/reserve.ts';
import { systemFiles } from '../../src/system/files.ts';
import { lacks, mount } from '../support/loop.ts';
import { fileWith } from '../support/ports.ts';
import { tempFolder } from '../support/temp.ts';

describe('room that is kept for the last words', () => {
  test('is taken, has no name, and comes back', async (t) => {
    if (lacks(t, 'mount')) return;
    const folder = mount(t, join(tempFolder(t), 'small'), '-t', 'tmpfs', '-o', 'size=4m', 'none');
    const free = (): number => statfsSync(folder).bavail * statfsSync(folder).bsize;
    const before = free();
    const reserve = await holdReserve(systemFiles, folder);
    assert.ok(before - free() >= 1_048_576);
    assert.deepEqual(readdirSync(folder), []);
    await reserve.release();
    await reserve.release();
    assert.equal(free(), before);
  });

  test('a file that a killed job left there does not stand in the way', async (t) => {
    const folder = tempFolder(t);
    writeFileSync(join(folder, 'reserve.partial'), 'half');
    const reserve = await holdReserve(systemFiles, folder);
    assert.deepEqual(readdirSync(folder), []);
    await reserve.release();
  });

  test('that can not be had: a destination fault, and nothing is left', async (t) => {
    const folder = tempFolder(t);
    let closed = false;
    const files = {
      ...systemFiles,
      open: async (...args: Parameters<typeof systemFiles.open>) => {
        const real = await systemFiles.open(...args);
        return fileWith(real, {
          datasync: () => Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' })),
          close: () => {
            closed = true;
            return real.close();
          },
        });
      },
    };
    await assert.rejects(holdReserve(files, folder), { fault: 'destination', code: 'destination.full' });
    assert.deepEqual([readdirSync(folder), closed], [[], true]);
  });
});
