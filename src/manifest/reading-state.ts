import { createHash } from 'node:crypto';
import { Faults } from '../image/faults.ts';
import { formatPieces } from '../image/pieces.ts';
import type { Extent, FailedReads, StreamState, Unstable } from '../model/checkpoint.ts';
import type { Digest, EngineDecision, PieceDigest } from '../model/digest.ts';
import { normalise, type Range } from '../model/range.ts';
import { ReadMap } from '../model/read-map.ts';
import { canonicalLine } from './encode.ts';
import { BadRanges, clipped, joined, type BadRange } from './bad-ranges.ts';
import type { JournalRecord } from './journal-chain.ts';
import { CheckpointFold, keeps } from './reading-fold.ts';
import {
  adoptedRecord,
  checkpointRecord,
  enginesRecord,
  readingFailedRecord,
  readRecord,
  resumedRecord,
  unstableRecord,
  type ReadingFailedRecord,
  type ReadRecord,
} from './reading-records.ts';
import type { Manifest } from './schema.ts';

/** A place that failed and then gave its bytes. */
export interface ReadAgain extends Range {
  readonly why: string;
}

/** Where reading stands, by its journal. Bytes of the logical media. */
export interface ReadingState {
  /**
   * The streams are hashed and the image is on disk up to here: the position of the last checkpoint (0: there is none), or
   * the end, when everything was read. A job that is resumed goes on from here.
   */
  readonly position: number;
  /** Of the last checkpoint. */
  readonly states: readonly StreamState[];
  /** Finished pieces as they were read, from offset 0 on, in order, as far as checkpoints tell them. */
  readonly pieces: readonly PieceDigest[];
  /** The piece under way at the last checkpoint. */
  readonly tail: PieceDigest | null;
  /** Placed out of order, as read or as adopted; sorted, without overlap. */
  readonly extents: readonly Extent[];
  readonly map: ReadMap;
  /** What is unreadable by now, sorted; the `unreadable` ranges of `map`. */
  readonly unreadable: readonly BadRange[];
  readonly readAgain: readonly ReadAgain[];
  readonly unstable: readonly Unstable[];
  readonly failedReads: FailedReads;
  /** How often the reading program was started; `runs` has the first 1000. */
  readonly readerRuns: number;
  readonly runs: Manifest['acquisition']['reader']['runs'];
  /** What another program had read. */
  readonly adopted: readonly Range[];
  readonly engines: readonly EngineDecision[];
  /** Everything was read, and nothing after that; null: not so. */
  readonly finished: Finished | null;
  /** What is proven to be read and on disk. More than the last checkpoint's, where `read` or `reading-failed` tells it. */
  readonly proven: Proven;
}

export interface Finished {
  readonly position: number;
  readonly digests: readonly Digest[];
  readonly pieces_sha256: string;
  /** Empty: not told. */
  readonly segments_sha256: readonly string[];
  readonly engines: readonly EngineDecision[];
}

export interface Proven {
  /** The streams' bytes before it are read, or filled, and in the image. */
  readonly end: number;
  readonly map: ReadMap;
  readonly unreadable: readonly BadRange[];
}

/**
 * Folds a journal's records into where reading stands. Every contradiction is a sentence, and leaves the state as it was.
 * @param records of a chain that holds
 * @param sourceSize bytes
 */
export function readingState(
  records: readonly JournalRecord[],
  sourceSize: number,
): { state: ReadingState; faults: readonly string[] } {
  const fold = new ReadingFold(sourceSize, records[0]);
  for (const record of records) fold.take(record);
  return { state: fold.state(), faults: fold.faults.list };
}

/** How reading ended in the last session that told it. */
type End = { readonly complete: boolean; readonly read: ReadRecord | null } & Pick<
  ReadingFailedRecord,
  'position' | 'unreadable' | 'read_again' | 'unstable' | 'failed_reads' | 'reader_runs' | 'runs'
>;

class ReadingFold {
  readonly faults = new Faults();
  readonly #size: number;
  readonly #at: CheckpointFold;
  #engines: readonly EngineDecision[] = [];
  /** Told beside the reading itself. */
  readonly #later: Unstable[] = [];
  /** Null: no session that nothing was read after has told it. */
  #end: End | null = null;
  /** The end was told in an earlier session; what comes now only checks and closes. */
  #kept = false;

  constructor(size: number, begin: JournalRecord | undefined) {
    this.#size = size;
    this.#at = new CheckpointFold(size, begin, this.faults);
  }

