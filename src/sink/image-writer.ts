import { join } from 'node:path';
import { bug } from '../model/errors.ts';
import type { Segment } from '../model/plan.ts';
import type { RingReader } from '../ring/ring.ts';
import type { Files, OpenFile } from '../system/files.ts';
import { destinationError } from './destination-error.ts';

/** Bytes written between two requests to put them on disk: no burst of hours of dirty pages at the end. */
const SYNC_EVERY = 256 * 1024 * 1024;

/** A finished image file: still under its `.partial` name, on disk, with the inode it was written to. */
export interface WrittenSegment {
  readonly segment: Segment;
  readonly partialPath: string;
  readonly finalPath: string;
  readonly inode: number;
  /** Bytes in it. */
  readonly size: number;
}

/** Writes the stream into the segments, each a new file `NAME.partial`, made when its first byte arrives. */
export class ImageWriter {
  readonly #files: Files;
  readonly #folder: string;
  readonly #segments: readonly Segment[];
  readonly #open = new Map<Segment, OpenFile>();
  readonly #made: Omit<WrittenSegment, 'size'>[] = [];
  #position = 0;
  #synced = 0;
  #unsynced = 0;
  #syncing: Promise<void> | null = null;
  #syncError: unknown = null;

  constructor(files: Files, folder: string, segments: readonly Segment[]) {
    this.#files = files;
    this.#folder = folder;
    this.#segments = segments;
  }

  /** Bytes handed to the kernel so far; only {@link finish} makes sure that they are on disk. */
  get position(): number {
    return this.#position;
  }

  /** Bytes from the start that are known to be on disk: less than {@link position} when a sync failed. */
  get synced(): number {
    return this.#synced;
  }

  /** The pipeline's consumer. */
  async consume(input: RingReader, onWritten: (position: number) => void): Promise<void> {
    for (let chunk = await input.next(); chunk !== null; chunk = await input.next()) {
      if (chunk.offset !== this.#position)
        throw bug(`the image is at ${this.#position}, a chunk came for ${chunk.offset}`);
      await this.#write(chunk.bytes);
      input.release();
      onWritten(this.#position);
    }
  }

  /** Puts everything on disk and closes the files. Returns what was written, in order. */
  async finish(): Promise<readonly WrittenSegment[]> {
    await this.#syncing;
    await this.#closeOpen();
    return this.#made.map((each) => ({
      ...each,
      size: Math.min(each.segment.length, this.#position - each.segment.offset),
    }));
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const segment = this.#segmentAt(this.#position);
      const file = await this.#fileOf(segment);
      const length = Math.min(bytes.length - done, segment.offset + segment.length - this.#position);
      try {
        await file.write(bytes, done, length, this.#position - segment.offset);
      } catch (error) {
        throw destinationError(file.path, error);
      }
      done += length;
      this.#position += length;
      this.#unsynced += length;
    }
    if (this.#syncError !== null) throw destinationError(this.#folder, this.#syncError);
    if (this.#unsynced >= SYNC_EVERY) this.#syncBehind();
  }

  /** Starts writing back what is dirty, beside the next writes. One at a time; an error shows at the next write. */
  #syncBehind(): void {
    if (this.#syncing !== null) return;
    this.#unsynced = 0;
    const upTo = this.#position;
    const open = [...this.#open.values()];
    this.#syncing = Promise.all(open.map((file) => file.datasync()))
      .then(() => {
        this.#synced = upTo;
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

  async #fileOf(segment: Segment): Promise<OpenFile> {
    const open = this.#open.get(segment);
    if (open !== undefined) return open;
    await this.#closeFinished();
    const finalPath = join(this.#folder, segment.name);
    const partialPath = `${finalPath}.partial`;
    try {
      const file = await this.#files.open(partialPath, 'create');
      this.#open.set(segment, file);
      this.#made.push({ segment, partialPath, finalPath, inode: (await file.stat()).ino });
      return file;
    } catch (error) {
      throw destinationError(partialPath, error);
    }
  }

  /** A segment that is full is put on disk before the next begins. */
  async #closeFinished(): Promise<void> {
    await this.#syncing;
    await this.#closeOpen();
  }

  /**
   * Syncs and closes every open file, whatever fails on the way, and throws the first failure there ever was: after a
   * failed sync a later one that succeeds says nothing of the bytes before it.
   */
  async #closeOpen(): Promise<void> {
    let failure = this.#syncError === null ? null : destinationError(this.#folder, this.#syncError);
    for (const file of this.#open.values()) {
      // Some file systems tell of a failed write only when the file is closed.
      for (const step of [() => file.sync(), () => file.close()]) {
        await step().catch((error: unknown) => {
          this.#syncError ??= error;
          failure ??= destinationError(file.path, error);
        });
      }
    }
    this.#open.clear();
    if (failure !== null) throw failure;
    this.#synced = this.#position;
  }
}
