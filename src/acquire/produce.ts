import type { PipelineControl, Producer } from '../hash/pipeline.ts';
import type { Emit } from '../model/event.ts';
import type { Plan } from '../model/plan.ts';
import type { ReadingState } from '../manifest/reading-state.ts';
import { readByDd } from '../read/dd-reader.ts';
import { readDirect } from '../read/direct-reader.ts';
import type { RescueLog, RescuePass } from '../read/rescue/order.ts';
import { rescue } from '../read/rescue/rescue.ts';
import { SlotFiller } from '../read/slot-filler.ts';
import type { RingWriter } from '../ring/ring.ts';
import type { ImageWriter } from '../sink/image-writer.ts';
import type { Ports } from '../system/ports.ts';
import type { Attached } from './attached.ts';
import { catchUp } from './catch-up.ts';
import type { Extents } from './extents.ts';
import type { PartThere } from './image-parts.ts';
import { readAheadDuring } from './read-ahead.ts';
import type { ReadProgress } from './read-progress.ts';
import type { ReadRecorder } from './read-recorder.ts';
import { replayImage, requireAsRead, type Replay, type Replayed } from './replay.ts';

/** What the producer of a reading works with. */
export interface ProduceWork {
  readonly ports: Ports;
  readonly plan: Plan;
  readonly attached: Attached;
  readonly recorder: ReadRecorder;
  readonly stop: AbortSignal;
  /** The source went away: waits until it is back, or throws why nobody goes on. */
  readonly reconnect: (
    error: unknown,
    position: number,
    more: {
      recorder: ReadRecorder;
      settle: () => Promise<void>;
      when: 'reconnected' | 'verify-source';
      /** Nobody waits for a disk when the rest of the job has failed. */
      stop: AbortSignal;
    },
  ) => Promise<void>;
}

/** What only the first reading has: an image, and what earlier sessions left of it. */
export interface ImageWork {
  readonly writer: ImageWriter;
  readonly extents: Extents;
  readonly parts: readonly PartThere[];
  readonly before: ReadingState | null;
  readonly replay: Replay;
  readonly replayed: Replayed;
  readonly onPass: (pass: RescuePass) => Promise<void>;
  readonly progress: ReadProgress;
  readonly emit: Emit;
}

/** Where the stream stands: everything before it is in the ring. */
export class StreamEnd {
  position: number;
  /** What the readers have given is before this, in the ring or on its way into it; what lies behind was placed. */
  handed: number;

  constructor(position: number, handed: number) {
    this.position = position;
    this.handed = handed;
  }

  over(out: RingWriter): RingWriter {
    return {
      slotBytes: out.slotBytes,
      slot: () => out.slot(),
      publish: (offset, length) => {
        out.publish(offset, length);
        this.position = offset + length;
      },
    };
  }
}

/** Reads the source in order from where the stream stands to its end, through every loss of it that can be mended. */
export async function readInOrder(
  work: ProduceWork,
  end: StreamEnd,
  out: RingWriter,
  failed: AbortSignal,
  writer: ImageWriter | null,
): Promise<void> {
  const { plan, recorder, reconnect } = work;
  const stop = AbortSignal.any([work.stop, failed]);
  const tracked = end.over(out);
  while (end.position < plan.size && !stop.aborted) {
    try {
      await readFrom(work, end.position, tracked, stop);
    } catch (error) {
      const settle = async (): Promise<void> => writer?.syncTo(end.position);
      await reconnect(error, end.position, {
        recorder,
        settle,
        when: writer === null ? 'verify-source' : 'reconnected',
        stop,
      });
    }
  }
}

/** One run of the reader, from a place to the end of the source. */
async function readFrom(
  { ports, plan, attached, recorder }: ProduceWork,
  start: number,
  out: RingWriter,
  stop: AbortSignal,
): Promise<void> {
  const { settings } = plan.request;
  const reader = settings.reader === 'dd' ? readByDd : readDirect;
  await reader({
    ports,
    source: attached.held,
    range: { start, end: plan.size },
    blockBytes: settings.blockSize,
    ...limits(plan),
    badSectorsBefore: Math.ceil(recorder.unreadableBytes / plan.logicalSector),
    goodBefore: recorder.map.ranges('good'),
    out,
    log: recorder,
    checkPresent: () => attached.checkPresent(),
    stop,
  });
}

/** The producer of an acquisition: what earlier sessions left, then the source, in order or as a dying disk allows. */
export function producerOf(work: ProduceWork, image: ImageWork, end: StreamEnd): Producer {
  return async (out, failed, control) => {
    const stop = AbortSignal.any([work.stop, failed]);
    const { recovery, format, pieceSize } = work.plan.request.settings;
    // Of less than a piece it is over before it pays to start a reader for so long.
    const long = image.replay.position - image.replay.from >= pieceSize;
    const replays = (): Promise<void> => replayBefore(work, image, out, stop, control);
    if (recovery === 'in-line' && format === 'raw' && long) await readAhead(work, image, end, out, replays, stop);
    else await replays();
    if (stop.aborted) return;
    if (recovery === 'in-line') await readInOrder(work, end, out, failed, image.writer);
    else await rescueAndCatchUp(work, image, end, out, stop);
  };
}

