import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemFiles, type OpenFile } from '../../src/system/files.ts';
import { tryLock } from '../../src/system/lock.ts';
import { systemCommands, type CommandResult, type Commands } from '../../src/system/run-command.ts';
import { atEnd, tempFolder } from '../support/temp.ts';

const commands = systemCommands();

async function open(t: TestContext, path: string): Promise<OpenFile> {
  const file = await systemFiles.open(path, 'append');
  let closed = false;
  atEnd(t, async () => {
    if (!closed) await file.close();
  });
  return {
    ...file,
    fd: file.fd,
    close: async () => {
      closed = true;
      await file.close();
    },
  };
}

function lockable(t: TestContext): string {
  const path = join(tempFolder(t), 'journal');
  writeFileSync(path, '');
  return path;
}

/** Another process that tries the lock; what it got. */
async function rival(t: TestContext, path: string): Promise<{ got: string; pid: number; kill: () => Promise<void> }> {
  const program = fileURLToPath(new URL('./lock-child.js', import.meta.url));
  const child = spawn(process.execPath, [program, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const pid = child.pid ?? 0;
  const kill = async (): Promise<void> => {
    const ended = child.exitCode !== null || child.signalCode !== null;
    if (ended) return;
    // Not until its main thread is a zombie: other threads of it may hold the file a moment longer.
    const exit = once(child, 'exit');
    process.kill(pid, 'SIGKILL');
    await exit;
  };
  atEnd(t, kill);
  const got = await new Promise<string>((resolve) => {
    child.stdout.once('data', (data: Buffer) => {
      resolve(data.toString().trim());
    });
  });
  return { got, pid, kill };
}

describe('lock', { timeout: 60_000 }, () => {
  test('held, and busy for another open file, until it is closed', async (t) => {
    const path = lockable(t);
    const [first, second] = [await open(t, path), await open(t, path)];
    assert.equal(await tryLock(commands, first.fd), 'held');
    assert.equal(await tryLock(commands, second.fd), 'busy');
    assert.equal(await tryLock(commands, first.fd), 'held', 'whoever has it still has it');
    await first.close();
    assert.equal(await tryLock(commands, second.fd), 'held');
  });

  test('between processes; it ends with its process, even by SIGKILL', async (t) => {
    const path = lockable(t);
    const mine = await open(t, path);
    const holder = await rival(t, path);
    assert.equal(holder.got, 'held');
    assert.equal(await tryLock(commands, mine.fd), 'busy');
    await holder.kill();
    assert.equal(await tryLock(commands, mine.fd), 'held');
    assert.equal((await rival(t, path)).got, 'busy');
  });

  test('it does not wait', async (t) => {
    const path = lockable(t);
    const [first, second] = [await open(t, path), await open(t, path)];
    await tryLock(commands, first.fd);
    const started = performance.now();
    assert.equal(await tryLock(commands, second.fd), 'busy');
    assert.ok(performance.now() - started < 3000);
  });

  test('our other children do not keep it alive', async (t) => {
    const path = lockable(t);
    const [first, second] = [await open(t, path), await open(t, path)];
    await tryLock(commands, first.fd);
    const child = commands.stream(['sleep', '30']);
    await first.close();
    assert.equal(await tryLock(commands, second.fd), 'held');
    child.kill();
    await child.done;
  });

  const answers: readonly (readonly [string, Partial<CommandResult>])[] = [
    ['flock is missing', { failure: 'missing' }],
    ['the file system has no locks', { exit: 65 }],
    ['flock hangs', { failure: 'timeout', signal: 'SIGKILL' }],
  ];
  for (const [what, answer] of answers) {
    test(`${what}: unsupported, never held`, async () => {
      const fake: Commands = {
        ...commands,
        run: async (argv) => ({ argv, exit: null, signal: null, stdout: '', stderr: '', failure: null, ...answer }),
      };
      assert.equal(await tryLock(fake, 0), 'unsupported');
    });
  }
});
