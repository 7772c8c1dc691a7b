import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { pathToFileURL } from 'node:url';
import { undone } from '../../bench/undo.ts';
import { isAlive, until } from '../support/children.ts';
import { packageRoot } from '../support/root.ts';
import { atEnd } from '../support/temp.ts';

describe('what a run of the benchmark takes away again', () => {
  test('once, however often it is called', () => {
    const done: string[] = [];
    const step = undone(() => done.push('step'));
    assert.deepEqual(done, []);
    step();
    step();
    assert.deepEqual(done, ['step']);
  });

  test('at the end of the program what was made last goes first, and what is gone is not done again', () => {
    const { status, said, shown } = program(`
      const say = (word) => undone(() => console.log(word));
      say('first');
      const second = say('second');
      say('third');
      second();
      process.exit(7);`);
    assert.deepEqual([status, said, shown], [7, '', 'second\nthird\nfirst\n']);
  });

  test('also where the program ends by an error that nobody caught', () => {
    const { status, said, shown } = program(`
      undone(() => console.log('gone'));
      setImmediate(() => { throw new Error('as asked for'); });`);
    assert.deepEqual([status, shown], [1, 'gone\n']);
    assert.match(said, /as asked for/);
  });

  test('what fails is said, and holds up nothing', () => {
    const { status, said, shown } = program(`
      undone(() => console.log('before'));
      undone(() => { throw new Error('busy'); });
      undone(() => console.log('behind'));
      const called = undone(() => { throw new Error('busy as well'); });
      called();
      console.log('on');`);
    assert.deepEqual([status, shown], [0, 'on\nbehind\nbefore\n']);
    assert.equal(said, 'Not taken away: busy as well\nNot taken away: busy\n');
  });
});

describe('processes of a run of the benchmark', () => {
  test('a child that runs is killed with the program, one that has ended is not said', async (t) => {
    const { status, said, shown } = program(`
      const { spawn } = await import('node:child_process');
      const start = (...argv) => { const child = spawn(...argv, { stdio: 'ignore' }); endsWithUs(child); return child; };
      const short = start('true', []);
      await new Promise((resolve) => short.once('exit', resolve));
      console.log(start('sleep', ['600']).pid);
      process.exit();`);
    assert.deepEqual([status, said], [0, '']);
    const pid = Number(shown);
    killedAtEnd(t, pid);
    await until(() => !isAlive(pid), 'the child is gone');
  });

  test('of a measured command also what its shell did not wait for', async (t) => {
    const { status, said, shown } = program(`
      const { measure } = await import(${module('measure')});
      const { childrenOf, until } = await import(${module('../test/support/children')});
      const sleeps = () => childrenOf().filter(({ command }) => command === 'sleep 617.' + process.pid);
      void measure('sleep 617.' + process.pid + ' & true');
      await until(() => sleeps().length === 1 && childrenOf(process.pid).length === 0, 'the shell has ended');
      console.log(sleeps()[0].pid);
      // By now Node knows it, too.
      setTimeout(() => process.exit(), 200);`);
    assert.deepEqual([status, said], [0, '']);
    const pid = Number(shown);
    killedAtEnd(t, pid);
    await until(() => !isAlive(pid), 'what the shell started is gone');
  });
});

/** Runs lines as a program of their own, which ends by itself; with what bench/undo.ts gives. */
function program(lines: string): { status: number | null; said: string; shown: string } {
  const script = `const { undone, endsWithUs } = await import(${module('undo')});\n${lines}`;
  const argv = ['--input-type=module', '--eval', script];
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8', timeout: 60_000 });
  return { status, said: stderr, shown: stdout };
}

/** A compiled one of the benchmark, as JavaScript writes its name. */
function module(name: string): string {
  return JSON.stringify(pathToFileURL(join(packageRoot, 'dist', 'bench', `${name}.js`)).href);
}

function killedAtEnd(t: test.TestContext, pid: number): void {
  assert.ok(pid > 0, 'no process was told');
  atEnd(t, () => {
    if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  });
}
