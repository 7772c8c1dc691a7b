import { Worker } from 'node:worker_threads';
import type { LaneInput } from './lane-protocol.ts';

/** Started, and given nothing yet. */
const waiting = new Set<Worker>();

/**
 * Starts threads that lanes will take: a tenth of a second each, beside whatever is done until then. One that nobody takes
 * keeps no process from ending; one that dies before is not there.
 */
export function warmThreads(count: number): void {
  while (waiting.size < count) {
    const thread = startIfPossible();
    if (thread === null) return;
    const forget = (): void => void waiting.delete(thread);
    thread.once('error', forget).once('exit', forget).unref();
    waiting.add(thread);
  }
}

/** A thread that runs the lanes of `input`: one that was warmed, or a new one. */
export function laneThread(input: LaneInput): Worker {
  const [warm] = waiting;
  if (warm !== undefined) waiting.delete(warm);
  const thread = warm ?? start();
  thread.ref();
  thread.postMessage(input);
  return thread;
}

/** Null: the kernel gives no thread now. Whoever needs one is told when it does. */
function startIfPossible(): Worker | null {
  try {
    return start();
  } catch {
    return null;
  }
}

function start(): Worker {
  return new Worker(new URL('./lane-worker.js', import.meta.url));
}
