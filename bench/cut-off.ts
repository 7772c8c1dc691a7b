import { createHash } from 'node:crypto';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { measure } from './measure.ts';
import { median, round } from './stats.ts';
import { endsWithUs } from './undo.ts';

/** What checkpoints cost, and how soon a job that was killed in the middle reads on. Seconds. */
export interface CutOffFigures {
  readonly engine: string;
  readonly seconds_with_checkpoints: number;
  readonly seconds_without: number;
  readonly checkpoints_cost_percent: number;
  /** Of how much the killed job had read. */
  readonly resumed_at_mebibytes: number;
  /** From the start of the program to the first new read of the source. */
  readonly seconds_to_new_data: number;
  /** What hashing that first part takes with the native engine, alone. */
  readonly seconds_to_hash_it: number;
}

/**
 * @param folder on a disk: in memory nothing has to be brought anywhere
 * @param acquire the command line of an acquisition of `source` into `folder`, with more options
 */
export async function measureCutOff(
  folder: string,
  source: string,
  main: string,
  engine: 'wasm' | 'native',
  rounds: number,
): Promise<CutOffFigures> {
  const argv = [
    ...['acquire', source, '--to', folder, '--case', 'bench', '--evidence', 'out', '--examiner', 'bench'],
    ...['--unsigned', '--no-read-back', '--yes', '--hash-engine', engine],
  ];
  const evidence = join(folder, 'bench', 'out');
  const clean = (): void => {
    rmSync(join(folder, 'bench'), { recursive: true, force: true });
  };
  const withThem: number[] = [];
  const without: number[] = [];
  const child = join(import.meta.dirname, 'no-checkpoints-child.js');
  // Both from their modules: the one without checkpoints is no program of its own, and would start later.
  const same = join(import.meta.dirname, '..', 'src', 'main.js');
  const contestants = [
    { command: `${process.execPath} ${same} ${argv.join(' ')}`, seconds: withThem },
    { command: `${process.execPath} ${child} ${argv.join(' ')}`, seconds: without },
  ];
  // The first to read the source would read it from its disk; and neither is always the first of a round.
  hashFirst(source, statSync(source).size);
  for (let round = 0; round < rounds; round += 1) {
    for (const { command, seconds } of round % 2 === 0 ? contestants : contestants.toReversed()) {
      settle();
      seconds.push((await measure(command)).seconds);
      clean();
    }
  }
  const [on, off] = [median(withThem), median(without)];
  const toNew: number[] = [];
  let position = 0;
  for (let round = 0; round < rounds; round += 1) {
    position = await killHalfway(main, argv, evidence, on);
    toNew.push(await untilNewData(main, ['resume', evidence, '--unsigned', '--yes']));
    clean();
  }
  return {
    engine,
    seconds_with_checkpoints: on,
    seconds_without: off,
    checkpoints_cost_percent: round((on / off - 1) * 100, 1),
    resumed_at_mebibytes: Math.round(position / 1024 ** 2),
    seconds_to_new_data: median(toNew),
    seconds_to_hash_it: Math.min(...Array.from({ length: 3 }, () => hashFirst(source, position))),
  };
}

/** What earlier runs left to write would be written in the next one's time. */
function settle(): void {
  execFileSync('sync');
}

/** `ended`: once it has, by itself or killed. */
function start(main: string, argv: readonly string[]): { job: ChildProcess; ended: Promise<unknown> } {
  const job = spawn(process.execPath, [main, ...argv], { stdio: 'ignore' });
  endsWithUs(job);
  return { job, ended: new Promise((resolve) => job.once('exit', resolve)) };
}

/** Kills a job at half its usual time; gives the position of its last checkpoint. */
async function killHalfway(main: string, argv: readonly string[], evidence: string, usual: number): Promise<number> {
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
  return last === undefined ? 0 : (JSON.parse(last) as { data: { position: number } }).data.position;
}

/** Seconds until a dd of the job reads behind what was read before. */
async function untilNewData(main: string, argv: readonly string[]): Promise<number> {
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

function hashFirst(path: string, length: number): number {
  const since = performance.now();
  const [md5, sha256] = [createHash('md5'), createHash('sha256')];
  const buffer = Buffer.alloc(4 * 1024 * 1024);
  const file = openSync(path, 'r');
  for (let at = 0; at < length; at += buffer.length) {
    const got = readSync(file, buffer, 0, Math.min(buffer.length, length - at), at);
    md5.update(buffer.subarray(0, got));
    sha256.update(buffer.subarray(0, got));
  }
  closeSync(file);
  return round((performance.now() - since) / 1000, 2);
}
