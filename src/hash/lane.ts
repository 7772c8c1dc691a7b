import type { PieceDigest } from '../model/digest.ts';
import { deferred, type Deferred } from '../model/deferred.ts';
import { bug, ExhibitError } from '../model/errors.ts';
import type { Ring } from '../ring/ring.ts';
import type { LaneEnd, LaneMessage, LaneState, LaneTask } from './lane-protocol.ts';
import { laneThread } from './lane-threads.ts';

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

/** The main thread's end of a lane. When it fails or dies the ring is aborted, and `result` rejects with the reason. */
export interface Lane {
  /** Resolves once the engine has passed its self-test. */
  readonly ready: Promise<void>;
  readonly result: Promise<LaneResult>;
  /** To be called with the mark that was set just now. Rejects when the lane fails before it gets there. */
  at(mark: number): Promise<LaneAtMark>;
  /** Ends its thread now, and with it the lanes that share it. */
  stop(): Promise<void>;
}

/** What the messages of a worker do to one of its lanes. */
class LaneEar {
  readonly #spans: PieceDigest[] = [];
  readonly #ready = deferred<undefined>();
  readonly #result = deferred<LaneResult>();
  #asked: { readonly mark: number; readonly answer: Deferred<LaneAtMark> } | null = null;
  #ended: ExhibitError | null = null;

  lane(stop: () => Promise<void>): Lane {
    return {
      ready: this.#ready.promise,
      result: this.#result.promise,
      at: (mark) => {
        const answer = deferred<LaneAtMark>();
        this.#asked = { mark, answer };
        if (this.#ended !== null) answer.reject(this.#ended);
        return answer.promise;
      },
      stop,
    };
  }

  ready(): void {
    this.#ready.resolve(undefined);
  }

  span(span: PieceDigest): void {
    this.#spans.push(span);
  }

  atMark(mark: number, state: LaneState): void {
    if (this.#asked?.mark !== mark) return;
    this.#asked.answer.resolve({ ...state, spans: this.#spans, finished: this.#spans.length });
  }

  done({ hex, bytes, busyMs }: LaneEnd): void {
    this.#ended = bug('a lane was asked for its state after its end');
    this.#asked?.answer.reject(this.#ended);
    this.#result.resolve({ hex, spans: this.#spans, bytes, rate: rateOf(bytes, busyMs) });
  }

  fail(error: ExhibitError): void {
    this.#ended = error;
    this.#ready.reject(error);
    this.#result.reject(error);
    this.#asked?.answer.reject(error);
  }
}

/** One thread for all of `tasks`; gives a lane for each, in their order. */
export function startLanes(ring: Ring, consumer: number, tasks: readonly LaneTask[], givesWay = false): Lane[] {
  const worker = laneThread({ memory: ring.memory, consumer, tasks, givesWay });
  const ears = tasks.map(() => new LaneEar());
  let over = false;

  const fail = (error: ExhibitError): void => {
    if (over) return;
    over = true;
    ring.abort(error);
    for (const ear of ears) ear.fail(error);
  };
  worker.on('message', (message: LaneMessage) => {
    switch (message.type) {
      case 'ready':
        for (const ear of ears) ear.ready();
        break;
      case 'released':
        ring.poke();
        break;
      case 'span':
        ears[message.lane]?.span(message.span);
        break;
      case 'at-mark':
        for (const [index, state] of message.states.entries()) ears[index]?.atMark(message.mark, state);
        break;
      case 'done':
        over = true;
        for (const [index, end] of message.ends.entries()) ears[index]?.done(end);
        break;
      case 'failed':
        fail(workerFailed(tasks, message));
        break;
    }
  });
  worker.on('error', (cause) => {
    fail(died(tasks, cause));
  });
  worker.on('exit', () => {
    fail(died(tasks, undefined));
  });
  const stop = async (): Promise<void> => {
    await worker.terminate();
  };
  return ears.map((ear) => ear.lane(stop));
}

function describeTasks(tasks: readonly LaneTask[]): string {
  return tasks.map(describeTask).join('; ');
}

function describeTask(task: LaneTask): string {
  return task.kind === 'stream' ? `${task.algorithm} by ${task.engine}` : `SHA-256 of spans of ${task.spanBytes} bytes`;
}

function workerFailed(tasks: readonly LaneTask[], { code, message }: LaneMessage & { type: 'failed' }): ExhibitError {
  return new ExhibitError('unexpected', code, `A hash worker failed (${describeTasks(tasks)}): ${message}`);
}

function died(tasks: readonly LaneTask[], cause: unknown): ExhibitError {
  return new ExhibitError('unexpected', 'hash.worker-died', `A hash worker died (${describeTasks(tasks)}).`, {
    hint: 'What was written so far stays as .partial. Look for memory shortage (dmesg), then start again.',
    cause,
  });
}

function rateOf(bytes: number, ms: number): number {
  return ms <= 0 ? 0 : Math.floor((bytes / ms) * 1000);
}
