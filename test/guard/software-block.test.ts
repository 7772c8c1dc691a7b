import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { setReadOnly } from '../../src/guard/software-block.ts';
import { ExhibitError } from '../../src/model/errors.ts';
import { systemFiles } from '../../src/system/files.ts';
import { type Commands, systemCommands } from '../../src/system/run-command.ts';

const ports = { commands: systemCommands(), files: systemFiles };
const canLoop = process.getuid?.() === 0 && existsSync('/dev/loop-control');

function getro(path: string): string {
  return execFileSync('blockdev', ['--getro', path], { encoding: 'utf8' }).trim();
}

/** Runs with a writable loop device of 1 MiB, and takes it away again. */
async function withLoop(use: (device: string, folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'exhibit-ro-'));
  writeFileSync(join(folder, 'disk'), '');
  truncateSync(join(folder, 'disk'), 1 << 20);
  const device = execFileSync('losetup', ['-f', '--show', join(folder, 'disk')], { encoding: 'utf8' }).trim();
  try {
    await use(device, folder);
  } finally {
    // The flag outlives the loop device's file: it would make the next user's loop device read-only.
    execFileSync('blockdev', ['--setrw', device]);
    execFileSync('losetup', ['-d', device]);
    rmSync(folder, { recursive: true });
  }
}

/** A station whose blockdev answers as told; anything else it is asked is the test's fault. */
function scripted(answers: Record<string, { exit: number; stdout?: string; stderr?: string }>): Commands {
  return {
    which: (name) => name,
    stream: () => assert.fail('nothing is streamed here'),
    streamBulk: () => assert.fail('nothing is streamed here'),
    run: async (argv) => {
      const answer = answers[argv.join(' ')] ?? assert.fail(`unscripted: ${argv.join(' ')}`);
      return { argv, signal: null, failure: null, stdout: '', stderr: '', ...answer };
    },
  };
}

async function refused(commands: Commands, path: string): Promise<ExhibitError> {
  const error: unknown = await setReadOnly({ commands, files: systemFiles }, [path]).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ExhibitError, 'it was not refused');
  assert.equal(error.fault, 'guard');
  return error;
}

describe('software block', () => {
  test('sets and confirms the flag of a real device', async (t) => {
    if (!canLoop) {
      t.skip('needs root and loop devices');
      return;
    }
    await withLoop(async (device) => {
      assert.equal(getro(device), '0');
      assert.deepEqual(await setReadOnly(ports, [device]), [
        {
          fact: 'kernel-flag',
          what: `read-only flag of ${device}, set by --software-block`,
          seen: '1',
          source: `blockdev --getro ${device}`,
        },
      ]);
      assert.equal(getro(device), '1');
      assert.throws(() =>
        execFileSync('dd', ['if=/dev/zero', `of=${device}`, 'bs=512', 'count=1', 'oflag=direct'], { stdio: 'ignore' }),
      );
    });
  });

  test('leaves a device alone that somebody holds', async (t) => {
    if (!canLoop) {
      t.skip('needs root and loop devices');
      return;
    }
    await withLoop(async (device) => {
      const holder = await systemFiles.open(device, 'read-exclusive');
      try {
        assert.equal((await refused(ports.commands, device)).code, 'guard.in-use');
        assert.equal(getro(device), '0');
      } finally {
        await holder.close();
      }
    });
  });

  test('a device that is not there', async () => {
    const error = await refused(scripted({}), '/dev/no-such-disk');
    assert.equal(error.code, 'guard.flag-not-set');
    assert.match(error.message, /ENOENT/);
  });

  test('a flag that does not stay, a refusal, no blockdev', async () => {
    const path = '/dev/null';
    const undone = scripted({
      [`blockdev --setro ${path}`]: { exit: 0 },
      [`blockdev --getro ${path}`]: { exit: 0, stdout: '0\n' },
    });
    assert.match((await refused(undone, path)).message, /did not stay set: blockdev --getro says "0"/);
    const denied = scripted({
      [`blockdev --setro ${path}`]: { exit: 1, stderr: 'blockdev: ioctl error: Permission denied\u001b[2J\n' },
    });
    const error = await refused(denied, path);
    assert.match(error.message, /Permission denied\\u\{1b\}\[2J\.$/);
    assert.match(error.hint ?? '', /--allow-unblocked REASON/);
    const none: Commands = {
      ...denied,
      run: async (argv) => ({ argv, exit: null, signal: null, stdout: '', stderr: '', failure: 'missing' }),
    };
    assert.equal((await refused(none, path)).code, 'guard.blockdev-missing');
  });
});
