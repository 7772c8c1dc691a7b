import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { renameSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { attachLoop, attachPartitioned, diskBytes, lacks, sh } from '../support/loop.ts';
import { tempFolder } from '../support/temp.ts';
import { assertCode, assertExact, hold, Log, MIB, readAll, READERS } from './read-all.ts';

for (const [name, reader] of READERS) {
  describe(`reader ${name}: readable sources`, { timeout: 60_000 }, () => {
    for (const size of [1, 511, 512, 513, 4096, MIB - 1, 4 * MIB + 1]) {
      test(`a plain file of ${size} bytes`, async (t) => {
        const path = join(tempFolder(t), 'disk.img');
        const content = diskBytes(size);
        writeFileSync(path, content);
        const source = await hold(t, path);
        assertExact(await readAll(reader, source), content, []);
      });
    }

    for (const sector of [512, 4096] as const) {
      for (const blockBytes of [4096, 65_536, MIB]) {
        const size = 3 * MIB + sector * 3;
        if (blockBytes === 4096 && sector === 4096) continue;
        test(`a read-only loop device of ${sector}-byte sectors, blocks of ${blockBytes}, the last one partial`, async (t) => {
          if (lacks(t, 'losetup')) return;
          const path = join(tempFolder(t), 'disk.img');
          const content = diskBytes(size);
          writeFileSync(path, content);
          const node = attachLoop(t, path, { sector });
          const source = await hold(t, node, sector);
          const result = await readAll(reader, source, { blockBytes, slotBytes: 65_536 * 2 });
          assertExact(result, content, []);
          assert.equal(sh('sha256sum', node).split(' ')[0], createHash('sha256').update(result.bytes).digest('hex'));
        });
      }
    }

    test('a partition: its own bytes, not the disk’s', async (t) => {
      if (lacks(t, 'losetup', 'sfdisk', 'partx')) return;
      const content = diskBytes(4 * MIB);
      const { partition } = attachPartitioned(t, join(tempFolder(t), 'disk.img'), content, MIB);
      const source = await hold(t, partition);
      assertExact(await readAll(reader, source), content.subarray(MIB), []);
    });

    test('a range in the middle', async (t) => {
      if (lacks(t, 'losetup')) return;
      const path = join(tempFolder(t), 'disk.img');
      const content = diskBytes(4 * MIB);
      writeFileSync(path, content);
      const source = await hold(t, attachLoop(t, path));
      const range = { start: 512 * 1001, end: 512 * 5003 };
      const result = await readAll(reader, source, { range, slotBytes: 65_536 });
      assert.equal(result.error, null);
      assert.ok(result.bytes.equals(content.subarray(range.start, range.end)));
    });

    test('a second reading through the same held source gives the same', async (t) => {
      const path = join(tempFolder(t), 'disk.img');
      const content = diskBytes(2 * MIB + 700);
      writeFileSync(path, content);
      const source = await hold(t, path);
      for (let pass = 0; pass < 2; pass += 1) assertExact(await readAll(reader, source), content, []);
    });

    test('the file that was taken is read, whatever stands under its name now', async (t) => {
      const folder = tempFolder(t);
      const path = join(folder, 'disk.img');
      const content = diskBytes(MIB);
      writeFileSync(path, content);
      const source = await hold(t, path);
      renameSync(path, join(folder, 'moved.img'));
      writeFileSync(path, diskBytes(MIB, 2));
      assertExact(await readAll(reader, source), content, []);
      unlinkSync(join(folder, 'moved.img'));
      assertExact(await readAll(reader, source), content, []);
    });

    test('a file that is cut while it is read: ended early, with what came before it', async (t) => {
      const path = join(tempFolder(t), 'disk.img');
      const content = diskBytes(64 * MIB);
      writeFileSync(path, content);
      const source = await hold(t, path);
      const log = new Log();
      const cut = 40 * MIB + 100;
      log.onGood = () => {
        truncateSync(path, cut);
      };
      const result = await readAll(reader, source, { log });
      assertCode(result.error, 'source', 'source.ended-early');
      assert.ok(result.bytes.length <= cut && result.bytes.equals(content.subarray(0, result.bytes.length)));
      assert.deepEqual(result.log.bad, [], 'a missing end is no bad sector');
    });

    test('a device smaller than promised: ended early', async (t) => {
      if (lacks(t, 'losetup')) return;
      const path = join(tempFolder(t), 'disk.img');
      writeFileSync(path, diskBytes(MIB));
      const source = { ...(await hold(t, attachLoop(t, path))), size: MIB + 512 };
      assertCode((await readAll(reader, source)).error, 'source', 'source.ended-early');
    });
  });
}
