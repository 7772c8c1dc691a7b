import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Bytes. */
export interface ProcessMemory {
  /** The file that it runs. */
  readonly program: string;
  readonly resident: number;
  /** Of that, what no other process of the station has mapped. */
  readonly own: number;
}

/** Bytes of several processes. */
export interface TreeMemory {
  /** Own pages, and the shared ones once a program. */
  readonly once: number;
  /** All pages of each. */
  readonly resident: number;
}

/**
 * What a tree of processes has in memory. Resident pages added up count the 36 MiB of Node's program once a process; the kernel's
 * proportional share (PSS) gives a part of them to processes outside, such as the one that measures. So: what each has for
 * itself, and of what is shared the most that one process of the same program has.
 */
export function together(processes: readonly ProcessMemory[]): TreeMemory {
  const shared = new Map<string, number>();
  for (const { program, resident, own } of processes)
    shared.set(program, Math.max(shared.get(program) ?? 0, resident - own));
  const sum = (values: Iterable<number>): number => [...values].reduce((total, each) => total + each, 0);
  return {
    once: sum(processes.map(({ own }) => own)) + sum(shared.values()),
    resident: sum(processes.map(({ resident }) => resident)),
  };
}

/** /proc/PID/smaps_rollup (proc(5), Linux 4.14): kB, one sum over all mappings. */
export function parseRollup(text: string): Omit<ProcessMemory, 'program'> {
  const bytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0) * 1024;
  return {
    resident: bytes('Rss'),
    own: bytes('Private_Clean') + bytes('Private_Dirty') + bytes('Private_Hugetlb'),
  };
}

/** Of everything below a process, without itself: the shell that takes the time is no part of what it times. */
export function treeMemory(root: number): TreeMemory {
  return together(childrenOf(root).flatMap(withBelow).flatMap(memoryOf));
}

function withBelow(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap(withBelow)];
}

/** A child is listed with the thread that started it. */
function childrenOf(pid: number): number[] {
  return unlessGone(() =>
    readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      unlessGone(() => readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1').split(' ').filter(Boolean)),
    ),
  ).map(Number);
}

function memoryOf(pid: number): ProcessMemory[] {
  return unlessGone(() => [
    { program: readlinkSync(`/proc/${pid}/exe`), ...parseRollup(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1')) },
  ]);
}

/** It may end while we look. */
function unlessGone<T>(look: () => T[]): T[] {
  try {
    return look();
  } catch {
    return [];
  }
}
