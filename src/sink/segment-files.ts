import { join } from 'node:path';
import { ExhibitError } from '../model/errors.ts';
import type { Segment } from '../model/plan.ts';
import { visible } from '../model/text.ts';
import type { Files } from '../system/files.ts';
import { destinationError } from './destination-error.ts';
import { ImageFile } from './image-file.ts';

/** An image file that an earlier session left, under its `.partial` name. */
export interface ImageFileThere {
  readonly segment: Segment;
  readonly inode: number;
  /** Bytes in it. */
  readonly size: number;
}

/** A segment's file: still under its `.partial` name, with the inode that it is written to. */
export interface SegmentFile {
  readonly segment: Segment;
  readonly partialPath: string;
  readonly finalPath: string;
  readonly inode: number;
}

/**
 * The image's files, opened when their first byte arrives: made exclusively, or, where an earlier session left them,
 * opened again. A file is brought to disk before it is closed, and its name before anybody relies on it.
 */
export class SegmentFiles {
  readonly #files: Files;
  readonly #folder: string;
  readonly #there: ReadonlyMap<Segment, ImageFileThere>;
  readonly #open = new Map<Segment, ImageFile>();
  readonly #known = new Map<Segment, SegmentFile>();
  #namesOnDisk = true;
  /** A checkpoint syncs beside the stream, which may close a full segment meanwhile: one after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  #failure: unknown = null;

  constructor(files: Files, folder: string, there: readonly ImageFileThere[] = []) {
    this.#files = files;
    this.#folder = folder;
    this.#there = new Map(there.map((each) => [each.segment, each]));
    for (const { segment, inode } of there) this.#known.set(segment, { segment, ...this.#paths(segment), inode });
  }

  /** Every file that was made, or was there, in the order of the image. */
  get known(): readonly SegmentFile[] {
    return [...this.#known.values()].sort((a, b) => a.segment.offset - b.segment.offset);
  }

  isOpen(segment: Segment): boolean {
    return this.#open.has(segment);
  }

  /** The segment's file, open for writing. @throws ExhibitError fault `destination` */
  async at(segment: Segment): Promise<ImageFile> {
    const open = this.#open.get(segment);
    if (open !== undefined) return open;
    const { partialPath } = this.#paths(segment);
    const there = this.#there.get(segment);
    try {
      const opened = await this.#files.open(partialPath, there === undefined ? 'create' : 'continue');
      const file = new ImageFile(this.#files, opened);
      this.#open.set(segment, file);
      const { ino } = await file.stat();
      if (there === undefined) {
        this.#namesOnDisk = false;
        this.#known.set(segment, { segment, ...this.#paths(segment), inode: ino });
      } else if (ino !== there.inode) throw replaced(partialPath);
      return file;
    } catch (error) {
      throw destinationError(partialPath, error);
    }
  }

  /** Makes the file at its full length, without bytes: what is written later may come in any order. */
  async makeWhole(segment: Segment): Promise<void> {
    const file = await this.at(segment);
    try {
      if ((await file.stat()).size < segment.length) await this.#files.truncate(file.path, segment.length);
    } catch (error) {
      throw destinationError(file.path, error);
    }
  }

  /** Puts on disk what was written so far, and the names of the files. Rejects for good once a sync has failed. */
  datasync(): Promise<void> {
    return this.#inTurn(() => this.#datasync());
  }

  async #datasync(): Promise<void> {
    if (this.#failure !== null) throw destinationError(this.#folder, this.#failure);
    try {
      await Promise.all([...this.#open.values()].map((file) => file.datasync()));
      if (this.#namesOnDisk) return;
      await this.#files.syncFolder(this.#folder);
      this.#namesOnDisk = true;
    } catch (error) {
      this.#failure ??= error;
      throw error;
    }
  }

  /**
   * Syncs and closes every open file, whatever fails on the way, and throws the first failure there ever was: after a
   * failed sync a later one that succeeds says nothing of the bytes before it.
   */
  close(): Promise<void> {
    return this.#inTurn(() => this.#close());
  }

  async #close(): Promise<void> {
    let failure = this.#failure === null ? null : destinationError(this.#folder, this.#failure);
    for (const file of this.#open.values()) {
      // Some file systems tell of a failed write only when the file is closed.
      for (const step of [() => file.sync(), () => file.close()]) {
        await step().catch((error: unknown) => {
          this.#failure ??= error;
          failure ??= destinationError(file.path, error);
        });
      }
    }
    this.#open.clear();
    if (failure !== null) throw failure;
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work, work);
    this.#turn = done;
    return done;
  }

  #paths(segment: Segment): { partialPath: string; finalPath: string } {
    const finalPath = join(this.#folder, segment.name);
    return { finalPath, partialPath: `${finalPath}.partial` };
  }
}

function replaced(path: string): ExhibitError {
  return new ExhibitError('destination', 'destination.failed', `${visible(path)} is not the file that was looked at.`, {
    hint: 'Something replaced it meanwhile. Nothing was written to it; keep the folder as it is.',
  });
}