  take({ n, type, data }: JournalRecord): void {
    switch (type) {
      case 'resumed':
        this.#parse(n, type, resumedRecord, data, ({ from }) => {
          this.#resumed(n, from);
        });
        break;
      case 'adopted':
        this.#parse(n, type, adoptedRecord, data, (record) => {
          this.#at.adopt(n, record);
        });
        break;
      case 'checkpoint':
        this.#parse(n, type, checkpointRecord, data, (record) => {
          if (this.#end !== null && !this.#kept) this.faults.add(`record ${n}: a checkpoint after reading had ended`);
          this.#end = null;
          this.#at.checkpoint(n, record);
        });
        break;
      case 'engines':
        this.#parse(n, type, enginesRecord, data, ({ engines }) => (this.#engines = engines));
        break;
      case 'unstable':
        this.#parse(n, type, unstableRecord, data, (record) => this.#later.push(...record.unstable));
        break;
      case 'read':
        this.#parse(n, type, readRecord, data, (read) => {
          this.#ended(n, { ...read, read });
        });
        break;
      case 'reading-failed':
        this.#parse(n, type, readingFailedRecord, data, (failed) => {
          this.#ended(n, { ...failed, complete: false, read: null });
        });
    }
  }

  #parse<T>(
    n: number,
    type: string,
    schema: { safeParse(data: unknown): { success: true; data: T } | { success: false } },
    data: unknown,
    use: (record: T) => void,
  ): void {
    const parsed = schema.safeParse(data);
    if (parsed.success) use(parsed.data);
    else this.faults.add(`record ${n} is not what a record of type ${type} holds`);
  }

  /** Reading begins anew at the last checkpoint, unless there was nothing left to read. */
  #resumed(n: number, from: number): void {
    const done = this.#end?.complete === true ? this.#end.position : null;
    this.#kept = done === from;
    if (this.#kept) return;
    if (this.#end !== null) this.#at.carry(this.#end);
    this.#end = null;
    const due = this.#at.position;
    if (from !== due) this.faults.add(`record ${n}: resumed from ${from}; the last checkpoint is at ${due}`);
  }

  #ended(n: number, end: End): void {
    const { position, complete } = end;
    const at = this.#at.position;
    const fault = (what: string): void => {
      this.faults.add(`record ${n}: ${what}`);
    };
    if (position > this.#size) {
      fault(`it read more than the source has: ${position} of ${this.#size} bytes`);
      return;
    }
    if (position < at) {
      fault(`reading ended at ${position}, before the last checkpoint, which is at ${at}`);
      return;
    }
    if (complete && position !== this.#size) fault(`everything was read; its end is at ${position} of ${this.#size}`);
    if (this.#end !== null && !this.#kept) fault('reading ended a second time in one session');
    if (this.#kept && canonicalLine(end.read?.digests ?? null) !== canonicalLine(this.#end?.read?.digests ?? null))
      fault('the hashes of what was read became others, though nothing was read');
    if (!sameBad(clipped(end.unreadable, { start: 0, end: at }), this.#at.bad(at)))
      fault('the unreadable ranges before the last checkpoint are others than the checkpoints tell');
    if (end.reader_runs < this.#at.readerRuns || end.failed_reads.count < this.#at.failedReads.count)
      fault('it counts less than the last checkpoint');
    if (!keeps(end.runs, end.reader_runs))
      fault(`it counts ${end.reader_runs} runs of the reader; ${end.runs.length} were told`);
    this.#kept = false;
    this.#end = end;
  }

  state(): ReadingState {
    const at = this.#at;
    const end = this.#end;
    const proven = end === null ? at.proven() : provenBy(at, end);
    const finished = end?.complete === true && end.read !== null ? finishedOf(end.read) : null;
    if (finished !== null) this.#checkPieces(finished);
    at.checkEnd();
    const told = end ?? at.reader();
    return {
      position: finished?.position ?? at.position,
      states: at.states,
      pieces: at.pieces,
      tail: at.tail,
      extents: at.extents,
      map: finished === null ? at.map : proven.map,
      unreadable: finished === null ? at.bad() : proven.unreadable,
      readAgain: told.read_again,
      unstable: [...new Map([...told.unstable, ...this.#later].map((each) => [canonicalLine(each), each])).values()],
      failedReads: told.failed_reads,
      readerRuns: told.reader_runs,
      runs: told.runs,
      adopted: normalise(at.adopted),
      engines: end?.read?.engines ?? this.#engines,
      finished,
      proven,
    };
  }

  /** The checkpoints' pieces are those of which `read` has the hash. */
  #checkPieces({ pieces_sha256 }: Finished): void {
    const { pieces, tail } = this.#at;
    const all = tail === null ? pieces : [...pieces, tail];
    const last = all.at(-1);
    if (last === undefined || last.offset + last.length !== this.#size) return;
    if (createHash('sha256').update(formatPieces(all)).digest('hex') !== pieces_sha256)
      this.faults.add('the pieces of the checkpoints are not those of which reading gives the hash');
  }
}

function finishedOf({ position, digests, pieces_sha256, segments_sha256, engines }: ReadRecord): Finished {
  return { position, digests, pieces_sha256, segments_sha256, engines };
}

/** What lies between the last checkpoint and the end of reading is read, but for what that calls unreadable. */
function provenBy(at: CheckpointFold, { position, unreadable }: End): Proven {
  const map = new ReadMap(at.map.size, at.map.entries);
  const bad = new BadRanges(at.bad());
  const since = { start: at.position, end: position };
  if (position > at.position) {
    map.mark(since, 'good');
    bad.clear(since);
  }
  for (const range of clipped(unreadable, since)) {
    map.mark(range, 'unreadable');
    bad.put(range);
  }
  return { end: position, map, unreadable: bad.list };
}

function sameBad(a: readonly BadRange[], b: readonly BadRange[]): boolean {
  return canonicalLine(joined(a)) === canonicalLine(joined(b));
}
