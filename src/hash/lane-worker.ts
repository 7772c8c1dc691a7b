import { readlinkSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import type { PieceDigest } from '../model/digest.ts';
import { ExhibitError, messageOf } from '../model/errors.ts';
import { cells } from '../model/range.ts';
import { BlockingConsumer, RingAborted } from '../ring/consumer.ts';
import { hasherFactory, selfTest, type Hasher } from './engines.ts';
import type { LaneInput, LaneMessage, LaneTask } from './lane-protocol.ts';

/** A lane's thread: takes every chunk of the ring in order, hashes it, gives it back. */
const input = workerData as LaneInput;
const post = (message: LaneMessage): void => parentPort?.postMessage(message);

try {
  if (input.givesWay) giveWay();
  const work = await prepare(input.task);
  post({ type: 'ready' });
  consume(work);
} catch (error) {
  if (!(error instanceof RingAborted)) {
    post({
      type: 'failed',
      code: error instanceof ExhibitError ? error.code : 'hash.lane-failed',
      message: messageOf(error),
    });
  }
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

interface Work {
  update(offset: number, bytes: Uint8Array): void;
  finish(): string | null;
}

async function prepare(task: LaneTask): Promise<Work> {
  const [algorithm, engine] = task.kind === 'stream' ? [task.algorithm, task.engine] : (['sha256', 'native'] as const);
  const fresh = await hasherFactory(algorithm, engine);
  selfTest(algorithm, engine, fresh);
  return task.kind === 'stream' ? streamWork(fresh()) : spanWork(task.spanBytes, fresh);
}

function streamWork(hasher: Hasher): Work {
  return {
    update: (_offset, bytes) => {
      hasher.update(bytes);
    },
    finish: () => hasher.digest(),
  };
}

function spanWork(spanBytes: number, fresh: () => Hasher): Work {
  let open: { start: number; end: number; hasher: Hasher } | null = null;
  const close = (): void => {
    if (open === null) return;
    const span: PieceDigest = { offset: open.start, length: open.end - open.start, sha256: open.hasher.digest() };
    open = null;
    post({ type: 'span', span });
  };
  return {
    update(offset, bytes) {
      // A gap in what is read ends the span: it is told with the length that was read.
      if (open !== null && open.end !== offset) close();
      for (const cell of cells({ start: offset, end: offset + bytes.length }, spanBytes)) {
        open ??= { start: cell.start, end: cell.start, hasher: fresh() };
        open.hasher.update(bytes.subarray(cell.start - offset, cell.end - offset));
        open.end = cell.end;
        if (cell.end % spanBytes === 0) close();
      }
    },
    finish() {
      close();
      return null;
    },
  };
}

function consume(work: Work): void {
  const ring = new BlockingConsumer(input.memory, input.consumer);
  let bytes = 0;
  let busyMs = 0;
  for (let chunk = ring.next(); chunk !== null; chunk = ring.next()) {
    const started = performance.now();
    work.update(chunk.offset, chunk.bytes);
    busyMs += performance.now() - started;
    bytes += chunk.bytes.length;
    ring.release();
    post({ type: 'released' });
  }
  post({ type: 'done', hex: work.finish(), bytes, busyMs });
}
