import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import fc from 'fast-check';
import { allocateRing } from '../../src/ring/memory.ts';
import { ImageFile } from '../../src/sink/image-file.ts';
import { systemFiles, type Files, type OpenFile } from '../../src/system/files.ts';
import { assertCode } from '../read/read-all.ts';
import { diskBytes, freshFileSystem } from '../support/loop.ts';
import { fileWith } from '../support/ports.ts';
import { errno, raw, write } from './sink-support.ts';

const MIB = 1024 ** 2;
const PAGE = 4096;

/** As the ring's memory is: shared, and begins a page. */
function ringMemory(bytes: Buffer): Buffer {
  const room = Buffer.from(allocateRing(1, Math.ceil(bytes.length / PAGE) * PAGE, 0).data, 0, bytes.length);
  bytes.copy(room);
  return room;
}

/** What was written, by which way. */
interface Told {
  readonly files: Files;
  readonly direct: [position: number, length: number][];
}

function telling(fail: (turn: number) => Error | null = () => null): Told {
  const direct: [number, number][] = [];
  let turn = 0;
  const open = async (path: string, mode: Parameters<Files['open']>[1]): Promise<OpenFile> => {
    const file = await systemFiles.open(path, mode);
    if (mode !== 'write-direct') return file;
    return fileWith(file, {
      write: async (bytes, offset, length, position) => {
        const error = fail((turn += 1));
        if (error !== null) throw error;
        await file.write(bytes, offset, length, position);
        direct.push([position ?? -1, length]);
      },
    });
  };
  return { files: { ...systemFiles, open }, direct };
}

describe('an image file, past the page cache', { timeout: 60_000 }, () => {
  for (const [kind, size] of [
    ['ext4', 64 * MIB],
    ['xfs', 320 * MIB],
  ] as const) {
    test(`${kind}: what is large and aligned goes to the disk, the rest by the cache, every byte where it belongs`, async (t) => {
      const folder = freshFileSystem(t, kind, size);
      if (folder === null) return;
      let run = 0;
      let direct = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(
            fc.record({
              at: fc.oneof(
                fc.integer({ min: 0, max: 512 }).map((n) => n * PAGE),
                fc.integer({ min: 0, max: 2 * MIB }),
              ),
              length: fc.oneof(
                fc.integer({ min: 1, max: 2 * MIB }),
                fc.integer({ min: 1, max: 512 }).map((n) => n * PAGE),
              ),
              shift: fc.constantFrom(0, 0, 512, 100),
            }),
            { minLength: 1, maxLength: 6 },
          ),
          async (writes) => {
            const path = join(folder, String((run += 1)));
            const told = telling();
            const file = new ImageFile(told.files, await told.files.open(path, 'create'));
            const model = Buffer.alloc(4 * MIB + PAGE);
            let size = 0;
            for (const { at, length, shift } of writes) {
              const bytes = diskBytes(length, (run += 1));
              const memory = ringMemory(Buffer.concat([Buffer.alloc(shift + (at % PAGE)), bytes]));
              await file.write(memory, shift + (at % PAGE), length, at);
              bytes.copy(model, at);
              size = Math.max(size, at + length);
              assert.ok(readFileSync(path).equals(model.subarray(0, size)), 'as it is written');
            }
            await file.sync();
            await file.close();
            assert.ok(readFileSync(path).equals(model.subarray(0, size)));
            for (const [position, length] of told.direct) assert.ok(position % PAGE === 0 && length % PAGE === 0);
            direct += told.direct.length;
            await systemFiles.unlink(path);
          },
        ),
        { numRuns: 25 },
      );
      assert.ok(direct > 0, 'some went past the cache');
    });
  }

  test('a whole image, its end off every grid', async (t) => {
    const folder = freshFileSystem(t, 'ext4', 64 * MIB);
    if (folder === null) return;
    const content = diskBytes(5 * MIB + 512);
    const told = telling();
    const attempt = await write(folder, raw(content.length), content, [MIB], told.files);
    assert.ifError(attempt.error);
    assert.ok(readFileSync(join(folder, 'item.dd.partial')).equals(content));
    assert.deepEqual(
      told.direct,
      [0, 1, 2, 3, 4].map((n) => [n * MIB, MIB]),
    );
    assert.equal(attempt.synced, content.length);
  });

  test('a disk that wants it otherwise gets all of it by the cache', async (t) => {
    const folder = freshFileSystem(t, 'ext4', 64 * MIB);
    if (folder === null) return;
    const content = diskBytes(4 * MIB);
    const told = telling((turn) => (turn === 2 ? errno('EINVAL') : null));
    const attempt = await write(folder, raw(content.length), content, [MIB], told.files);
    assert.ifError(attempt.error);
    assert.ok(readFileSync(join(folder, 'item.dd.partial')).equals(content));
    assert.deepEqual(told.direct, [[0, MIB]], 'it is not asked again');
  });

  test('an error of the disk ends the job where it came; what was written before stays', async (t) => {
    const folder = freshFileSystem(t, 'ext4', 64 * MIB);
    if (folder === null) return;
    const content = diskBytes(4 * MIB);
    const told = telling((turn) => (turn === 3 ? errno('EIO') : null));
    const attempt = await write(folder, raw(content.length), content, [MIB], told.files);
    assertCode(attempt.error, 'destination', 'destination.failed');
    assert.equal(attempt.position, 2 * MIB);
    assert.ok(readFileSync(join(folder, 'item.dd.partial')).equals(content.subarray(0, 2 * MIB)));
  });

  test('a disk that is full in the middle is told as full', async (t) => {
    const folder = freshFileSystem(t, 'ext4', 64 * MIB);
    if (folder === null) return;
    const content = diskBytes(80 * MIB);
    const attempt = await write(folder, raw(content.length), content, [4 * MIB]);
    assertCode(attempt.error, 'destination', 'destination.full');
    const kept = readFileSync(join(folder, 'item.dd.partial'));
    assert.ok(attempt.position > 16 * MIB && attempt.position <= kept.length);
    assert.ok(kept.subarray(0, attempt.position).equals(content.subarray(0, attempt.position)));
  });

  test('nothing but a regular file that is held open can be opened so', async (t) => {
    const folder = freshFileSystem(t, 'ext4', 64 * MIB);
    if (folder === null) return;
    const path = join(folder, 'image');
    const file = await systemFiles.open(path, 'create');
    const device = await systemFiles.open('/dev/null', 'read');
    try {
      for (const refused of [path, `/proc/self/fd/${device.fd}`, `/proc/self/fd/../fd/${file.fd}`])
        await assert.rejects(systemFiles.open(refused, 'write-direct'), { code: 'EINVAL' });
      const same = await systemFiles.open(`/proc/self/fd/${file.fd}`, 'write-direct');
      assert.equal((await same.stat()).ino, statSync(path).ino);
      await same.close();
    } finally {
      await file.close();
      await device.close();
    }
  });
});
