import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { canMakeBadDisk, makeBadDisk } from '../../bench/bad-disk.ts';
import { onPath } from '../../bench/station.ts';
import { until } from '../support/children.ts';
import { atEnd, tempFolder } from '../support/temp.ts';
import { endAllIn, loopsIn, mountsIn, naming, nothingUses } from './left.ts';

const skip = canMakeBadDisk(onPath) ? false : 'needs root, nbdkit, nbdfuse, fusermount3, losetup';

describe('the disk with bad sectors', { skip }, () => {
  test('fails where it should and counts that, and leaves nothing once it is removed', async (t) => {
    const folder = folderOf(t);
    const disk = await makeBadDisk(folder);
    atEnd(t, () => {
      disk.remove();
    });
    assert.equal(disk.failingReads(), 0);
    const loops = loopsIn(folder);
    assert.deepEqual([mountsIn(folder).length, loops.length], [1, 1]);
    const read = spawn('dd', [`if=${disk.node}`, 'iflag=direct', 'skip=1000', 'count=1'], { stdio: 'ignore' });
    const ended = new Promise((resolve) => read.once('exit', resolve));
    await until(() => scriptFolder(folder) !== null, 'a read fails');
    const ofPlugin = scriptFolder(folder) ?? '';
    assert.equal(await ended, 1);
    assert.ok(disk.failingReads() > 0);
    assert.ok(existsSync(ofPlugin), ofPlugin);
    disk.remove();
    await nothingUses(folder, loops);
    assert.ok(!existsSync(ofPlugin), ofPlugin);
  });

  for (const [program, what] of [
    ['nbdkit', 'nothing serves it'],
    ['nbdfuse', 'nothing shows it as a file'],
    ['losetup', 'nothing makes a device of it'],
  ] as const)
    test(`where ${what}, nothing is left of what was made before`, async (t) => {
      const folder = folderOf(t);
      inPlaceOf(t, program, 'exit 1');
      await assert.rejects(makeBadDisk(folder), /did not start|losetup/);
      await nothingUses(folder);
    });

  test('what can not be taken away is said, and the rest goes all the same', async (t) => {
    const folder = folderOf(t);
    const disk = await makeBadDisk(folder);
    atEnd(t, () => spawnSync('fusermount3', ['-u', '-z', join(folder, 'bad.fuse')]));
    atEnd(t, () => {
      disk.remove();
    });
    const said = t.mock.method(console, 'error', () => undefined);
    inPlaceOf(t, 'fusermount3', 'echo as asked for >&2; exit 1');
    disk.remove();
    assert.equal(said.mock.callCount(), 1);
    assert.match(String(said.mock.calls[0]?.arguments[0]), /^Not taken away: .*fusermount3[^]*as asked for/);
    assert.equal(mountsIn(folder).length, 1);
    await until(() => naming(folder).length === 0, 'server and nbdfuse are gone');
  });
});

/** One in which nobody works once the test has ended. */
function folderOf(t: TestContext): string {
  const folder = tempFolder(t);
  atEnd(t, () => {
    endAllIn(folder);
  });
  return folder;
}

/** A program of this name comes first until the test ends. */
function inPlaceOf(t: TestContext, name: string, does: string): void {
  const folder = join(tempFolder(t), 'bin');
  mkdirSync(folder);
  writeFileSync(join(folder, name), `#!/bin/sh\n${does}\n`, { mode: 0o755 });
  const path = process.env['PATH'] ?? '';
  process.env['PATH'] = `${folder}:${path}`;
  atEnd(t, () => {
    process.env['PATH'] = path;
  });
}

/** The folder that nbdkit's sh plugin has made for itself, by the script of a read that takes its time; null: none runs. */
function scriptFolder(folder: string): string | null {
  const [script] = naming(folder).filter(({ command }) => command.includes('bad.sh pread'));
  if (script === undefined) return null;
  try {
    return /(?:^|\0)tmpdir=([^\0]+)/.exec(readFileSync(`/proc/${script.pid}/environ`, 'utf8'))?.[1] ?? null;
  } catch {
    return null;
  }
}
