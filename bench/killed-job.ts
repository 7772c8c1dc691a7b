/** A job of the program that is killed in the middle, and one that goes on with it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { round } from './stats.ts';
import { endsWithUs } from './undo.ts';

/** `ended`: once it has, by itself or killed. */
function start(main: string, argv: readonly string[]): { job: ChildProcess; ended: Promise<unknown> } {
  const job = spawn(process.execPath, [main, ...argv], { stdio: 'ignore' });
  endsWithUs(job);
  return { job, ended: new Promise((resolve) => job.once('exit', resolve)) };
}

/** Kills a job at half of its usual seconds; gives the position of its last checkpoint, bytes. */
export async function killHalfway(
  main: string,
  argv: readonly string[],
  evidence: string,
  usual: number,
): Promise<number> {
  const { job, ended } = start(main, argv);
  await pause((usual / 2) * 1000);
  job.kill('SIGKILL');
  await ended;
  const journal = join(evidence, 'out.journal.jsonl');
  if (!existsSync(journal)) throw new Error('it was killed before it began');
  const checkpoints = readFileSync(journal, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"type":"checkpoint"'));
  const last = checkpoints.at(-1);
  if (last === undefined) throw new Error('it was killed before its first checkpoint: that takes more data (--size)');
  return (JSON.parse(last) as { data: { position: number } }).data.position;
}

/** Seconds until a dd of the job reads behind what was read before. */
export async function untilNewData(main: string, argv: readonly string[]): Promise<number> {
  const since = performance.now();
  const { job, ended } = start(main, argv);
  while (!readsOn()) {
    if (job.exitCode !== null) throw new Error('it ended without reading on');
    await pause(5);
  }
  const seconds = (performance.now() - since) / 1000;
  job.kill('SIGKILL');
  await ended;
  return round(seconds, 2);
}

function readsOn(): boolean {
  return readdirSync('/proc').some((pid) => {
    try {
      return (
        /^\d+$/.test(pid) && / skip=[1-9]/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '))
      );
    } catch {
      return false;
    }
  });
}
