import type { Faults } from '../image/faults.ts';
import type { Extent, FailedReads, StreamState, Unstable } from '../model/checkpoint.ts';
import type { PieceDigest } from '../model/digest.ts';
import { normalise, type Range } from '../model/range.ts';
import { ReadMap, type MapEntry } from '../model/read-map.ts';
import { BadRanges, clipped, type BadRange } from './bad-ranges.ts';
import { canonicalLine } from './encode.ts';
import type { JournalRecord } from './journal-chain.ts';
import { readingSettings, type AdoptedRecord, type CheckpointRecord } from './reading-records.ts';
import { entriesIn } from './map-part.ts';

/** Runs of the reading program that are kept; the manifest has no more. */
const RUNS_KEPT = 1000;

type Reader = Pick<CheckpointRecord, 'read_again' | 'unstable' | 'failed_reads' | 'reader_runs' | 'runs'>;

/** What the checkpoints alone tell, up to the last one. */
export class CheckpointFold {
  readonly map: ReadMap;
  readonly pieces: PieceDigest[] = [];
  readonly adopted: Range[] = [];
  position = 0;
  states: readonly StreamState[] = [];
  tail: PieceDigest | null = null;
  failedReads: FailedReads = { count: 0, ms: 0 };
  readerRuns = 0;
  readonly #faults: Faults;
  /** Bytes; null: the journal's first record does not tell. */
  readonly #pieceSize: number | null;
  readonly #deferred: boolean;
  readonly #bad = new BadRanges();
  readonly #extents: Extent[] = [];
  /** Where extents are: `good`. */
  readonly #placed: ReadMap;
  #again: Reader['read_again'] = [];
  readonly #unstable = new Map<string, Unstable>();
  #runs: Reader['runs'] = [];

  constructor(size: number, begin: JournalRecord | undefined, faults: Faults) {
    const settings = readingSettings.safeParse(begin?.data).data?.head.acquisition.settings;
    this.map = new ReadMap(size);
    this.#placed = new ReadMap(size);
    this.#pieceSize = settings?.piece_size ?? null;
    this.#deferred = settings?.recovery === 'deferred';
    this.#faults = faults;
  }

