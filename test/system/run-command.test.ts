import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, openSync, closeSync, readFileSync, writeFileSync, chmodSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { systemCommands } from '../../src/system/run-command.ts';
import { childrenOf, isAlive, until } from '../support/children.ts';
import { atEnd, tempFolder } from '../support/temp.ts';

const commands = systemCommands();

describe('run', { timeout: 60_000 }, () => {
  test('status, output and errors, each in its place; LC_ALL is C', async () => {
    const result = await commands.run(['sh', '-c', 'echo out; echo "$LC_ALL $MORE" >&2; exit 7'], {
      env: { MORE: 'x' },
    });
    assert.deepEqual(result, {
      argv: ['sh', '-c', 'echo out; echo "$LC_ALL $MORE" >&2; exit 7'],
      exit: 7,
      signal: null,
      stdout: 'out\n',
      stderr: 'C x\n',
      failure: null,
    });
  });

  for (const name of ['no-such-program-anywhere', '/no/such/program']) {
    test(`missing: ${name}`, async () => {
      const result = await commands.run([name, 'x']);
      assert.deepEqual([result.exit, result.signal, result.failure], [null, null, 'missing']);
      assert.equal(commands.which(name), null);
      assert.throws(() => commands.stream([name]), /is not installed/);
    });
  }

  test('a folder, or a file without the right to run it, is no program', async (t) => {
    const folder = tempFolder(t);
    mkdirSync(join(folder, 'exhibit-a'));
    writeFileSync(join(folder, 'exhibit-b'), '#!/bin/sh\n');
    const here = systemCommands(folder);
    assert.equal(here.which('exhibit-a'), null);
    assert.equal(here.which('exhibit-b'), null);
    chmodSync(join(folder, 'exhibit-b'), 0o755);
    assert.equal(here.which('exhibit-b'), join(folder, 'exhibit-b'));
  });

  test('killed by a signal', async () => {
    const result = await commands.run(['sh', '-c', 'kill -TERM $$']);
    assert.deepEqual([result.exit, result.signal, result.failure], [null, 'SIGTERM', null]);
  });

  const slow = 'sleep 31.4159 & sleep 31.4159; true';
  const left = (): number => childrenWith('sleep 31.4159');

  test('a time limit ends the command and all that it has started', async () => {
    const started = performance.now();
    const result = await commands.run(['sh', '-c', slow], { timeoutMs: 300 });
    assert.equal(result.failure, 'timeout');
    assert.ok(performance.now() - started < 5000);
    await until(() => left() === 0, 'no child');
  });

  test('an abort does too', async () => {
    const started = performance.now();
    const result = await commands.run(['sh', '-c', slow], { signal: AbortSignal.timeout(300) });
    assert.equal(result.failure, 'aborted');
    assert.ok(performance.now() - started < 5000);
    await until(() => left() === 0, 'no child');
  });

  test('aborted before it began', async () => {
    assert.equal((await commands.run(['sleep', '20'], { signal: AbortSignal.abort() })).failure, 'aborted');
  });

  test('too much output is a failure, not a cut; exactly as much is none', async () => {
    assert.equal(
      (await commands.run(['head', '-c', '1001', '/dev/zero'], { maxOutput: 1000 })).failure,
      'too-much-output',
    );
    assert.equal((await commands.run(['head', '-c', '1000', '/dev/zero'], { maxOutput: 1000 })).failure, null);
    assert.equal((await commands.run(['yes'], { maxOutput: 1000 })).failure, 'too-much-output', 'and it is ended');
  });

  test('input; input that nobody reads; none at all', async () => {
    assert.equal((await commands.run(['cat'], { input: 'words' })).stdout, 'words');
    assert.equal((await commands.run(['true'], { input: Buffer.alloc(2_000_000) })).exit, 0);
    assert.equal((await commands.run(['cat'])).stdout, '');
  });

  test('descriptors: standard input and 3, 4 are ours', async (t) => {
    const folder = tempFolder(t);
    const fds = ['in', 'three', 'four'].map((name) => {
      writeFileSync(join(folder, name), name);
      return openSync(join(folder, name), 'r');
    });
    const [stdinFd = -1, ...inheritFds] = fds;
    const result = await commands.run(['sh', '-c', 'cat; cat <&3; cat <&4; ls /proc/self/fd | wc -l'], {
      stdinFd,
      inheritFds,
    });
    for (const fd of fds) closeSync(fd);
    assert.match(result.stdout, /^inthreefour/);
  });

  test('a child is not reached by our terminal’s Ctrl-C: it has a session of its own', async () => {
    const { stdout } = await commands.run(['sh', '-c', 'cut -d" " -f5,6 /proc/$$/stat; echo $$']);
    const [group, session, pid] = stdout.trim().split(/\s/);
    assert.deepEqual([group, session], [pid, pid]);
  });

  test('what is hostile in an argument stays an argument', async () => {
    const hostile = ['-n', '$(id)', 'a\nb', '; rm -rf x', '\u{202e}'];
    assert.equal((await commands.run(['printf', '%s|', ...hostile])).stdout, `${hostile.join('|')}|`);
  });
});

