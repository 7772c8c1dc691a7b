import { createHash, type Hash } from 'node:crypto';
import type { Extent } from '../../model/checkpoint.ts';
import { bug } from '../../model/errors.ts';
import type { Range } from '../../model/range.ts';
import { readImage } from '../../read/image-reader.ts';
import type { FreeSlot, RingWriter } from '../../ring/ring.ts';
import type { Ports } from '../../system/ports.ts';
import { missingBytes, readParts, type PartThere } from './image-parts.ts';
import { changed } from './replay.ts';

const ZEROS = Buffer.alloc(1024 * 1024);

/**
 * Bytes of the image on their way to the hashes: what was put there out of order must still have the hash that it had
 * when it was read, and everything else must be the fill. Throws `resume.damaged` at the first stretch that has not.
 */
class AsReadCheck {
  readonly #folder: string;
  readonly #extents: readonly Extent[];
  #at: number;
  #next = 0;
  #hash: Hash | null = null;

  /** @param extents in order of their place; of one that crosses `from`, {@link prime} gets what lies before */
  constructor(folder: string, extents: readonly Extent[], from: number) {
    this.#folder = folder;
    this.#extents = extents;
    this.#at = from;
    this.#next = extents.findIndex(({ end }) => end > from);
    if (this.#next === -1) this.#next = extents.length;
  }

  /** The extent that began before the check, and has to be given what it holds until there; null: there is none. */
  get crossing(): Range | null {
    const extent = this.#extents[this.#next];
    return extent !== undefined && extent.start < this.#at ? { start: extent.start, end: this.#at } : null;
  }

  prime(bytes: Uint8Array): void {
    this.#hash = createHash('sha256').update(bytes);
  }

  /** The next bytes, without a gap. */
  update(offset: number, bytes: Uint8Array): void {
    if (offset !== this.#at) throw bug(`the image is checked at ${this.#at}, and ${offset} came`);
    for (let done = 0; done < bytes.length;) {
      const extent = this.#extents[this.#next];
      const inside = extent !== undefined && extent.start <= this.#at;
      const until = inside ? extent.end : (extent?.start ?? Infinity);
      const part = bytes.subarray(done, done + Math.min(bytes.length - done, until - this.#at));
      if (inside) this.#extend(extent, part);
      else this.#fill(part);
      this.#at += part.length;
      done += part.length;
      if (inside && this.#at === extent.end) this.#close(extent);
    }
  }

  #extend(extent: Extent, part: Uint8Array): void {
    if (this.#hash === null && this.#at !== extent.start) throw bug('the head of an extent was not given');
    this.#hash ??= createHash('sha256');
    this.#hash.update(part);
  }

  #close(extent: Extent): void {
    const sha256 = this.#hash?.digest('hex');
    this.#hash = null;
    this.#next += 1;
    if (sha256 !== extent.sha256) throw changed(this.#folder, extent.start, extent.end);
  }

  #fill(part: Uint8Array): void {
    for (let at = 0; at < part.length; at += ZEROS.length) {
      const cell = part.subarray(at, at + ZEROS.length);
      if (Buffer.compare(cell, ZEROS.subarray(0, cell.length)) !== 0)
        throw changed(this.#folder, this.#at + at, this.#at + at + cell.length);
    }
  }
}

/**
 * Brings a part of the image past the lanes, from where the stream stands: everything in it was read, or is fill, and is
 * checked to be so on the way.
 */
export async function catchUp(
  ports: Ports,
  folder: string,
  parts: readonly PartThere[],
  extents: readonly Extent[],
  { start: from, end }: Range,
  out: RingWriter,
  stop: AbortSignal,
  through: 'medium' | 'cache' = 'medium',
): Promise<void> {
  const check = new AsReadCheck(folder, extents, from);
  if (check.crossing !== null) check.prime(await readParts(ports, parts, check.crossing));
  let slot: FreeSlot | null = null;
  const checked: RingWriter = {
    slotBytes: out.slotBytes,
    slot: async () => (slot = await out.slot()),
    publish: (offset, length) => {
      if (slot !== null) check.update(offset, slot.bytes.subarray(0, length));
      out.publish(offset, length);
    },
  };
  const log = {
    missing: (range: { start: number }): void => {
      throw missingBytes(parts.findLast(({ offset }) => offset <= range.start)?.path ?? '', range.start);
    },
    read: (): void => undefined,
  };
  await readImage(ports, parts, { start: from, end }, checked, log, stop, through);
}
