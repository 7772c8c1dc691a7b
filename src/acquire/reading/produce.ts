import type { PipelineControl, Producer } from '../../hash/pipeline.ts';
import type { Emit } from '../../model/event.ts';
import type { ReadingState } from '../../manifest/reading-state.ts';
import type { RescueLog, RescuePass } from '../../read/rescue/order.ts';
import { rescue } from '../../read/rescue/rescue.ts';
import { SlotFiller } from '../../read/slot-filler.ts';
import type { RingWriter } from '../../ring/ring.ts';
import type { ImageWriter } from '../../sink/image-writer.ts';
import { catchUp } from './catch-up.ts';
import type { Extents } from './extents.ts';
import type { PartThere } from './image-parts.ts';
import { limits, readFrom, readInOrder, type ProduceWork, type StreamEnd } from './in-order.ts';
import { readAheadDuring, type ReadAhead } from './read-ahead.ts';
import type { ReadProgress } from './read-progress.ts';
import type { ReadRecorder } from './read-recorder.ts';
import { replayImage, requireAsRead, type Replay, type Replayed } from './replay.ts';

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

/** The producer of an acquisition: what earlier sessions left, then the source, in order or as a dying disk allows. */
export function producerOf(work: ProduceWork, image: ImageWork, end: StreamEnd): Producer {
  return async (out, failed, control) => {
    const stop = AbortSignal.any([work.stop, failed]);
    const { recovery, format, pieceSize } = work.plan.request.settings;
    // Of less than a piece it is over before it pays to start a reader for so long.
    const long = image.replay.position - image.replay.from >= pieceSize;
    const replays = (): Promise<void> => replayBefore(work, image, out, stop, control);
    // A stream comes once: what is read ahead is cut off when the image has been hashed.
    const again = work.plan.source.received === undefined;
    const ahead = recovery === 'in-line' && format === 'raw' && long && again;
    const met = ahead ? await readAhead(work, image, end, out, replays, stop) : await replays().then(() => null);
    if (stop.aborted) return;
    if (recovery === 'in-line') await readInOrder(work, end, out, failed, image.writer, met);
    else await rescueAndCatchUp(work, image, end, out, stop);
  };
}

/** Reads on while the image is hashed again, and brings what that gave past the lanes. Returns what it ended with. */
async function readAhead(
  work: ProduceWork,
  { writer, parts }: ImageWork,
  end: StreamEnd,
  out: RingWriter,
  replays: () => Promise<void>,
  stop: AbortSignal,
): Promise<ReadAhead['failure']> {
  const { ports, plan, recorder } = work;
  const from = end.position;
  const order = { slotBytes: out.slotBytes, stop };
  const { extents, failure } = await readAheadDuring(
    replays,
    (ring, told) => readFrom(work, from, ring, told),
    writer,
    order,
  );
  const ahead = { start: from, end: extents.at(-1)?.end ?? from };
  // Read again by whoever goes on there.
  recorder.forget(ahead.end, plan.size);
  if (stop.aborted || ahead.end === from) return failure;
  writer.passOver(ahead);
  await catchUp(ports, plan.folder.path, parts, extents, ahead, end.over(out), stop, 'cache');
  return failure;
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
  const message = `Bytes ${replay.from} to ${replay.position - 1} of the image are hashed again.`;
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
  // Every delivery is of whole sectors, or the end of the source.
  const filler = new SlotFiller(end.over(out), end.position, 1, ports.clock);
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
