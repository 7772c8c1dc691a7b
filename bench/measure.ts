import { spawn } from 'node:child_process';
import { treeMemory } from './tree-memory.ts';
import { undone } from './undo.ts';

/** One run of one command. Seconds; `cpu` is user and system time of the whole tree. */
export interface Timed {
  readonly seconds: number;
  readonly cpu: number;
}

/** Memory in bytes, at its peak. */
export interface Memory {
  /** What several processes of one program share, once. */
  readonly peakMemory: number;
  /** What each process has in memory, added up, as `ps` shows it. */
  readonly peakResident: number;
}

export interface Measurement extends Timed {
  /** Null: it was over before anybody looked. Not seen is not little. */
  readonly memory: Memory | null;
}

const LOOK_MS = 100;

/**
 * Runs a shell command, of which every part of a pipe must succeed; bash's own `time` gives seconds and CPU of everything
 * that it waited for.
 */
export async function measure(command: string): Promise<Timed> {
  return timed(command, () => () => undefined);
}

/**
 * The same, with the memory of everything below that shell, looked at ten times a second. Each look takes 10 ms of a core
 * [measured] and holds the other up meanwhile: such a run is none to take the time of.
 */
export async function measureMemory(command: string): Promise<Measurement> {
  let [peakMemory, peakResident] = [0, 0];
  const times = await timed(command, (shell) => {
    const look = (): void => {
      const { once, resident } = treeMemory(shell);
      peakMemory = Math.max(peakMemory, once);
      peakResident = Math.max(peakResident, resident);
    };
    look();
    const watch = setInterval(look, LOOK_MS);
    return () => {
      clearInterval(watch);
    };
  });
  return { ...times, memory: peakMemory === 0 ? null : { peakMemory, peakResident } };
}

/** @param watch gets the shell's process id, and gives what is to be done at its end */
async function timed(command: string, watch: (shell: number) => () => void): Promise<Timed> {
  const script = `set -o pipefail; TIMEFORMAT='bench %R %U %S'; time { ${command}; }`;
  // With a point in its seconds.
  const env = { ...process.env, LC_ALL: 'C' };
  // A group of its own: when the benchmark is ended, nothing of it goes on.
  const child = spawn('bash', ['-c', script], { stdio: ['ignore', 'ignore', 'pipe'], env, detached: true });
  let closed = false;
  const end = undone(() => {
    // The shell may have ended before something that it started: the group is there until all of it has.
    if (!closed && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  });
  let errors = '';
  child.stderr.on('data', (data: Buffer) => {
    errors = (errors + data.toString()).slice(-100_000);
  });
  const unwatch = watch(child.pid ?? 0);
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
  closed = true;
  unwatch();
  end();
  const times = [...errors.matchAll(/^bench ([\d.]+) ([\d.]+) ([\d.]+)$/gm)].at(-1);
  if (status !== 0 || times === undefined) throw new Error(`failed (${status}): ${command}\n${errors.slice(-2000)}`);
  const [, real = '', user = '', system = ''] = times;
  return { seconds: Number(real), cpu: Number(user) + Number(system) };
}
