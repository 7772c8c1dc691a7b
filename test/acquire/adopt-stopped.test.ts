import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { adopt, newlyTold } from '../../src/acquire/stopped/adopt.ts';
import { ReadMap } from '../../src/model/read-map.ts';
import { testPorts } from '../support/ports.ts';
import { tempFolder } from '../support/temp.ts';

const SIZE = 12 * 1024 * 1024;

test('Ctrl-C while an image is taken over ends it: terabytes take hours to hash', async (t) => {
  const path = join(tempFolder(t), 'image');
  writeFileSync(path, Buffer.alloc(SIZE, 7));
  const before = { map: new ReadMap(SIZE), position: 0 };
  const map = new ReadMap(SIZE, [{ start: 0, end: SIZE, status: 'good' }]);
  const foreign = { path: 'map', map, sha256: '', comment: '' };
  const parts = [{ path, offset: 0, length: SIZE }];
  const stop = new AbortController();
  const { bytes } = await adopt(testPorts(), parts, before, foreign, SIZE, stop.signal);
  assert.equal(bytes, SIZE);
  stop.abort();
  await assert.rejects(adopt(testPorts(), parts, before, foreign, SIZE, stop.signal), { code: 'interrupted' });
});

test('what is hashed as given up is not tried anew because another program has not given it up', () => {
  const before = new ReadMap(SIZE, [
    { start: 0, end: 512, status: 'unreadable' },
    { start: 512, end: 4096, status: 'good' },
    { start: 4096, end: 8192, status: 'unreadable' },
  ]);
  const foreign = new ReadMap(SIZE, [{ start: 0, end: SIZE, status: 'failed-large' }]);
  assert.deepEqual(newlyTold({ map: before, position: 6144 }, foreign), [
    { start: 6144, end: SIZE, status: 'failed-large' },
  ]);
});