describe('stream', { timeout: 60_000 }, () => {
  test('bytes come as they are; the end is judged apart', async () => {
    const child = commands.stream(['sh', '-c', "printf 'a\\377\\000b'; echo why >&2; exit 3"]);
    const parts: Buffer[] = [];
    for await (const part of child.stdout) parts.push(part as Buffer);
    assert.deepEqual([...Buffer.concat(parts)], [0x61, 0xff, 0, 0x62]);
    const done = await child.done;
    assert.deepEqual([done.exit, done.stdout, done.stderr], [3, '', 'why\n']);
  });

  test('a pipe to its standard input', async () => {
    const child = commands.stream(['cat'], { pipeStdin: true });
    child.stdin?.end('through');
    let text = '';
    for await (const part of child.stdout) text += (part as Buffer).toString();
    assert.equal(text, 'through');
  });

  test('kill ends it and all that it has started', async () => {
    const child = commands.stream(['sh', '-c', 'echo up; sleep 27.1828; true']);
    child.stdout.resume();
    await until(() => childrenWith('sleep 27.1828') === 1, 'its child to start');
    child.kill();
    assert.equal((await child.done).signal, 'SIGKILL');
    await until(() => childrenWith('sleep 27.1828') === 0, 'its child to end');
    child.kill();
  });
});

describe('streamBulk', { timeout: 60_000 }, () => {
  test('every byte of a great deal, in order; then null, again and again', async (t) => {
    const path = join(tempFolder(t), 'big');
    const content = Buffer.alloc(30_000_001, Buffer.from('0123456789abcdefghijklm'));
    writeFileSync(path, content);
    const child = await commands.streamBulk(['cat', path]);
    const parts: Buffer[] = [];
    for (let bytes = await child.next(); bytes !== null; bytes = await child.next()) {
      parts.push(Buffer.from(bytes));
      // Whoever is slow still gets what was told to be valid until the next call.
      if (parts.length % 50 === 0) await pause(2);
    }
    assert.ok(Buffer.concat(parts).equals(content));
    assert.equal(await child.next(), null);
    assert.equal((await child.done).exit, 0);
  });

  test('bytes are valid until the next call, however long that takes', async () => {
    const child = await commands.streamBulk([
      'sh',
      '-c',
      'head -c 400000 /dev/zero; head -c 400000 /dev/zero | tr "\\0" x',
    ]);
    const first = await child.next();
    assert.ok(first !== null);
    const before = Buffer.from(first);
    await pause(200);
    assert.ok(before.equals(first), 'nothing was read into the buffer meanwhile');
    child.kill();
  });

  test('one that dies in the middle: what it gave, the end, and the signal', async () => {
    const child = await commands.streamBulk(['sh', '-c', 'head -c 1000 /dev/zero; kill -9 $$']);
    let total = 0;
    for (let bytes = await child.next(); bytes !== null; bytes = await child.next()) total += bytes.length;
    assert.equal(total, 1000);
    assert.equal((await child.done).signal, 'SIGKILL');
  });

  test('kill wakes who waits for bytes', async () => {
    const child = await commands.streamBulk(['sleep', '30']);
    const waiting = child.next();
    await pause(50);
    child.kill();
    assert.equal(await waiting, null);
    assert.equal((await child.done).signal, 'SIGKILL');
  });

  test('a missing program is thrown, and leaves nothing open', async () => {
    await assert.rejects(commands.streamBulk(['no-such-program-anywhere']), /is not installed/);
  });

  test('nothing of the pipe stays in the file system', async (t) => {
    const before = process.env['TMPDIR'];
    // Longer than the name of a socket may be.
    const parent = tempFolder(t);
    const folder = join(parent, 'x'.repeat(120));
    mkdirSync(folder);
    process.env['TMPDIR'] = folder;
    atEnd(t, () => {
      if (before === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = before;
    });
    const child = await commands.streamBulk(['sleep', '30']);
    assert.equal((await commands.run(['find', parent, '-mindepth', '1'])).stdout, `${folder}\n`);
    child.kill();
    await child.done;
  });
});

describe('children do not outlive us', { timeout: 60_000 }, () => {
  for (const how of ['stream', 'bulk', 'run', 'blocked']) {
    test(`killed by SIGKILL while a child runs (${how})`, async (t) => {
      if (commands.which('setpriv') === null) {
        t.skip('needs setpriv');
        return;
      }
      const { parent, child } = await parentWithChild(t, how);
      assert.ok(isAlive(child));
      process.kill(parent, 'SIGKILL');
      await until(() => !isAlive(child), 'the child to die with its parent');
    });
  }
});

/** A Node process of its own that starts one child by our code; both process ids. */
async function parentWithChild(t: TestContext, how: string): Promise<{ parent: number; child: number }> {
  const program = fileURLToPath(new URL('./parent-child.js', import.meta.url));
  const parent = spawn(process.execPath, [program, how], { stdio: 'ignore' });
  const pid = parent.pid ?? 0;
  const started = (): number[] => childrenOf(pid).map((child) => child.pid);
  const known: number[] = [];
  atEnd(t, () => {
    for (const each of [pid, ...known].filter(isAlive)) process.kill(each, 'SIGKILL');
  });
  await until(() => started().length > 0, 'the child to start');
  // setpriv becomes the program it starts.
  await until(
    () => started().every((child) => !readFileSync(`/proc/${child}/comm`, 'utf8').startsWith('setpriv')),
    'exec',
  );
  known.push(...started());
  return { parent: pid, child: known[0] ?? 0 };
}

/** Live processes with exactly this command line, whoever their parent is. */
function childrenWith(command: string): number {
  return childrenOf().filter((child) => child.command === command).length;
}
