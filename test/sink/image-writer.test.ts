import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import fc from 'fast-check';
import { ImageWriter } from '../../src/sink/image-writer.ts';
import { SegmentFiles } from '../../src/sink/segment-files.ts';
import { publish } from '../../src/sink/publish.ts';
import { systemFiles } from '../../src/system/files.ts';
import { Ring } from '../../src/ring/ring.ts';
import { assertCode } from '../read/read-all.ts';
import { diskBytes, freshFileSystem } from '../support/loop.ts';
import { tempFolder } from '../support/temp.ts';
import { errno, filesWith, obstacle, raw, split, write } from './sink-support.ts';

const MIB = 1024 ** 2;
const CHUNKS = [1, 4095, 65_536, 777, 60_000];

/** The files of a folder one after the other, and their names. */
function contents(folder: string): { names: string[]; bytes: Buffer } {
  const names = readdirSync(folder).sort();
  return { names, bytes: Buffer.concat(names.map((name) => readFileSync(join(folder, name)))) };
}

describe('image writer', { timeout: 60_000 }, () => {
  test('raw: one file, .partial until it is published', async (t) => {
    const folder = tempFolder(t);
    const content = diskBytes(MIB + 17);
    const attempt = await write(folder, raw(content.length), content, CHUNKS);
    assert.ifError(attempt.error);
    assert.deepEqual(contents(folder), { names: ['item.dd.partial'], bytes: content });
    assert.deepEqual([attempt.position, attempt.synced, attempt.told.at(-1)], Array(3).fill(content.length));
    await publish(systemFiles, attempt.written);
    assert.deepEqual(contents(folder), { names: ['item.dd'], bytes: content });
  });

  test('split: any sizes, any chunks; every segment has exactly its bytes', async (t) => {
    const parent = tempFolder(t);
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 200_000 }),
        fc.integer({ min: 1, max: 90_000 }),
        fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 5 }),
        async (size, segmentSize, lengths) => {
          fc.pre(size / segmentSize <= 200 && size / Math.max(...lengths) < 500);
          const folder = join(parent, String((run += 1)));
          await systemFiles.makeFolder(folder);
          const content = diskBytes(size, run);
          const segments = split(size, segmentSize);
          const { written, error } = await write(folder, segments, content, lengths);
          assert.ifError(error);
          await publish(systemFiles, written);
          assert.deepEqual(
            readdirSync(folder).sort(),
            segments.map((segment) => segment.name),
          );
          for (const { name, offset, length } of segments) {
            assert.ok(readFileSync(join(folder, name)).equals(content.subarray(offset, offset + length)), name);
          }
          rmSync(folder, { recursive: true });
        },
      ),
      { numRuns: 30 },
    );
  });

  test('a source that stops early leaves what came, told with its size', async (t) => {
    const folder = tempFolder(t);
    const content = diskBytes(250_000);
    const { written } = await write(folder, split(1_000_000, 100_000), content, CHUNKS);
    assert.deepEqual(
      written.map(({ segment, size, finalPath, partialPath }) => [
        segment.name,
        size,
        partialPath === `${finalPath}.partial`,
      ]),
      [
        ['item.001', 100_000, true],
        ['item.002', 100_000, true],
        ['item.003', 50_000, true],
      ],
    );
    assert.ok(contents(folder).bytes.equals(content));
  });

  test('a chunk out of order is a bug, not a hole', async (t) => {
    const ring = new Ring(2, 4096, 1);
    const writer = new ImageWriter(systemFiles, tempFolder(t), raw(10_000));
    await ring.slot();
    ring.publish(512, 100);
    ring.end();
    await assert.rejects(
      writer.consume(ring.reader(0), () => undefined),
      { code: 'internal.bug' },
    );
  });

  for (const [what, segments] of [
    ['raw', raw(100_000)],
    ['the second segment of a split', split(100_000, 60_000)],
  ] as const) {
    test(`something stands where the .partial would be (${what}): refused, untouched`, async (t) => {
      const folder = tempFolder(t);
      const path = join(folder, `${segments.at(-1)!.name}.partial`);
      const before = obstacle(path);
      const { error } = await write(folder, segments, diskBytes(100_000), CHUNKS);
      assertCode(error, 'destination', 'destination.exists');
      assert.equal(readFileSync(path, 'utf8'), before);
    });
  }

  test('every write is put on disk before the job says so; a segment before the next begins', async (t) => {
    const events: string[] = [];
    const files = filesWith((file) => {
      const name = file.path.split('/').at(-1) ?? '';
      events.push(`open ${name}`);
      const tell = (what: string, work: () => Promise<void>) => async () => {
        await work();
        events.push(`${what} ${name}`);
      };
      return { sync: tell('sync', () => file.sync()), close: tell('close', () => file.close()) };
    });
    await write(tempFolder(t), split(200_000, 100_000), diskBytes(200_000), CHUNKS, files);
    assert.deepEqual(events, [
      ...['open', 'sync', 'close'].map((what) => `${what} item.001.partial`),
      ...['open', 'sync', 'close'].map((what) => `${what} item.002.partial`),
    ]);
  });

  const faults: readonly (readonly [string, string, 'write' | 'sync' | 'close' | 'datasync'])[] = [
    ['ENOSPC', 'destination.full', 'write'],
    ['EDQUOT', 'destination.full', 'sync'],
    ['EFBIG', 'destination.file-limit', 'write'],
    ['EIO', 'destination.failed', 'write'],
    ['EIO', 'destination.failed', 'sync'],
    ['EIO', 'destination.failed', 'close'],
    ['ENOSPC', 'destination.full', 'close'],
    ['EROFS', 'destination.read-only', 'write'],
  ];
  for (const [code, expected, where] of faults) {
    test(`${code} at ${where}: ${expected}; every file is closed`, async (t) => {
      let open = 0;
      const files = filesWith((file) => {
        open += 1;
        return {
          [where]: async () => {
            await Promise.resolve();
            throw errno(code);
          },
          close: async () => {
            open -= 1;
            await file.close();
            if (where === 'close') throw errno(code);
          },
        };
      });
      const { error } = await write(tempFolder(t), split(200_000, 100_000), diskBytes(200_000), CHUNKS, files);
      assertCode(error, 'destination', expected);
      assert.equal(open, 0);
    });
  }

  test('a checkpoint syncs while a segment ends: neither gets in the way of the other', async (t) => {
    const folder = tempFolder(t);
    const content = diskBytes(4 * 4096);
    const pause = (ms = 2): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
    // As a disk that takes its time: between asking and doing, the other one gets its turn.
    const slow = filesWith((file) => ({
      datasync: () => pause(15).then(() => file.datasync()),
      sync: () => pause().then(() => file.sync()),
      close: () => file.close().then(() => pause()),
    }));
    const writer = new ImageWriter(slow, folder, split(content.length, 4096));
    const ring = new Ring(4, 4096, 1);
    const consuming = writer.consume(ring.reader(0), () => undefined);
    const syncs: Promise<void>[] = [];
    for (let at = 0; at < content.length; at += 2048) {
      const slot = await ring.slot();
      slot.bytes.set(content.subarray(at, at + 2048));
      ring.publish(at, 2048);
      syncs.push(writer.syncTo(at), writer.syncTo(at + 1));
    }
    ring.end();
    await Promise.all([...syncs, consuming]);
    await writer.finish();
    assert.deepEqual(contents(folder).bytes, content);
  });

  test('a failed write-back behind the writes is not forgotten, though a later fsync succeeds', async (t) => {
    // The kernel tells of a failed write-back once only.
    let failures = 0;
    const files = filesWith(() => ({
      write: async () => Promise.resolve(),
      datasync: async () => {
        failures += 1;
        if (failures === 1) throw errno('EIO');
        await Promise.resolve();
      },
    }));
    const size = 300 * MIB;
    const { error, synced } = await write(tempFolder(t), raw(size), Buffer.alloc(size), [4 * MIB], files);
    assert.ok(failures > 0, 'dirty pages are written back on the way');
    assertCode(error, 'destination', 'destination.failed');
    assert.equal(synced, 0, 'what the later fsync says is no word about the bytes before');
  });

  test('a failed sync stays failed: no later one that finds nothing to do makes a checkpoint of it', async (t) => {
    const fails = async (): Promise<void> => {
      await Promise.resolve();
      throw errno('EIO');
    };
    const segments = split(8192, 4096);
    const [first] = segments;
    assert.ok(first !== undefined);
    // A segment that is full is closed, and a checkpoint waits for its turn behind it.
    const out = new SegmentFiles(
      filesWith(() => ({ sync: fails })),
      tempFolder(t),
    );
    await out.at(first);
    const both = [out.close(), out.datasync()].map((each) => assert.rejects(each, /EIO|unwritable|failed/i));
    await Promise.all(both);
    // The kernel tells of it once, and so does a write-back behind the writes.
    let failures = 0;
    const once = filesWith(() => ({ datasync: () => ((failures += 1) === 1 ? fails() : Promise.resolve()) }));
    const writer = new ImageWriter(once, tempFolder(t), segments);
    await writer.makeWhole();
    await writer.place(0, new Uint8Array(512));
    const failed = (error: unknown): boolean => {
      assertCode(error, 'destination', 'destination.failed');
      return true;
    };
    await assert.rejects(writer.syncTo(0), failed);
    await assert.rejects(writer.syncTo(0), failed);
    assert.equal(writer.synced, 0);
    await writer.finish().catch(() => undefined);
  });

  test('what was synced stays told when a later sync fails; closing twice makes nothing of it good', async (t) => {
    const files = filesWith((file) =>
      file.path.endsWith('.001.partial')
        ? {}
        : {
            sync: async () => {
              await Promise.resolve();
              throw errno('EIO');
            },
          },
    );
    const attempt = await write(tempFolder(t), split(200_000, 100_000), diskBytes(200_000), CHUNKS, files);
    assertCode(attempt.error, 'destination', 'destination.failed');
    assert.deepEqual([attempt.position, attempt.synced], [200_000, 100_000]);
  });

  for (const kind of ['tmpfs', 'ext4'] as const) {
    test(`${kind} runs full in the middle: told so; what was written stays, right to the position`, async (t) => {
      const folder = freshFileSystem(t, kind, 8 * MIB);
      if (folder === null) return;
      const content = diskBytes(16 * MIB);
      const { error, position } = await write(folder, raw(content.length), content, [MIB + 13]);
      assertCode(error, 'destination', 'destination.full');
      assert.match(String(error), /item\.dd\.partial/);
      const left = readFileSync(join(folder, 'item.dd.partial'));
      assert.ok(position > MIB && left.length >= position);
      assert.ok(left.equals(content.subarray(0, left.length)));
    });
  }

  test('split on a file system that runs full: the finished segments stay as they are', async (t) => {
    const folder = freshFileSystem(t, 'tmpfs', 4 * MIB);
    if (folder === null) return;
    const content = diskBytes(8 * MIB);
    const { error } = await write(folder, split(content.length, MIB), content, [100_000]);
    assertCode(error, 'destination', 'destination.full');
    const { names } = contents(folder);
    assert.ok(names.length >= 4 && names.every((name) => name.endsWith('.partial')));
    for (const [index, name] of names.slice(0, -1).entries()) {
      assert.equal(statSync(join(folder, name)).size, MIB);
      assert.ok(readFileSync(join(folder, name)).equals(content.subarray(index * MIB, (index + 1) * MIB)));
    }
  });

  test('the destination folder goes away in the middle', async (t) => {
    const folder = join(tempFolder(t), 'item');
    await systemFiles.makeFolder(folder);
    let opened = 0;
    const files = filesWith(() => {
      opened += 1;
      if (opened === 1) rmSync(folder, { recursive: true });
      return {};
    });
    const { error } = await write(folder, split(200_000, 100_000), diskBytes(200_000), CHUNKS, files);
    assertCode(error, 'destination', 'destination.failed');
  });
});
