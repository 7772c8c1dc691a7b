import { randomFillSync } from 'node:crypto';
import { errnoOf, ExhibitError } from '../../model/errors.ts';
import type { SpeedFigures } from '../../model/speed.ts';
import { visible } from '../../model/text.ts';
import { allocateRing, slotView } from '../../ring/memory.ts';
import { ImageFile } from '../../sink/image-file.ts';
import type { Ports } from '../../system/ports.ts';
import { nextStep, rateOf, type Step } from './steps.ts';

/** One write call. */
const BLOCK = 4 * 1024 * 1024;
/** Where bytes that were written before come again they are made unlike them: a file system may keep equal ones once. */
const CELL = 4096;

/**
 * How fast this file system takes new data, until it says that it is on disk: random bytes into a file that has no name,
 * step by step, fdatasync counted in, the way an image is written: from a ring, past the page cache where that is honoured.
 * Nothing is left, whatever ends it.
 * @param cap bytes that may be written
 * @throws ExhibitError fault `destination`; the signal's reason when it is stopped
 */
export async function writeRate(
  ports: Ports,
  folder: string,
  cap: number,
  stop: AbortSignal,
): Promise<SpeedFigures['writing']> {
  const nameless = await ports.files.namelessIn(folder).catch((error: unknown) => {
    throw failed(folder, error);
  });
  const file = new ImageFile(ports.files, nameless);
  try {
    return rateOf(await writeSteps(ports, file, cap, stop));
  } catch (error) {
    throw stop.aborted ? error : failed(folder, error);
  } finally {
    // Gives the room back.
    await file.close();
  }
}

async function writeSteps(ports: Ports, file: ImageFile, cap: number, stop: AbortSignal): Promise<Step[]> {
  const block = slotView(allocateRing(1, BLOCK, 0), 0);
  randomFillSync(block);
  const steps: Step[] = [];
  let position = 0;
  for (let bytes = nextStep(steps, cap); bytes > 0; bytes = nextStep(steps, cap)) {
    const started = ports.clock.monotonicMs();
    for (const end = position + bytes; position < end;) {
      stop.throwIfAborted();
      const length = Math.min(BLOCK, end - position);
      stamp(block, position);
      await file.write(block, 0, length, position);
      position += length;
    }
    await file.datasync();
    stop.throwIfAborted();
    steps.push({ bytes, ms: ports.clock.monotonicMs() - started });
  }
  return steps;
}

/** Its place on the file at the start of each cell of the block. */
function stamp(block: Uint8Array, position: number): void {
  const words = new DataView(block.buffer, block.byteOffset, block.byteLength);
  for (let at = 0; at < block.length; at += CELL) words.setFloat64(at, position + at, true);
}

function failed(folder: string, cause: unknown): ExhibitError {
  if (cause instanceof ExhibitError) return cause;
  const errno = errnoOf(cause) ?? 'unknown error';
  const full = ['ENOSPC', 'EDQUOT'].includes(errno);
  const closed = ['EROFS', 'EACCES', 'EPERM'].includes(errno);
  const code = full ? 'destination.full' : closed ? 'destination.read-only' : 'destination.failed';
  const what = full
    ? `ran full while it was measured (${errno})`
    : closed
      ? `can't be written to (${errno})`
      : `failed while it was measured (${errno})`;
  const hint = full
    ? 'Nothing of it is left. Make room, then measure again.'
    : closed
      ? 'Check the mount and the permissions of the folder.'
      : 'Check the destination disk (dmesg, cable, space) before any evidence goes there.';
  return new ExhibitError('destination', code, `The destination ${what}: ${visible(folder)}`, { hint, cause });
}
