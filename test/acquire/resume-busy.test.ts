import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { systemCommands, type Commands } from '../../src/system/run-command.ts';
import { exhibitHere } from '../support/in-process.ts';
import { testPorts } from '../support/ports.ts';
import { stoppedJob } from '../support/stopped.ts';
import { atEnd } from '../support/temp.ts';

/** As on NFS, where flock becomes a lock by fcntl, and an exclusive one needs a descriptor that can write. */
function nfsLocks(): Commands {
  const commands = systemCommands();
  return {
    ...commands,
    run: (argv, options) => {
      const reading = options?.inheritFds?.some((fd) =>
        /^flags:\s+\d*0$/m.test(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')),
      );
      return commands.run(argv[0] === 'flock' && reading === true ? ['sh', '-c', 'exit 66'] : argv, options);
    },
  };
}

/** Another program has the kernel's lock on a file. */
async function lockHeld(t: TestContext, path: string): Promise<void> {
  const holder = spawn('flock', ['--no-fork', path, 'sh', '-c', 'echo; exec sleep 60']);
  atEnd(t, () => holder.kill());
  await once(holder.stdout, 'data');
}

test('a file system that locks nothing for readers: resume takes the folder for idle, and locks it when it writes', async (t) => {
  const stopped = await stoppedJob(t);
  const { code, stderr } = await exhibitHere(stopped.resume(), testPorts({ commands: nfsLocks() }));
  assert.equal(code, 0, stderr);
});

test('a job is at work there: 12 before anything is looked at', async (t) => {
  const stopped = await stoppedJob(t);
  await lockHeld(t, join(stopped.folder, 'HDD-01.journal.jsonl'));
  const { code, stderr } = await exhibitHere(stopped.resume('--dry-run'));
  assert.equal(code, 12, stderr);
  assert.match(stderr, /Another job is at work in/);
});

test('another resume of the same folder was a moment faster: it has the source first and then the folder; 12', async (t) => {
  const stopped = await stoppedJob(t);
  await lockHeld(t, stopped.source);
  const resumed = exhibitHere(stopped.resume());
  await new Promise((resolve) => setTimeout(resolve, 1200));
  await lockHeld(t, join(stopped.folder, 'HDD-01.journal.jsonl'));
  const { code, stderr } = await resumed;
  assert.equal(code, 12, stderr);
  assert.match(stderr, /Another job is at work in/);
});

test('a source that some other job reads: 11', async (t) => {
  const stopped = await stoppedJob(t);
  await lockHeld(t, stopped.source);
  const { code, stderr } = await exhibitHere(stopped.resume());
  assert.equal(code, 11, stderr);
  assert.match(stderr, /is in use: another job reads it/);
});
