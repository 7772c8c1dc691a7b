import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Bytes; the kernels that this runs on have no other. */
const PAGE = 4096;

/** One run of one command. Seconds; `cpu` is user and system time of the whole tree; memory in bytes. */
export interface Measurement {
  readonly seconds: number;
  readonly cpu: number;
  readonly peakMemory: number;
}

/**
 * Runs a shell command and measures it: bash's own `time` for seconds and CPU of everything it waited for, and the
 * resident memory of the whole process tree, looked at every 100 ms (shared pages counted once a process): four times as
 * often took a fifth of a core from what is measured.
 */
export async function measure(command: string): Promise<Measurement> {
  const script = `TIMEFORMAT='bench %R %U %S'; time { ${command}; }`;
  const child = spawn('bash', ['-c', script], { stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (data: Buffer) => {
    errors += data.toString();
  });
  let peakMemory = 0;
  const watch = setInterval(() => {
    peakMemory = Math.max(peakMemory, treeMemory(child.pid ?? 0));
  }, 100);
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearInterval(watch);
  const times = /bench ([\d.]+) ([\d.]+) ([\d.]+)/.exec(errors);
  if (status !== 0 || times === null) throw new Error(`failed (${status}): ${command}\n${errors.slice(-2000)}`);
  const [, real = '', user = '', system = ''] = times;
  return { seconds: Number(real), cpu: Number(user) + Number(system), peakMemory };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

function treeMemory(root: number): number {
  const parents = new Map<number, number>();
  const memory = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      // Behind the name, which may hold anything: state, parent, and 20 fields on the resident pages (proc(5)).
      const fields = readFileSync(`/proc/${name}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
      parents.set(Number(name), Number(fields[1]));
      memory.set(Number(name), Number(fields[21]) * PAGE);
    } catch {
      // It ended while we looked.
    }
  }
  const belongs = (pid: number): boolean =>
    pid === root || (parents.has(pid) && pid > 1 && belongs(parents.get(pid) ?? 0));
  return [...memory].reduce((sum, [pid, bytes]) => sum + (belongs(pid) ? bytes : 0), 0);
}
