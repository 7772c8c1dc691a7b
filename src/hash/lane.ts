import { Worker } from 'node:worker_threads';
import type { PieceDigest } from '../model/digest.ts';
import { deferred } from '../model/deferred.ts';
import { ExhibitError } from '../model/errors.ts';
import type { Ring } from '../ring/ring.ts';
import type { LaneInput, LaneMessage, LaneTask } from './lane-protocol.ts';

/** What a finished lane leaves. `hex` for a stream, `spans` for span lanes; `rate` in bytes per second of pure hashing. */
export interface LaneResult {
  readonly hex: string | null;
  readonly spans: readonly PieceDigest[];
  readonly bytes: number;
  readonly rate: number;
}

/** The main thread's end of a lane. A lane that fails or dies aborts the ring, and `result` rejects with the reason. */
export interface Lane {
  /** Resolves once the engine has passed its self-test. */
  readonly ready: Promise<void>;
  readonly result: Promise<LaneResult>;
  /** Ends the thread now. */
  stop(): Promise<void>;
}

export function startLane(ring: Ring, consumer: number, task: LaneTask, givesWay = false): Lane {
  const input: LaneInput = { memory: ring.memory, consumer, task, givesWay };
  const worker = new Worker(new URL('./lane-worker.js', import.meta.url), { workerData: input });
  const spans: PieceDigest[] = [];
  const ready = deferred<undefined>();
  const result = deferred<LaneResult>();
  let finished = false;

  const fail = (error: ExhibitError): void => {
    if (finished) return;
    finished = true;
    ring.abort(error);
    ready.reject(error);
    result.reject(error);
  };
  worker.on('message', (message: LaneMessage) => {
    switch (message.type) {
      case 'ready':
        ready.resolve(undefined);
        break;
      case 'released':
        ring.poke();
        break;
      case 'span':
        spans.push(message.span);
        break;
      case 'done':
        finished = true;
        result.resolve({ hex: message.hex, spans, bytes: message.bytes, rate: rateOf(message.bytes, message.busyMs) });
        break;
      case 'failed':
        fail(
          new ExhibitError(
            'unexpected',
            message.code,
            `A hash worker failed (${describeTask(task)}): ${message.message}`,
          ),
        );
        break;
    }
  });
  worker.on('error', (cause) => {
    fail(died(task, cause));
  });
  worker.on('exit', () => {
    fail(died(task, undefined));
  });
  return {
    ready: ready.promise,
    result: result.promise,
    stop: async () => {
      await worker.terminate();
    },
  };
}

function describeTask(task: LaneTask): string {
  return task.kind === 'stream' ? `${task.algorithm} by ${task.engine}` : `SHA-256 of spans of ${task.spanBytes} bytes`;
}

function died(task: LaneTask, cause: unknown): ExhibitError {
  return new ExhibitError('unexpected', 'hash.worker-died', `A hash worker died (${describeTask(task)}).`, {
    hint: 'What was written so far stays as .partial. Look for memory shortage (dmesg), then start again.',
    cause,
  });
}

function rateOf(bytes: number, ms: number): number {
  return ms <= 0 ? 0 : Math.floor((bytes / ms) * 1000);
}
