import { ExhibitError } from '../model/errors.ts';
import { groupDigits } from '../model/size.ts';
import { visible } from '../model/text.ts';
import type { HeldSource } from './held-source.ts';

/** Answers that mean "the device is gone", not "this sector is bad" (Linux: sd.c, blk-core.c). */
const GONE = new Set(['ENODEV', 'ENXIO', 'ENOMEDIUM', 'ESHUTDOWN', 'EBADF']);

/** Throws `source.vanished` when an errno, or a look at the system, says that the device is gone. */
export async function failIfGone(
  order: { readonly source: HeldSource; readonly checkPresent: () => Promise<void> },
  errno: string,
): Promise<void> {
  if (GONE.has(errno)) throw vanished(order.source, errno);
  await order.checkPresent();
}

function vanished({ path }: HeldSource, errno: string): ExhibitError {
  return new ExhibitError('source', 'source.vanished', `${visible(path)} is gone (${errno}).`, {
    hint: 'No sector was marked bad for it. Check the cable and the power of the drive. What was read stays as .partial.',
  });
}

/** A missing end is no bad sector. */
export function endedEarly({ path, size }: HeldSource, at: number): ExhibitError {
  return new ExhibitError(
    'source',
    'source.ended-early',
    `${visible(path)} ended at byte ${at}; ${size} bytes were promised.`,
    {
      hint: 'The disk or its bridge reports a wrong capacity, or the file was cut. What was read stays as .partial.',
    },
  );
}

/** @param knownGood places that had given their bytes were among those that answer nothing now */
export function silent({ path }: HeldSource, at: number, knownGood: boolean): ExhibitError {
  const where = knownGood ? 'not even where it did before' : 'not at its start, its middle or its end';
  return new ExhibitError(
    'source',
    'source.silent',
    `${visible(path)} answers nothing any more, ${where} (noticed at byte ${at}).`,
    {
      hint: 'No sector was marked bad for it: the drive, its bridge or its power may have failed. Check them, let the drive rest, then resume: what was read is kept.',
    },
  );
}

export function tooBad({ path, logicalSector }: HeldSource, bad: number, limit: number): ExhibitError {
  return new ExhibitError(
    'source',
    'source.too-bad',
    `${visible(path)} has ${groupDigits(bad)} unreadable sectors of ${logicalSector} bytes so far; the limit is ${groupDigits(limit)} (--max-bad).`,
    {
      hint: 'What was read is kept. Decide what the drive can bear, then go on with `exhibit resume DIR --max-bad N`, N being higher, or `none`.',
    },
  );
}
