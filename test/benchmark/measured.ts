/** Made-up figures, for the arithmetic on them. */
import type { Contest } from '../../bench/contest.ts';
import { rowsOf } from '../../bench/contest.ts';
import type { Memory, Timed } from '../../bench/measure.ts';
import type { Results } from '../../bench/results.ts';

export function run(seconds: number, cpu = 1, peakMemory = 0): Timed & Memory {
  return { seconds, cpu, peakMemory, peakResident: peakMemory };
}

/** A contest on 1 GiB of one round each; those that are not exhibit's are the rivals. */
export function contestOf(seconds: Readonly<Record<string, number>>): Contest {
  const runs = new Map(
    Object.entries(seconds).map(([name, each]) => [name, { timed: [run(each)], memory: run(each) }]),
  );
  const rivals = Object.keys(seconds).filter((name) => !name.startsWith('exhibit'));
  return { mebibytes: 1024, rounds: 1, rows: rowsOf(runs, 1024, rivals) };
}

export function resultsOf(change: Partial<Results>): Results {
  return {
    measured: '2026-01-02T03:04:05.000Z',
    quick: false,
    machine: {
      cpu: 'A & B <cpu>',
      cores: 2,
      memory_gibibytes: 24,
      kernel: '6.1',
      node: 'v20.20.0',
      busy_before: 0.012,
      stolen: 0.004,
    },
    program: { commit: 'abc1234', sha256: '0123456789abcdef'.repeat(4), ssh2_compiled: true },
    peers: { dc3dd: 'dc3dd 7.2', ewfacquire: null },
    help_milliseconds: 100,
    targets: [],
    ...change,
  };
}
