import { createHash } from 'node:crypto';
import type { Extent } from '../../model/checkpoint.ts';
import { Ring, type RingReader, type RingWriter } from '../../ring/ring.ts';
import type { ImageWriter } from '../../sink/image-writer.ts';

const SLOTS = 4;

/** Reads into `out` from where the stream stands, until it is told to stop; whole sectors, as every reader. */
export type AheadReader = (out: RingWriter, stop: AbortSignal) => Promise<void>;

export interface ReadAhead {
  /** What is in the image now, in order and without a gap, with the hash that it had in memory. */
  readonly extents: readonly Extent[];
  /** Why the source gave no more; null: it was told to stop, or gave everything. */
  readonly failure: { readonly error: unknown } | null;
}

/**
 * Reads on into the image while what was read before is hashed again: a source must not stand still for that, and may not
 * live so long. Nothing of it is on record before the stream has come there: after a crash it is read again.
 * @param meanwhile what is waited for; when it throws, the reading is stopped and that is thrown
 * @throws ExhibitError fault `destination` when the image can't be written
 */
export async function readAheadDuring(
  meanwhile: () => Promise<void>,
  read: AheadReader,
  writer: ImageWriter,
  { slotBytes, stop }: { readonly slotBytes: number; readonly stop: AbortSignal },
): Promise<ReadAhead> {
  const enough = new AbortController();
  const ring = new Ring(SLOTS, slotBytes, 1);
  const extents: Extent[] = [];
  const source: { failure: ReadAhead['failure'] } = { failure: null };
  const reading = read(ring, AbortSignal.any([stop, enough.signal]))
    .catch((error: unknown) => {
      source.failure = { error };
    })
    .then(() => {
      ring.end();
    });
  const writing = writeAll(ring.reader(0), writer, extents).catch((error: unknown) => {
    ring.abort(error);
    throw error;
  });
  // It is thrown below, when nobody is in the way any more.
  writing.catch(() => undefined);
  try {
    await meanwhile();
  } finally {
    enough.abort();
    await reading;
    await writing.catch(() => undefined);
  }
  await writing;
  return { extents, failure: source.failure };
}

async function writeAll(input: RingReader, writer: ImageWriter, extents: Extent[]): Promise<void> {
  for (let chunk = await input.next(); chunk !== null; chunk = await input.next()) {
    const { offset, bytes } = chunk;
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    await writer.writeAhead(offset, bytes);
    extents.push({ start: offset, end: offset + bytes.length, sha256 });
    input.release();
  }
}
