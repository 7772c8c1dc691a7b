import { spawn } from 'node:child_process';
import { treeMemory } from './tree-memory.ts';

/** One run of one command. Seconds; `cpu` is user and system time of the whole tree; memory in bytes, at its peak. */
export interface Measurement {
  readonly seconds: number;
  readonly cpu: number;
  /** What several processes of one program share, once. */
  readonly peakMemory: number;
  /** What each process has in memory, added up, as `ps` shows it. */
  readonly peakResident: number;
}

/** Ten times a second: more often took a fifth of a core from what is measured, when all of /proc was looked through. */
const LOOK_MS = 100;

/**
 * Runs a shell command and measures it: bash's own `time` for seconds and CPU of everything it waited for, and the memory
 * of everything below that shell.
 */
export async function measure(command: string): Promise<Measurement> {
  const script = `TIMEFORMAT='bench %R %U %S'; time { ${command}; }`;
  const child = spawn('bash', ['-c', script], { stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (data: Buffer) => {
    errors = (errors + data.toString()).slice(-100_000);
  });
  let [peakMemory, peakResident] = [0, 0];
  const watch = setInterval(() => {
    const { once, resident } = treeMemory(child.pid ?? 0);
    peakMemory = Math.max(peakMemory, once);
    peakResident = Math.max(peakResident, resident);
  }, LOOK_MS);
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearInterval(watch);
  const times = /bench ([\d.]+) ([\d.]+) ([\d.]+)/.exec(errors);
  if (status !== 0 || times === null) throw new Error(`failed (${status}): ${command}\n${errors.slice(-2000)}`);
  const [, real = '', user = '', system = ''] = times;
  return { seconds: Number(real), cpu: Number(user) + Number(system), peakMemory, peakResident };
}