  /** Sorted. */
  get extents(): Extent[] {
    return [...this.#extents].sort((a, b) => a.start - b.start);
  }

  /** The unreadable ranges, as far as `end`. */
  bad(end = this.map.size): BadRange[] {
    return clipped(this.#bad.list, { start: 0, end });
  }

  reader(): Reader {
    return {
      read_again: this.#again,
      unstable: [...this.#unstable.values()],
      failed_reads: { ...this.failedReads },
      reader_runs: this.readerRuns,
      runs: this.#runs,
    };
  }

  proven(): { end: number; map: ReadMap; unreadable: readonly BadRange[] } {
    return { end: this.position, map: this.map, unreadable: this.bad() };
  }

  /** What an end told of the reader goes on to count, though the bytes behind the last checkpoint are read again. */
  carry(told: Reader): void {
    this.#again = [...told.read_again];
    for (const each of told.unstable) this.#unstable.set(canonicalLine(each), each);
    this.failedReads = told.failed_reads;
    this.readerRuns = told.reader_runs;
    this.#runs = [...told.runs];
  }

  checkpoint(n: number, record: CheckpointRecord): void {
    const fault = (what: string): void => {
      this.#faults.add(`record ${n}: ${what}`);
    };
    const before = this.position;
    const { position } = record;
    if (position < before) {
      fault(`a checkpoint at ${position}, though one was at ${before}`);
      return;
    }
    if (position > this.map.size) {
      fault(`a checkpoint at ${position}; the source has ${this.map.size} bytes`);
      return;
    }
    this.#marks(record.marks, fault);
    for (const range of this.#inside(record.unreadable, 'an unreadable range', fault)) this.#bad.put(range);
    this.#place(record.extents, fault);
    this.position = position;
    this.#grid(record, fault);
    this.#covered(before, record.marks, fault);
    this.#counted(record, fault);
    this.states = record.states;
  }

  /** What another program had read, of which only the image tells. */
  adopt(n: number, { ranges, extents }: AdoptedRecord): void {
    const fault = (what: string): void => {
      this.#faults.add(`record ${n}: ${what}`);
    };
    this.#marks(ranges, fault);
    for (const range of this.#inside(ranges, 'a range', () => undefined)) {
      if (range.status === 'good') this.adopted.push({ start: range.start, end: range.end });
      // How it failed, and how often, the other program's map does not tell.
      if (range.status === 'unreadable')
        this.#bad.put({ start: range.start, end: range.end, errno: 'unknown', attempts: 0 });
    }
    this.#place(extents, fault);
    this.#covered(this.position, ranges, fault);
  }

  /** The list of what could not be read and the map are of the same places. */
  checkEnd(): void {
    const listed = normalise(this.#bad.list);
    if (canonicalLine(listed) !== canonicalLine(this.map.ranges('unreadable')))
      this.#faults.add('the places that it calls unreadable are not those of which it tells how they failed');
  }

  #inside<T extends Range>(ranges: readonly T[], what: string, fault: (what: string) => void): T[] {
    return ranges.filter(({ start, end }) => {
      const inside = start < end && end <= this.map.size;
      if (!inside) fault(`${what} [${start}, ${end}) is empty, or outside the source`);
      return inside;
    });
  }

  #marks(marks: readonly MapEntry[], fault: (what: string) => void): void {
    for (const { start, end, status } of this.#inside(marks, 'a mark', fault)) {
      const range = { start, end };
      const changed = entriesIn(this.map, range).filter((entry) => entry.status !== status);
      const good = changed.find((entry) => entry.status === 'good');
      if (good !== undefined) fault(`[${good.start}, ${good.end}) was read, and is ${status} by now`);
      else if (changed.some((entry) => entry.start < this.position))
        fault(`[${start}, ${end}) is ${status} by now, though it was hashed before as something else`);
      else {
        this.map.mark(range, status);
        if (status !== 'unreadable') this.#bad.clear(range);
      }
    }
  }

  #place(extents: readonly Extent[], fault: (what: string) => void): void {
    for (const extent of this.#inside(extents, 'an extent', fault)) {
      const { start, end } = extent;
      if (start < this.position) fault(`the extent [${start}, ${end}) lies in what was hashed before`);
      else if (entriesIn(this.#placed, extent).some((entry) => entry.status === 'good'))
        fault(`the extent [${start}, ${end}) lies on another`);
      else if (entriesIn(this.map, extent).some((entry) => entry.status !== 'good'))
        fault(`the extent [${start}, ${end}) is not all read`);
      else {
        this.#placed.mark(extent, 'good');
        this.#extents.push(extent);
      }
    }
  }

  /** Pieces continue where they were, and with the tail they end at the position. */
  #grid({ pieces_from, pieces, tail, position }: CheckpointRecord, fault: (what: string) => void): void {
    let end = endOf(this.pieces.at(-1));
    if (pieces_from !== end) {
      fault(`its pieces begin at ${pieces_from}; those before end at ${end}`);
      return;
    }
    if (this.#pieceSize === null && (pieces.length > 0 || tail !== null)) {
      fault('it has pieces of unknown size');
      return;
    }
    for (const sha256 of pieces) {
      const length = Math.min(this.#pieceSize ?? 0, this.map.size - end);
      if (length <= 0) {
        fault('it has more pieces than the source');
        return;
      }
      this.pieces.push({ offset: end, length, sha256 });
      end += length;
    }
    this.tail = tail;
    if (tail === null ? end !== position : tail.offset !== end || endOf(tail) !== position)
      fault(`its pieces${tail === null ? '' : ' and the one under way'} do not end at its position, ${position}`);
    if (tail !== null && tail.length > (this.#pieceSize ?? 0)) fault('the piece under way is longer than a piece');
  }

  /** What was hashed was read or given up; what is called read was hashed or placed. */
  #covered(before: number, marks: readonly MapEntry[], fault: (what: string) => void): void {
    const open = entriesIn(this.map, { start: before, end: this.position }).find(
      ({ status }) => status !== 'good' && status !== 'unreadable',
    );
    if (open !== undefined) fault(`[${open.start}, ${open.end}) is hashed, and ${open.status}`);
    const behind = clipped(marks, { start: this.position, end: this.map.size });
    for (const { start, end, status } of behind) {
      const placed = entriesIn(this.#placed, { start, end }).every((entry) => entry.status === 'good');
      if (status === 'good' && !placed) fault(`[${start}, ${end}) is called read, and is neither hashed nor placed`);
      if (status === 'unreadable' && !this.#deferred && this.adopted.length === 0)
        fault(`[${start}, ${end}) is called unreadable behind the position, though reading goes in order`);
    }
  }

  #counted(record: CheckpointRecord, fault: (what: string) => void): void {
    const { failed_reads: failed, reader_runs: runs } = record;
    if (failed.count < this.failedReads.count || failed.ms < this.failedReads.ms || runs < this.readerRuns)
      fault('it counts less than the checkpoint before');
    this.failedReads = failed;
    this.readerRuns = runs;
    this.#again.push(...record.read_again);
    for (const each of record.unstable) this.#unstable.set(canonicalLine(each), each);
    this.#runs.push(...record.runs.slice(0, Math.max(0, RUNS_KEPT - this.#runs.length)));
    if (!keeps(this.#runs, runs)) fault(`it counts ${runs} runs of the reader; ${this.#runs.length} were told`);
  }
}

/** All runs are told, up to as many as are kept. */
export function keeps(runs: Reader['runs'], count: number): boolean {
  return runs.length === Math.min(count, RUNS_KEPT);
}

function endOf(piece: PieceDigest | undefined): number {
  return piece === undefined ? 0 : piece.offset + piece.length;
}
