import { Worker } from 'node:worker_threads';
import type { PieceDigest } from '../model/digest.ts';
import { deferred, type Deferred } from '../model/deferred.ts';
import { bug, ExhibitError } from '../model/errors.ts';
import type { Ring } from '../ring/ring.ts';
import type { LaneInput, LaneMessage, LaneState, LaneTask } from './lane-protocol.ts';

/** What a finished lane leaves. `hex` for a stream, `spans` for span lanes; `rate` in bytes per second of pure hashing. */
export interface LaneResult {
  readonly hex: string | null;
  readonly spans: readonly PieceDigest[];
  readonly bytes: number;
  readonly rate: number;
}

/** A lane at a mark of the ring, and the spans it has finished there: the first `finished` of `spans`, a list that grows. */
export interface LaneAtMark extends LaneState {
  readonly spans: readonly PieceDigest[];
  readonly finished: number;
}

/** The main thread's end of a lane. A lane that fails or dies aborts the ring, and `result` rejects with the reason. */
export interface Lane {
  /** Resolves once the engine has passed its self-test. */
  readonly ready: Promise<void>;
  readonly result: Promise<LaneResult>;
  /** To be called with the mark that was set just now. Rejects when the lane fails before it gets there. */
  at(mark: number): Promise<LaneAtMark>;
  /** Ends the thread now. */
  stop(): Promise<void>;
}

export function startLane(ring: Ring, consumer: number, task: LaneTask, givesWay = false): Lane {
  const input: LaneInput = { memory: ring.memory, consumer, task, givesWay };
  const worker = new Worker(new URL('./lane-worker.js', import.meta.url), { workerData: input });
  const spans: PieceDigest[] = [];
  const ready = deferred<undefined>();
  const result = deferred<LaneResult>();
  let asked: { readonly mark: number; readonly answer: Deferred<LaneAtMark> } | null = null;
  let ended: ExhibitError | null = null;

  const fail = (error: ExhibitError): void => {
    if (ended !== null) return;
    ended = error;
    ring.abort(error);
    ready.reject(error);
    result.reject(error);
    asked?.answer.reject(error);
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
      case 'at-mark':
        if (asked?.mark === message.mark) asked.answer.resolve({ ...message.state, spans, finished: spans.length });
        break;
      case 'done':
        ended = bug('a lane was asked for its state after its end');
        asked?.answer.reject(ended);
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
    at: (mark) => {
      asked = { mark, answer: deferred() };
      if (ended !== null) asked.answer.reject(ended);
      return asked.answer.promise;
    },
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
