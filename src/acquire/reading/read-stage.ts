import { calibrate } from '../../hash/calibrate.ts';
import { chooseEngines } from '../../hash/choose.ts';
import { runPipeline, type FirstSlots, type PipelineResult } from '../../hash/pipeline.ts';
import type { StreamState, Unstable } from '../../model/checkpoint.ts';
import type { Digest, EngineDecision, PieceDigest } from '../../model/digest.ts';
import type { Emit } from '../../model/event.ts';
import type { Plan } from '../../model/plan.ts';
import { alignUp } from '../../model/size.ts';
import type { Journal, JournalData } from '../../manifest/journal.ts';
import type { ReadingState } from '../../manifest/reading-state.ts';
import type { RescuePass } from '../../read/rescue/order.ts';
import { ImageWriter, type WrittenSegment } from '../../sink/image-writer.ts';
import type { ImageFileThere } from '../../sink/segment-files.ts';
import { Checkpoints, CHECKPOINT_MS } from './checkpoint.ts';
import { continueEngines, usableStates } from '../stopped/continue-engines.ts';
import { Extents } from './extents.ts';
import { tellSide } from '../side-record.ts';
import { partialParts } from './image-parts.ts';
import { readInOrder, StreamEnd, type ProduceWork } from './in-order.ts';
import { producerOf } from './produce.ts';
import { ReadProgress } from './read-progress.ts';
import { ReadRecorder, type RecordedBefore } from './read-recorder.ts';
import { replayOf, requireReplayed, type Replay, type Replayed } from './replay.ts';

/** Bytes of the ring: enough to smooth over a stalled disk, little beside what the programs themselves take. */
const RING_BYTES = 40 * 1024 * 1024;
const MIN_SLOT = 1024 * 1024;

export interface ReadWork extends Omit<ProduceWork, 'recorder'> {
  readonly journal: Journal;
  readonly emit: Emit;
}

/** What earlier sessions left: the state by the journal, and the image's files. */
export interface LeftBefore {
  readonly state: ReadingState;
  readonly there: readonly ImageFileThere[];
  /** Sectors that answered differently when they were read again just now. */
  readonly answered: readonly Unstable[];
}

/** What reading left, complete or stopped: everything speaks of the bytes [0, position). */
export interface ReadOutcome {
  readonly position: number;
  readonly complete: boolean;
  /** Why the source gave no more; null: it gave everything, or the person stopped. */
  readonly failure: { readonly error: unknown } | null;
  readonly written: readonly WrittenSegment[];
  readonly digests: readonly Digest[];
  readonly pieces: readonly PieceDigest[];
  /** SHA-256 of each segment, in order. */
  readonly segmentHashes: readonly string[];
  readonly engines: readonly EngineDecision[];
  readonly recorder: ReadRecorder;
  /** The hashes saw a part of it only in the image, after reading. */
  readonly caughtUp: boolean;
}

/** Hashing or writing failed: the bytes up to `position` are on disk, and no hash speaks for them. */
export interface ReadFailure {
  readonly error: unknown;
  readonly position: number;
  readonly recorder: ReadRecorder;
}

/** Source → ring → hashes and image. Failures are values here: the journal and the map still have to be written. */
export async function readStage(work: ReadWork, left: LeftBefore | null): Promise<ReadOutcome | ReadFailure> {
  const { plan, ports } = work;
  const before = left?.state ?? null;
  const recorder = new ReadRecorder(plan.size, before === null ? null : recordedBefore(before));
  recorder.answeredDifferently(left?.answered ?? []);
  const writer = new ImageWriter(
    ports.files,
    plan.folder.path,
    plan.segments,
    left === null ? undefined : { position: left.state.position, there: left.there },
  );
  const deferred = plan.request.settings.recovery === 'deferred';
  const end = new StreamEnd(before?.position ?? 0, deferred ? (before?.position ?? 0) : plan.size);
  const progress = new ReadProgress(work, recorder, before?.position ?? 0);
  recorder.onFailedRead = () => {
    progress.tick();
  };
  const source: { failure: ReadOutcome['failure'] } = { failure: null };
  const replayed: Replayed = { done: false };
  try {
    const { result, replay } = await pumpToImage(work, left, { recorder, writer, end, progress, replayed }, (error) => {
      source.failure = { error };
    });
    requireReplayed(replayed, source.failure);
    const written = await writer.finish();
    recorder.forget(writer.position, end.handed);
    return {
      ...outcomeOf(plan, result, before, replay),
      position: writer.position,
      complete: writer.position === plan.size && source.failure === null,
      failure: source.failure,
      written,
      recorder,
      caughtUp: progress.caughtUp,
    };
  } catch (error) {
    // What did reach the destination should stay there: best effort, the first error is the one to tell.
    await writer.finish().catch(() => undefined);
    // What was handed to a destination that could not bring it to disk is nowhere.
    recorder.forget(writer.synced, end.handed);
    return { error, position: writer.synced, recorder };
  }
}

interface Under {
  readonly recorder: ReadRecorder;
  readonly writer: ImageWriter;
  readonly end: StreamEnd;
  readonly progress: ReadProgress;
  readonly replayed: Replayed;
}

