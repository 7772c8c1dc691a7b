import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import test, { describe, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { until } from '../support/children.ts';
import { atEnd } from '../support/temp.ts';

interface Watched {
  readonly child: ChildProcess;
  /** Waits until it has said this. */
  says(text: string): Promise<void>;
  readonly said: () => string[];
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** A process with our signal handlers, ready for signals. */
async function watched(t: TestContext, mode = 'stubborn'): Promise<Watched> {
  const program = fileURLToPath(new URL('./signals-child.js', import.meta.url));
  const child = spawn(process.execPath, [program, mode], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (data: Buffer) => (text += data.toString()));
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('exit', (code, signal) => {
      resolve({ code, signal });
    });
  });
  atEnd(t, () => child.kill('SIGKILL'));
  const said = (): string[] => text.split('\n').filter((line) => line !== '');
  const says = (wanted: string): Promise<void> => until(() => said().includes(wanted), `"${wanted}"`);
  await says('ready');
  return { child, says, said, ended };
}

describe('signals', { timeout: 60_000 }, () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`the first ${signal} asks to stop, by its name, and ends nothing itself`, async (t) => {
      const job = await watched(t);
      job.child.kill(signal);
      await job.says(`stop ${signal}`);
      await pause(200);
      assert.deepEqual([job.child.exitCode, job.child.signalCode], [null, null]);
    });

    test(`the second ${signal} ends the process at once`, async (t) => {
      const job = await watched(t);
      job.child.kill(signal);
      await job.says(`stop ${signal}`);
      const started = performance.now();
      job.child.kill(signal);
      assert.deepEqual(await job.ended, { code: null, signal: 'SIGINT' });
      assert.ok(performance.now() - started < 2000, 'long before the deadline');
    });
  }

  test('a closed terminal ends nothing, however often', async (t) => {
    const job = await watched(t);
    job.child.kill('SIGHUP');
    await job.says('hangup');
    job.child.kill('SIGHUP');
    await until(() => job.said().filter((line) => line === 'hangup').length === 2, 'the second hangup');
    assert.deepEqual([job.child.exitCode, job.child.signalCode], [null, null]);
    assert.ok(!job.said().some((line) => line.startsWith('stop')));
  });

  test('a job that does not stop is ended within five seconds', async (t) => {
    const job = await watched(t);
    const started = performance.now();
    job.child.kill('SIGTERM');
    assert.deepEqual(await job.ended, { code: null, signal: 'SIGINT' });
    const took = performance.now() - started;
    assert.ok(took > 3000 && took < 6000, `${took} ms`);
  });

  test('a job that stops by itself ends with its own status; nobody waits for the deadline', async (t) => {
    const job = await watched(t, 'tidy');
    const started = performance.now();
    job.child.kill('SIGINT');
    assert.deepEqual(await job.ended, { code: 42, signal: null });
    assert.ok(performance.now() - started < 3000);
  });

  test('after release, signals are the kernel’s again', async (t) => {
    const job = await watched(t, 'released');
    job.child.kill('SIGHUP');
    assert.deepEqual(await job.ended, { code: null, signal: 'SIGHUP' });
  });
});
