import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { canMakeBadMedia } from '../../bench/bad-media.ts';
import type { Part } from '../../bench/options.ts';
import { canShowOverSsh } from '../../bench/parts.ts';
import { onPath } from '../../bench/station.ts';
import { childrenOf, isAlive, until, type Child } from '../support/children.ts';
import { packageRoot } from '../support/root.ts';
import { atEnd, tempFolder } from '../support/temp.ts';
import { endAllIn, loopsIn, nothingUses } from './left.ts';

/** Each takes its look at the station first, and may have to wait for others. */
const UNDER_WAY_MS = 120_000;
const FOLDER = /\/dev\/shm\/exhibit-bench-\w+/;

interface Ending {
  readonly part: Part;
  /** What is looked for in a command line of the run's own child. */
  readonly doing: string;
}

/** One of each kind of child: a stage, a job, a measured command. */
const ENDINGS: readonly Ending[] = [
  { part: 'stages', doing: '"kind":"pipeline"' },
  { part: 'cut-off', doing: 'exhibit.js acquire ' },
  { part: 'bad-media', doing: 'bash -c set -o pipefail' },
  // Beside it a server runs.
  { part: 'ssh', doing: 'bash -c set -o pipefail' },
];

describe('a benchmark that is ended leaves nothing behind', { concurrency: true }, () => {
  for (const { part, doing } of ENDINGS)
    test(`SIGTERM in the middle of ${part}`, async (t) => {
      if (lacksPlaceFor(t, part)) return;
      const temp = tempFolder(t);
      const { bench, ended } = start(t, part, temp);
      const child = await childOf(bench, doing);
      // It does not end by itself, however long the signal takes.
      process.kill(child.pid, 'SIGSTOP');
      atEnd(t, () => {
        if (isAlive(child.pid)) process.kill(child.pid, 'SIGKILL');
      });
      const folder = folderOf(child);
      atEnd(t, () => {
        endAllIn(folder);
        rmSync(folder, { recursive: true, force: true });
      });
      const loops = loopsIn(folder);
      assert.equal(loops.length, ['bad-media', 'ssh'].includes(part) ? 1 : 0);
      bench.kill('SIGTERM');
      assert.deepEqual(await ended, { code: 130, said: '' });
      await until(() => !isAlive(child.pid), `${doing} is gone`);
      await nothingUses(folder, loops);
      assert.ok(!existsSync(folder), folder);
      assert.deepEqual(readdirSync(temp), []);
    });
});

/** True, and the test skipped aloud, where it can't be run. */
function lacksPlaceFor(t: TestContext, part: Part): boolean {
  const why = !existsSync('/dev/shm')
    ? 'needs /dev/shm'
    : part === 'bad-media' && !canMakeBadMedia(onPath)
      ? 'needs root, nbdkit, nbdfuse, losetup, ddrescue'
      : part === 'ssh' && !canShowOverSsh()
        ? 'needs root, losetup, setpriv, ssh, ssh-keygen, sshd'
        : null;
  if (why !== null) t.skip(why);
  return why !== null;
}

/** `said`: what could not be taken away. */
interface Ended {
  readonly code: number | null;
  readonly said: string;
}

/** @param temp what it puts on a disk */
function start(t: TestContext, part: Part, temp: string): { bench: ChildProcess; ended: Promise<Ended> } {
  const program = join(packageRoot, 'dist', 'bench', 'bench.js');
  const argv = [program, '--quick', '--size', '16', '--only', part];
  const bench = spawn(process.execPath, argv, {
    env: { ...process.env, TMPDIR: temp },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  atEnd(t, () => bench.kill('SIGTERM'));
  let told = '';
  bench.stderr.on('data', (data: Buffer) => (told += data.toString()));
  const ended = new Promise<Ended>((resolve) =>
    bench.once('exit', (code) => {
      resolve({
        code,
        said: told
          .split('\n')
          .filter((line) => line.startsWith('Not taken away'))
          .join('\n'),
      });
    }),
  );
  return { bench, ended };
}

/** The child of the run that does this, as soon as there is one. */
async function childOf(bench: ChildProcess, doing: string): Promise<Child> {
  const found = (): Child | undefined => childrenOf(bench.pid).find(({ command }) => command.includes(doing));
  let child = found();
  await until(
    () => (child ??= found()) !== undefined || bench.exitCode !== null,
    `the benchmark does ${doing}`,
    UNDER_WAY_MS,
  );
  assert.ok(child !== undefined, 'the benchmark ended before');
  return child;
}

/** What the run calls its folder in memory. */
function folderOf({ command }: Child): string {
  const [folder] = FOLDER.exec(command) ?? [];
  assert.ok(folder !== undefined, `no folder in ${command}`);
  return folder;
}
