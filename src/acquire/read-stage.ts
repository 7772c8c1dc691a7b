import { calibrate } from '../hash/calibrate.ts';
import { chooseEngines } from '../hash/choose.ts';
import { runPipeline, type PipelineResult } from '../hash/pipeline.ts';
import type { Digest, EngineDecision, PieceDigest } from '../model/digest.ts';
import type { Emit } from '../model/event.ts';
import type { Plan } from '../model/plan.ts';
import { alignUp } from '../model/size.ts';
import { readByDd } from '../read/dd-reader.ts';
import { readDirect } from '../read/direct-reader.ts';
import type { HeldSource } from '../read/held-source.ts';
import type { Reader } from '../read/reader.ts';
import { ImageWriter, type WrittenSegment } from '../sink/image-writer.ts';
import type { Ports } from '../system/ports.ts';
import { ReadRecorder } from './read-recorder.ts';

/** Bytes of the ring: enough to smooth over a stalled disk, little beside what the programs themselves take. */
const RING_BYTES = 40 * 1024 * 1024;
const MIN_SLOT = 1024 * 1024;

export interface ReadWork {
  readonly ports: Ports;
  readonly plan: Plan;
  readonly source: HeldSource;
  readonly checkPresent: () => Promise<void>;
  readonly stop: AbortSignal;
  readonly emit: Emit;
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
}

/** Hashing or writing failed: the bytes up to `position` are on disk, and no hash speaks for them. */
export interface ReadFailure {
  readonly error: unknown;
  readonly position: number;
  readonly recorder: ReadRecorder;
}

/** Source → ring → hashes and image. Failures are values here: the journal and the map still have to be written. */
export async function readStage(work: ReadWork): Promise<ReadOutcome | ReadFailure> {
  const { plan, ports } = work;
  const recorder = new ReadRecorder(plan.size);
  const writer = new ImageWriter(ports.files, plan.folder.path, plan.segments);
  const source: { failure: ReadOutcome['failure'] } = { failure: null };
  try {
    const result = await pump(
      work,
      recorder,
      async (input) =>
        writer.consume(input, (done) => {
          work.emit({ type: 'progress', stage: 'read', done, total: plan.size, unreadable: recorder.unreadableBytes });
        }),
      (error) => {
        source.failure = { error };
      },
    );
    const written = await writer.finish();
    recorder.cutAt(writer.position);
    return {
      ...outcomeOf(plan, result),
      position: writer.position,
      complete: writer.position === plan.size && source.failure === null,
      failure: source.failure,
      written,
      recorder,
    };
  } catch (error) {
    // What did reach the destination should stay there: best effort, the first error is the one to tell.
    await writer.finish().catch(() => undefined);
    // What was handed to a destination that could not bring it to disk is nowhere.
    recorder.cutAt(writer.synced);
    return { error, position: writer.synced, recorder };
  }
}

/** Reads the source a second time and gives its hashes; nothing is written. */
export async function readAgain(work: ReadWork): Promise<{ result: PipelineResult; recorder: ReadRecorder }> {
  const recorder = new ReadRecorder(work.plan.size);
  let done = 0;
  const result = await pump(work, recorder, async (input) => {
    for (let chunk = await input.next(); chunk !== null; chunk = await input.next()) {
      done += chunk.bytes.length;
      input.release();
      work.emit({
        type: 'progress',
        stage: 'verify-source',
        done,
        total: work.plan.size,
        unreadable: recorder.unreadableBytes,
      });
    }
  });
  return { result, recorder };
}

type Sink = Parameters<typeof runPipeline>[0]['consumers'][number];

async function pump(
  work: ReadWork,
  recorder: ReadRecorder,
  sink: Sink,
  onSourceFailure?: (error: unknown) => void,
): Promise<PipelineResult> {
  const { plan, ports } = work;
  const { settings } = plan.request;
  const slotBytes =
    settings.reader === 'direct' ? settings.blockSize : alignUp(Math.max(settings.blockSize, MIN_SLOT), 4096);
  const spanBytes = [settings.pieceSize, ...(settings.format === 'split' ? [settings.segmentSize] : [])];
  const wasmRates = settings.engine === 'auto' ? await calibrate(settings.hashes, spanBytes.length) : {};
  const reader: Reader = settings.reader === 'dd' ? readByDd : readDirect;
  return runPipeline({
    slots: Math.min(40, Math.max(4, Math.floor(RING_BYTES / slotBytes))),
    slotBytes,
    hashes: settings.hashes,
    spanBytes,
    chooseEngines: async (firstSlots) => {
      const rate = settings.engine === 'auto' ? await firstSlots() : null;
      const engines = chooseEngines(settings.engine, settings.hashes, wasmRates, rate);
      for (const { algorithm, engine, why } of engines) {
        work.emit({ type: 'note', level: 'info', code: 'hash.engine', message: `${algorithm}: ${engine} (${why})` });
      }
      return engines;
    },
    nowMs: () => ports.clock.monotonicMs(),
    producer: (out, failed) =>
      reader({
        ports,
        source: work.source,
        range: { start: 0, end: plan.size },
        blockBytes: settings.blockSize,
        out,
        log: recorder,
        checkPresent: work.checkPresent,
        stop: AbortSignal.any([work.stop, failed]),
      }),
    consumers: [sink],
    ...(onSourceFailure === undefined ? {} : { onSourceFailure }),
  });
}

function outcomeOf(
  plan: Plan,
  result: PipelineResult,
): Pick<ReadOutcome, 'digests' | 'pieces' | 'segmentHashes' | 'engines'> {
  const split = plan.request.settings.format === 'split';
  const whole = result.digests.find((digest) => digest.algorithm === 'sha256')?.hex ?? '';
  return {
    digests: result.digests,
    pieces: result.spans[0] ?? [],
    segmentHashes: split ? (result.spans[1] ?? []).map((span) => span.sha256) : [whole],
    engines: result.engines,
  };
}