async function pumpToImage(
  work: ReadWork,
  left: LeftBefore | null,
  { recorder, writer, end, progress, replayed }: Under,
  onSourceFailure: (error: unknown) => void,
): Promise<{ result: PipelineResult; replay: Replay }> {
  const { plan, ports, journal } = work;
  const { settings } = plan.request;
  const before = left?.state ?? null;
  const states = before === null ? [] : await usableStates(before, settings.hashes);
  const replay = replayOf(
    end.position,
    settings.pieceSize,
    states.length === settings.hashes.length,
    settings.format === 'split',
  );
  const extents = new Extents(settings.pieceSize, before?.extents);
  const checkpoints = new Checkpoints(
    {
      ports,
      folder: plan.folder,
      journal,
      writer,
      recorder,
      extents,
      streamEnd: () => end.handed,
      lanesFrom: replay.from,
      piecesBefore: before?.pieces.length ?? 0,
      replayed,
      pieceSize: settings.pieceSize,
      tellRemote: () => tellSide(work.attached.side, journal),
    },
    end.position,
  );
  const image = {
    writer,
    extents,
    before,
    replay,
    replayed,
    parts: partialParts(plan.folder.path, plan.segments),
    onPass: (pass: RescuePass) => journal.append('pass', passRecordOf(pass)),
    progress,
    emit: work.emit,
  };
  const result = await runPipeline({
    ...(await ringAndLanes(work, before, states, (engines) => journal.append('engines', { engines }))),
    ...(before === null ? {} : { resume: { ...replay, states } }),
    checkpoints: {
      everyMs: CHECKPOINT_MS,
      sleep: (_ms, signal) => ports.clock.sleep(checkpoints.nextAfter(), signal),
      save: (snapshot) => checkpoints.save(snapshot),
      // A rescue places most of what it reads beside the stream.
      evenUnmoved: true,
    },
    producer: producerOf({ ...work, recorder }, image, end),
    consumers: [
      async (input) =>
        writer.consume(input, () => {
          progress.written(writer.position);
        }),
    ],
    onSourceFailure,
  });
  return { result, replay };
}

/** Reads the source a second time and gives its hashes; nothing is written. */
export async function readAgain(work: ReadWork): Promise<{ result: PipelineResult; recorder: ReadRecorder }> {
  const recorder = new ReadRecorder(work.plan.size);
  const end = new StreamEnd(0, work.plan.size);
  const result = await runPipeline({
    ...(await ringAndLanes(work, null, [], () => Promise.resolve())),
    producer: (out, failed) => readInOrder({ ...work, recorder }, end, out, failed, null),
    consumers: [
      async (input) => {
        for (let chunk = await input.next(); chunk !== null; chunk = await input.next()) {
          const done = chunk.offset + chunk.bytes.length;
          input.release();
          const { unreadableBytes: unreadable, failedReads } = recorder;
          const { size: total } = work.plan;
          work.emit({ type: 'progress', stage: 'verify-source', done, total, unreadable, failedReads });
        }
      },
    ],
  });
  return { result, recorder };
}

async function ringAndLanes(
  { ports, plan, emit }: ReadWork,
  before: ReadingState | null,
  states: readonly StreamState[],
  onChosen: (engines: readonly EngineDecision[]) => Promise<void>,
) {
  const { settings } = plan.request;
  const slotBytes =
    settings.reader === 'direct' && settings.recovery === 'in-line'
      ? settings.blockSize
      : alignUp(Math.max(settings.blockSize, MIN_SLOT), 4096);
  const { remote, received } = plan.source;
  const from = remote === undefined && received === undefined ? 'here' : 'elsewhere';
  const spanBytes = [settings.pieceSize, ...(settings.format === 'split' ? [settings.segmentSize] : [])];
  const chosen = before === null ? null : continueEngines(before.engines, settings, states);
  const measured = settings.engine === 'auto' && chosen === null;
  return {
    slots: Math.min(40, Math.max(4, Math.floor(RING_BYTES / slotBytes))),
    slotBytes,
    hashes: settings.hashes,
    spanBytes,
    chooseEngines: async (firstSlots: FirstSlots) => {
      // A rescue may put little into the stream for hours; whatever it reads from is slower than any engine.
      const rate = measured && settings.recovery === 'in-line' ? await firstSlots() : null;
      // The ring is full by now, and the source waits: neither disturbs the other's measurement.
      const wasmRates = rate === null ? {} : await calibrate(settings.hashes, spanBytes.length);
      const engines = chosen ?? chooseEngines(settings.engine, settings.hashes, wasmRates, rate, from);
      for (const { algorithm, engine, why } of engines) {
        emit({ type: 'note', level: 'info', code: 'hash.engine', message: `${algorithm}: ${engine} (${why})` });
      }
      await onChosen(engines);
      return engines;
    },
    nowMs: () => ports.clock.monotonicMs(),
  };
}

function passRecordOf({ notTried, failedLarge, failedSmall, ...pass }: RescuePass): JournalData {
  return { ...pass, not_tried: notTried, failed_large: failedLarge, failed_small: failedSmall };
}

/** What a recorder that goes on begins with. */
export function recordedBefore(state: ReadingState): RecordedBefore {
  return {
    map: state.map,
    unreadable: state.unreadable,
    again: state.readAgain.map(({ start, end, why }) => ({ range: { start, end }, why })),
    unstable: state.unstable,
    failedReads: state.failedReads,
    runs: state.runs,
    runCount: state.readerRuns,
  };
}

function outcomeOf(
  { request: { settings } }: Plan,
  result: PipelineResult,
  before: ReadingState | null,
  { from }: Replay,
): Pick<ReadOutcome, 'digests' | 'pieces' | 'segmentHashes' | 'engines'> {
  const whole = result.digests.find((digest) => digest.algorithm === 'sha256')?.hex ?? '';
  const earlier = (before?.pieces ?? []).slice(0, Math.floor(from / settings.pieceSize));
  return {
    digests: result.digests,
    pieces: [...earlier, ...(result.spans[0] ?? [])],
    segmentHashes: settings.format === 'split' ? (result.spans[1] ?? []).map((span) => span.sha256) : [whole],
    engines: result.engines,
  };
}
