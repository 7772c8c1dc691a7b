import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { bug, ExhibitError, messageOf } from '../model/errors.ts';
import { BlockingConsumer, RingAborted } from '../ring/consumer.ts';
import { hasherFactory, selfTest } from './engines.ts';
import type { LaneInput, LaneMessage, LaneTask } from './lane-protocol.ts';
import { spanWork, streamWork, type LaneWork } from './lane-work.ts';

/** A thread of lanes: takes every chunk of the ring in order, hashes it with each, gives it back. */
const input = await whatToDo();
const post = (message: LaneMessage): void => parentPort?.postMessage(message);

try {
  if (input.givesWay) giveWay();
  const lanes = await Promise.all(input.tasks.map(prepare));
  post({ type: 'ready' });
  consume(lanes);
} catch (error) {
  if (!(error instanceof RingAborted)) {
    post({
      type: 'failed',
      code: error instanceof ExhibitError ? error.code : 'hash.lane-failed',
      message: messageOf(error),
    });
  }
}

/** The first message; the thread may have been started long before. */
async function whatToDo(): Promise<LaneInput> {
  if (parentPort === null) throw bug('a lane was started as a program');
  const [first] = (await once(parentPort, 'message')) as [LaneInput];
  return first;
}

/** Lowers this thread's priority. Only speed is at stake: where it can't be done, nothing is lost. */
function giveWay(): void {
  try {
    // `PID/task/TID`: getpriority(2) and setpriority(2) take a thread's id too, on Linux. Five steps: a third of the weight.
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    setPriority(thread, Math.min(getPriority(thread) + 5, 19));
  } catch {
    // No /proc, or no leave: the lanes share the cores evenly.
  }
}

async function prepare(task: LaneTask, lane: number): Promise<LaneWork> {
  const [algorithm, engine] = task.kind === 'stream' ? [task.algorithm, task.engine] : (['sha256', 'native'] as const);
  const fresh = await hasherFactory(algorithm, engine);
  selfTest(algorithm, engine, fresh);
  if (task.kind === 'stream') return streamWork(task, fresh);
  return spanWork(task, fresh, (span) => {
    post({ type: 'span', lane, span });
  });
}

function consume(lanes: readonly LaneWork[]): void {
  const ring = new BlockingConsumer(input.memory, input.consumer, (mark) => {
    post({ type: 'at-mark', mark, states: lanes.map((lane) => lane.state()) });
  });
  const bytes = lanes.map(() => 0);
  const busyMs = lanes.map(() => 0);
  for (let chunk = ring.next(); chunk !== null; chunk = ring.next()) {
    let started = performance.now();
    for (const [index, lane] of lanes.entries()) {
      bytes[index] = (bytes[index] ?? 0) + lane.update(chunk.offset, chunk.bytes);
      const ended = performance.now();
      busyMs[index] = (busyMs[index] ?? 0) + ended - started;
      started = ended;
    }
    ring.release();
    post({ type: 'released' });
  }
  const ends = lanes.map((lane, index) => ({
    hex: lane.finish(),
    bytes: bytes[index] ?? 0,
    busyMs: busyMs[index] ?? 0,
  }));
  post({ type: 'done', ends });
}
