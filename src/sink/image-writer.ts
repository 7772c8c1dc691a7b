import { bug } from '../model/errors.ts';
import type { Segment } from '../model/plan.ts';
import { intersect, type Range } from '../model/range.ts';
import type { RingReader } from '../ring/ring.ts';
import type { Files } from '../system/files.ts';
import { destinationError } from './destination-error.ts';
import { SegmentFiles, type ImageFileThere, type SegmentFile } from './segment-files.ts';

/** Bytes written between two requests to put them on disk: no burst of hours of dirty pages at the end. */
const SYNC_EVERY = 256 * 1024 * 1024;

/** A finished image file: still under its `.partial` name, on disk, with the inode it was written to. */
export interface WrittenSegment extends SegmentFile {
  /** Bytes in it. */
  readonly size: number;
}

/** Where an earlier session of the same acquisition left the image. */
export interface ImageBefore {
  /** The stream is on disk up to here; what comes in before it is not written again. */
  readonly position: number;
  readonly there: readonly ImageFileThere[];
}

const NOTHING: ImageBefore = { position: 0, there: [] };

/**
 * Writes the stream into the segments, each a new file `NAME.partial`, made when its first byte arrives, or one that an
 * earlier session left. Bytes that come out of order are placed beside the stream, which then passes over them.
 */
export class ImageWriter {
  readonly #folder: string;
  readonly #segments: readonly Segment[];
  readonly #out: SegmentFiles;
  #position: number;
  #synced: number;
  #unsynced = 0;
  #syncing: Promise<void> | null = null;
  #syncError: unknown = null;
  /** What the image holds already, and the stream passes without writing. */
  #there: Range = { start: Infinity, end: Infinity };
  #placing = false;
  readonly #waiting = new Set<() => void>();
  #failed: { readonly error: unknown } | null = null;

  constructor(files: Files, folder: string, segments: readonly Segment[], before = NOTHING) {
    this.#folder = folder;
    this.#segments = segments;
    this.#out = new SegmentFiles(files, folder, before.there);
    this.#position = before.position;
    this.#synced = before.position;
  }

  /** Bytes of the stream handed to the kernel so far; only {@link finish} makes sure that they are on disk. */
  get position(): number {
    return this.#position;
  }

  /** Bytes of the stream that are known to be on disk: less than {@link position} when a sync failed. */
  get synced(): number {
    return this.#synced;
  }

  /** The pipeline's consumer. */
  async consume(input: RingReader, onWritten: (position: number) => void): Promise<void> {
    try {
      await this.#consumeAll(input, onWritten);
    } catch (error) {
      this.#failed = { error };
      throw error;
    } finally {
      this.#wake();
    }
  }

  async #consumeAll(input: RingReader, onWritten: (position: number) => void): Promise<void> {
    for (let chunk = await input.next(); chunk !== null; chunk = await input.next()) {
      const end = chunk.offset + chunk.bytes.length;
      // Before where an earlier session left off: read again from the image, for the hashes alone.
      if (end > this.#position) {
        if (chunk.offset !== this.#position)
          throw bug(`the image is at ${this.#position}, a chunk came for ${chunk.offset}`);
        await this.#stream(chunk.bytes);
      }
      input.release();
      onWritten(this.#position);
    }
  }

  /** Makes every file at its full length: from now on bytes may be placed anywhere. */
  async makeWhole(): Promise<void> {
    this.#placing = true;
    for (const segment of this.#segments) await this.#out.makeWhole(segment);
  }

  /** Writes bytes where they belong, out of the stream's order. */
  async place(offset: number, bytes: Uint8Array): Promise<void> {
    if (!this.#placing) throw bug('bytes were placed in an image that is written in order');
    await this.#writeAt(offset, bytes);
  }

  /** Writes bytes behind where the stream stands, which come by in it later. */
  async writeAhead(offset: number, bytes: Uint8Array): Promise<void> {
    if (offset < this.#position) throw bug(`byte ${offset} was written ahead of byte ${this.#position}`);
    await this.#writeAt(offset, bytes);
  }

  /** In this range the stream brings what the image holds already: it passes without being written. */
  passOver(range: Range): void {
    this.#there = range;
  }

  /** Waits until the stream is on disk as far as `position`, with everything that was placed before the call. */
  async syncTo(position: number): Promise<void> {
    while (this.#position < position) {
      if (this.#failed !== null) throw this.#failed.error;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
    await this.#syncing;
    const upTo = this.#position;
    this.#unsynced = 0;
    try {
      await this.#out.datasync();
    } catch (error) {
      this.#syncError ??= error;
      throw destinationError(this.#folder, error);
    }
    this.#synced = Math.max(this.#synced, upTo);
  }

  /** Puts everything on disk and closes the files. Returns what was written, in order. */
  async finish(): Promise<readonly WrittenSegment[]> {
    await this.#syncing;
    await this.#closeOpen();
    return this.#out.known.map((each) => ({
      ...each,
      size: this.#placing
        ? each.segment.length
        : Math.min(each.segment.length, Math.max(0, this.#position - each.segment.offset)),
    }));
  }

  async #stream(bytes: Uint8Array): Promise<void> {
    if (intersect(this.#there, { start: this.#position, end: this.#position + bytes.length }) !== undefined)
      this.#position += bytes.length;
    else await this.#writeAt(this.#position, bytes, (length) => (this.#position += length));
    this.#wake();
    if (this.#syncError !== null) throw destinationError(this.#folder, this.#syncError);
    if (this.#unsynced >= SYNC_EVERY) this.#syncBehind();
  }

  /** @param onWritten told after every stretch, since a chunk may cross the end of a segment */
  async #writeAt(offset: number, bytes: Uint8Array, onWritten?: (length: number) => void): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const at = offset + done;
      const segment = this.#segmentAt(at);
      if (!this.#placing && !this.#out.isOpen(segment)) await this.#closeFinished();
      const file = await this.#out.at(segment);
      const length = Math.min(bytes.length - done, segment.offset + segment.length - at);
      try {
        await file.write(bytes, done, length, at - segment.offset);
      } catch (error) {
        throw destinationError(file.path, error);
      }
      done += length;
      this.#unsynced += length;
      onWritten?.(length);
    }
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /** Starts writing back what is dirty, beside the next writes. One at a time; an error shows at the next write. */
  #syncBehind(): void {
    if (this.#syncing !== null) return;
    this.#unsynced = 0;
    const upTo = this.#position;
    this.#syncing = this.#out
      .datasync()
      .then(() => {
        this.#synced = Math.max(this.#synced, upTo);
      })
      .catch((error: unknown) => {
        this.#syncError = error;
      })
      .then(() => {
        this.#syncing = null;
      });
  }

  #segmentAt(position: number): Segment {
    const segment = this.#segments.find((each) => position >= each.offset && position < each.offset + each.length);
    if (segment === undefined) throw bug(`byte ${position} lies outside every segment`);
    return segment;
  }

  /** A segment that is full is put on disk before the next begins. */
  async #closeFinished(): Promise<void> {
    await this.#syncing;
    await this.#closeOpen();
  }

  async #closeOpen(): Promise<void> {
    await this.#out.close();
    this.#synced = this.#position;
  }
}
