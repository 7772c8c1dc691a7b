import { ExhibitError } from '../../model/errors.ts';
import type { Plan } from '../../model/plan.ts';
import { readTimeoutMs } from '../../model/request.ts';
import { visible } from '../../model/text.ts';
import { readByDd } from '../../read/dd-reader.ts';
import { readDirect } from '../../read/direct-reader.ts';
import type { RingWriter } from '../../ring/ring.ts';
import type { ImageWriter } from '../../sink/image-writer.ts';
import type { Ports } from '../../system/ports.ts';
import type { Attached } from '../attached.ts';
import type { ReadAhead } from './read-ahead.ts';
import type { ReadRecorder } from './read-recorder.ts';

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

/**
 * Reads the source in order from where the stream stands to its end, through every loss of it that can be mended.
 * @param metAhead why the source gave no more when it was read ahead until there
 */
export async function readInOrder(
  work: ProduceWork,
  end: StreamEnd,
  out: RingWriter,
  failed: AbortSignal,
  writer: ImageWriter | null,
  metAhead: ReadAhead['failure'] = null,
): Promise<void> {
  const { plan, recorder, reconnect } = work;
  let met = metAhead;
  const stop = AbortSignal.any([work.stop, failed]);
  const tracked = end.over(out);
  while ((met !== null || end.position < plan.size) && !stop.aborted) {
    try {
      if (met !== null) throw met.error;
      await readFrom(work, end.position, tracked, stop);
    } catch (error) {
      met = null;
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
export async function readFrom(
  { ports, plan, attached, recorder }: ProduceWork,
  start: number,
  out: RingWriter,
  stop: AbortSignal,
): Promise<void> {
  if (attached.held.kind === 'block' && start % plan.logicalSector !== 0) throw unaligned(plan, start);
  const { settings } = plan.request;
  const reader = attached.held.elsewhere?.reader ?? (settings.reader === 'dd' ? readByDd : readDirect);
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

/** How far a reader goes with a bad source. */
export function limits({ request: { settings } }: Plan) {
  return {
    retries: settings.retries,
    readTimeoutMs: readTimeoutMs(settings),
    maxBadSectors: settings.maxBad,
  };
}

/** No program of this kind leaves such a place; read from there, good sectors would count as bad. */
function unaligned({ source, logicalSector }: Plan, start: number): ExhibitError {
  const message = `${visible(source.path)} can't be read on from byte ${start}: that lies in the middle of a sector of ${logicalSector} bytes.`;
  return new ExhibitError('damage', 'resume.unaligned', message, {
    hint: 'Close what there is with "exhibit seal DIR --incomplete REASON", and image the source again.',
  });
}