/** Reads on while the image is hashed again, and brings what that gave past the lanes. */
async function readAhead(
  work: ProduceWork,
  { writer, parts }: ImageWork,
  end: StreamEnd,
  out: RingWriter,
  replays: () => Promise<void>,
  stop: AbortSignal,
): Promise<void> {
  const { ports, plan, recorder } = work;
  const from = end.position;
  const order = { slotBytes: out.slotBytes, size: plan.size, stop };
  const extents = await readAheadDuring(replays, (ring, told) => readFrom(work, from, ring, told), writer, order);
  const ahead = { start: from, end: extents.at(-1)?.end ?? from };
  // Read again by whoever goes on there.
  recorder.forget(ahead.end, plan.size);
  if (stop.aborted || ahead.end === from) return;
  writer.passOver(ahead);
  await catchUp(ports, plan.folder.path, parts, extents, ahead, end.over(out), stop, 'cache');
}

async function replayBefore(
  { ports, plan }: ProduceWork,
  { parts, replay, replayed, before, emit }: ImageWork,
  out: RingWriter,
  stop: AbortSignal,
  control: PipelineControl,
): Promise<void> {
  replayed.done = before === null || replay.from >= replay.position;
  if (before === null || replayed.done) return;
  const message = `Bytes ${replay.from} to ${replay.position - 1} of the image are hashed again before the source is read.`;
  emit({ type: 'note', level: 'info', code: 'resume.replay', message });
  await replayImage(ports, parts, replay, out, stop);
  if (stop.aborted) return;
  requireAsRead(plan.folder.path, before, replay, await control.snapshot());
  replayed.done = true;
}

async function rescueAndCatchUp(
  work: ProduceWork,
  image: ImageWork,
  end: StreamEnd,
  out: RingWriter,
  stop: AbortSignal,
): Promise<void> {
  const { ports, plan, recorder } = work;
  const { writer, extents, parts, progress } = image;
  await writer.makeWhole();
  await rescuePasses(work, image, end, out, stop);
  if (stop.aborted || end.position === plan.size) return;
  await fillUnreadable(image, recorder, end.position);
  const from = end.position;
  await writer.syncTo(from);
  const rest = { start: from, end: plan.size };
  writer.passOver(rest);
  progress.catchUp();
  await catchUp(ports, plan.folder.path, parts, extents.sorted, rest, end.over(out), stop);
}

/** Passes until nothing is left but what was read and what can't be; what goes on where the stream stands goes into it. */
async function rescuePasses(
  { ports, plan, attached, recorder, reconnect }: ProduceWork,
  { writer, extents, before, progress, onPass }: ImageWork,
  end: StreamEnd,
  out: RingWriter,
  stop: AbortSignal,
): Promise<void> {
  const { map } = recorder;
  const filler = new SlotFiller(end.over(out), end.position, ports.clock);
  let inOrder =
    before === null || map.entries.every((entry) => entry.end <= end.position || entry.status === 'not-tried');
  const deliver = async (offset: number, bytes: Uint8Array): Promise<void> => {
    inOrder &&= offset === filler.position;
    const range = { start: offset, end: offset + bytes.length };
    if (inOrder) {
      // Before a part of it is in the ring: whoever takes a checkpoint meanwhile must know what the lanes have hashed.
      end.handed = range.end;
      recorder.good(range);
      await filler.append(bytes);
    } else {
      filler.flush();
      await writer.place(offset, bytes);
      extents.add(offset, bytes);
      recorder.good(range);
    }
    progress.tick();
  };
  while (!stop.aborted) {
    try {
      await rescue({
        ports,
        source: attached.held,
        blockBytes: plan.request.settings.blockSize,
        ...limits(plan),
        map,
        unreadableBefore: recorder.unreadableRanges,
        deliver,
        log: logOf(recorder, async (pass) => {
          progress.pass(pass.name);
          await onPass(pass);
        }),
        checkPresent: () => attached.checkPresent(),
        stop,
      });
      break;
    } catch (error) {
      filler.flush();
      const settle = (): Promise<void> => writer.syncTo(filler.position);
      await reconnect(error, filler.position, { recorder, settle, when: 'reconnected', stop });
    } finally {
      filler.flush();
    }
  }
}

function logOf(recorder: ReadRecorder, pass: ImageWork['onPass']): RescueLog {
  return {
    mark: (range, status) => {
      recorder.mark(range, status);
    },
    unreadable: (range) => {
      recorder.unreadable(range);
    },
    readAgain: (range, why) => {
      recorder.readAgain(range, why);
    },
    failedRead: (ms) => {
      recorder.failedRead(ms);
    },
    pass,
  };
}

/** An earlier session may have written there without living to say so: the fill is zeros. */
async function fillUnreadable({ writer, before }: ImageWork, { map }: ReadRecorder, from: number): Promise<void> {
  if (before === null) return;
  const zeros = new Uint8Array(1024 * 1024);
  for (const { start, end } of map.ranges('unreadable'))
    for (let at = Math.max(start, from); at < end; at += zeros.length)
      await writer.place(at, zeros.subarray(0, Math.min(zeros.length, end - at)));
}

function limits({ request: { settings } }: Plan) {
  return {
    retries: settings.retries,
    readTimeoutMs: settings.readTimeout === null ? null : settings.readTimeout * 1000,
    maxBadSectors: settings.maxBad,
  };
}
