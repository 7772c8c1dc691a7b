import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
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

test('a file system that locks nothing for readers: resume takes the folder for idle, and locks it when it writes', async (t) => {
  const stopped = await stoppedJob(t);
  const { code, stderr } = await exhibitHere(stopped.resume(), testPorts({ commands: nfsLocks() }));
  assert.equal(code, 0, stderr);
});

test('a job is at work there: 12 before anything is looked at', async (t) => {
  const stopped = await stoppedJob(t);
  const holder = spawn('flock', [
    '--no-fork',
    join(stopped.folder, 'HDD-01.journal.jsonl'),
    'sh',
    '-c',
    'echo; exec sleep 60',
  ]);
  atEnd(t, () => holder.kill());
  await once(holder.stdout, 'data');
  const { code, stderr } = await exhibitHere(stopped.resume('--dry-run'));
  assert.equal(code, 12, stderr);
  assert.match(stderr, /Another job is at work in/);
});
