import { join } from 'node:path';
import { formatMapfile } from '../../image/mapfile.ts';
import { folderNames } from '../../manifest/file-names.ts';
import type { Journal, JournalData } from '../../manifest/journal.ts';
import type { Snapshot } from '../../model/checkpoint.ts';
import type { FolderPlan } from '../../model/plan.ts';
import { destinationError } from '../../sink/destination-error.ts';
import type { ImageWriter } from '../../sink/image-writer.ts';
import type { Ports } from '../../system/ports.ts';
import type { Extents } from './extents.ts';
import type { Changes, ReadRecorder } from './read-recorder.ts';
import type { Replayed } from './replay.ts';

/** Milliseconds between two checkpoints; with the time that the destination takes for one, at most five seconds. */
export const CHECKPOINT_MS = 4000;

export interface CheckpointWork {
  readonly ports: Ports;
  readonly folder: FolderPlan;
  readonly journal: Journal;
  readonly writer: ImageWriter;
  readonly recorder: ReadRecorder;
  readonly extents: Extents;
  /** Bytes of the source handed to the ring: what lies between the snapshot and this is on its way. */
  readonly streamEnd: () => number;
  /** Where the lanes began, and how many pieces are in the journal from earlier sessions. */
  readonly lanesFrom: number;
  readonly piecesBefore: number;
  readonly replayed: Replayed;
  readonly pieceSize: number;
  /** Puts on record, before a checkpoint, what another machine told of the bytes in it. */
  readonly tellRemote: () => Promise<void>;
}

/** Puts on disk what a job has so far, and then says so: image, journal, map, in this order. */
export class Checkpoints {
  readonly #work: CheckpointWork;
  #pieces: number;
  #position: number;
  #wait = 250;

  /** @param position of the stream in the last record of earlier sessions */
  constructor(work: CheckpointWork, position: number) {
    this.#work = work;
    this.#pieces = work.piecesBefore;
    this.#position = position;
  }

  /** Where the stream stood in the last record. */
  get position(): number {
    return this.#position;
  }

  /**
   * Milliseconds until the next: half a second at first, then twice as long each time, up to {@link CHECKPOINT_MS}. So
   * even sessions that are cut off again and again get further.
   */
  nextAfter(): number {
    this.#wait = Math.min(CHECKPOINT_MS, this.#wait * 2);
    return this.#wait;
  }

  async save(snapshot: Snapshot): Promise<void> {
    const { recorder, extents, writer, journal } = this.#work;
    // The lanes have hashed an image that may have been changed: recorded, its hashes would be those of what was read.
    if (!this.#work.replayed.done) return;
    // Taken before the image is synced: all that is placed by now will be on disk.
    const changes = recorder.take(snapshot.position, this.#work.streamEnd());
    const fresh = extents.take();
    if (snapshot.position <= this.#position && isNothing(changes) && fresh.length === 0) return;
    await writer.syncTo(snapshot.position);
    await this.#work.tellRemote();
    await journal.append('checkpoint', this.#record(snapshot, changes, fresh));
    recorder.tell(changes);
    this.#position = snapshot.position;
    await this.#writeMap();
  }

  #record(snapshot: Snapshot, changes: Changes, extents: ReturnType<Extents['take']>): JournalData {
    const { lanesFrom, pieceSize } = this.#work;
    // The lanes' first piece is not the disk's first, when an earlier session left its pieces in the journal.
    const pieces = snapshot.pieces.slice(Math.max(0, this.#pieces - Math.floor(lanesFrom / pieceSize)));
    const from = this.#pieces * pieceSize;
    this.#pieces += pieces.length;
    return {
      position: snapshot.position,
      states: snapshot.states,
      pieces_from: from,
      pieces: pieces.map(({ sha256 }) => sha256),
      tail: snapshot.tail,
      extents,
      marks: changes.marks,
      unreadable: changes.unreadable,
      read_again: changes.again.map(({ range, why }) => ({ start: range.start, end: range.end, why })),
      unstable: changes.unstable,
      failed_reads: changes.failedReads,
      reader_runs: changes.runCount,
      runs: changes.runs,
    };
  }

  async #writeMap(): Promise<void> {
    const { ports, folder, recorder } = this.#work;
    const path = join(folder.path, folderNames(folder.stem).map);
    try {
      await ports.files.replaceFile(path, formatMapfile(recorder.told, ports.host.toolVersion));
    } catch (error) {
      throw destinationError(path, error);
    }
  }
}

function isNothing({ marks, unreadable, again, unstable, runs }: Changes): boolean {
  return marks.length + unreadable.length + again.length + unstable.length + runs.length === 0;
}
