import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { readByDd } from '../../src/read/dd-reader.ts';
import { systemCommands } from '../../src/system/run-command.ts';
import { badDisk, type BadDisk } from '../support/bad-disk.ts';
import { childrenOf, until } from '../support/children.ts';
import { diskBytes } from '../support/loop.ts';
import { testPorts } from '../support/ports.ts';
import { tempFolder } from '../support/temp.ts';
import { hold, Log, MIB, readAll, READERS, sectors, type ReadAll } from './read-all.ts';

/** A person waits 5 s at most for everything; reading gets 2 s of that. */
const PATIENCE_MS = 2000;

const readers = (): string[] =>
  childrenOf(process.pid)
    .map((child) => child.command)
    .filter((command) => /(^|\/)dd |probe-child/.test(command));

/** Stopped in time, without an error, with nothing but right bytes; and, once the disk answers again, nobody is left. */
async function assertStopped(result: ReadAll, content: Buffer, disk: BadDisk | null): Promise<void> {
  assert.ifError(result.error);
  assert.ok(result.stopTook !== null && result.stopTook < PATIENCE_MS, `it took ${result.stopTook} ms`);
  assert.ok(result.bytes.equals(content.subarray(0, result.bytes.length)));
  assert.deepEqual(result.log.bad, [], 'a read that was given up is no bad sector');
  await disk?.unplug();
  await until(() => readers().length === 0, `no child: ${readers().join('; ')}`);
}

for (const [name, reader] of READERS) {
  describe(`reader ${name}: told to stop`, { timeout: 60_000 }, () => {
    test('while a large read hangs', async (t) => {
      const content = diskBytes(4 * MIB);
      const disk = await badDisk(t, { content });
      if (disk === null) return;
      const source = await hold(t, disk.node);
      await disk.pause();
      const result = await readAll(reader, source, { stop: AbortSignal.timeout(400) });
      assert.equal(result.bytes.length, 0);
      await assertStopped(result, content, disk);
    });

    test('while the re-reading of a bad place hangs', async (t) => {
      const content = diskBytes(4 * MIB);
      const disk = await badDisk(t, { content, bad: [sectors(3000)] });
      if (disk === null) return;
      const source = await hold(t, disk.node);
      const stop = new AbortController();
      const result = await readAll(reader, source, {
        stop: stop.signal,
        // Called after the large read has failed and before the first small one.
        checkPresent: async () => {
          await disk.pause();
          setTimeout(() => {
            stop.abort();
          }, 500);
        },
      });
      assert.equal(result.bytes.length, MIB, 'what came before the bad place stays');
      await assertStopped(result, content, disk);
    });

    test('in full flight: what is left is a beginning of the source', async (t) => {
      const path = join(tempFolder(t), 'disk.img');
      const content = diskBytes(64 * MIB);
      writeFileSync(path, content);
      const stop = new AbortController();
      const log = new Log();
      log.onGood = () => {
        if ((log.goodRanges.at(-1)?.end ?? 0) > 5 * MIB) stop.abort();
      };
      const result = await readAll(reader, await hold(t, path), { stop: stop.signal, log });
      assert.ok(result.bytes.length >= 4 * MIB && result.bytes.length < content.length);
      await assertStopped(result, content, null);
    });

    test('before it began', async (t) => {
      const path = join(tempFolder(t), 'disk.img');
      writeFileSync(path, diskBytes(MIB));
      const result = await readAll(reader, await hold(t, path), { stop: AbortSignal.abort() });
      assert.deepEqual([result.error, result.bytes.length], [null, 0]);
    });
  });
}

describe('reader dd: told to stop', { timeout: 60_000 }, () => {
  test('while dd has closed its output and does not end', async (t) => {
    const folder = tempFolder(t);
    mkdirSync(join(folder, 'bin'));
    const script = '#!/bin/sh\nhead -c 1000; exec 1>&-; sleep 60; true\n';
    writeFileSync(join(folder, 'bin', 'dd'), script);
    chmodSync(join(folder, 'bin', 'dd'), 0o755);
    const content = diskBytes(MIB);
    writeFileSync(join(folder, 'disk.img'), content);
    const result = await readAll(readByDd, await hold(t, join(folder, 'disk.img')), {
      ports: testPorts({ commands: systemCommands(`${folder}/bin:${process.env['PATH'] ?? ''}`) }),
      stop: AbortSignal.timeout(400),
    });
    await assertStopped(result, content, null);
    assert.equal(result.bytes.length, 512);
    await pause(100);
    assert.deepEqual(
      childrenOf().filter((child) => child.command === 'sleep 60'),
      [],
      'what dd had started is gone too',
    );
  });
});
