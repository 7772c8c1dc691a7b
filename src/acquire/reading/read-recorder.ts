import type { FailedReads, Mark, Unstable } from '../../model/checkpoint.ts';
import { BadRanges, clipped } from '../../manifest/bad-ranges.ts';
import { intersect, subtract, type Range } from '../../model/range.ts';
import { beside, merge, ReadMap, type MapEntry, type ReadStatus } from '../../model/read-map.ts';
import type { ReaderRun, ReadLog, Unreadable } from '../../read/reader.ts';

/** Runs of the reader kept for the manifest; a disk with thousands of bad places restarts dd as often. */
const RUNS_KEPT = 1000;

export interface ReadAgain {
  readonly range: Range;
  readonly why: string;
}

/** What earlier sessions of the same acquisition have found. */
export interface RecordedBefore {
  readonly map: ReadMap;
  readonly unreadable: readonly Unreadable[];
  readonly again: readonly ReadAgain[];
  readonly unstable: readonly Unstable[];
  readonly failedReads: FailedReads;
  readonly runs: readonly ReaderRun[];
  readonly runCount: number;
}

/** What is new since it was last asked for. */
export interface Changes {
  readonly marks: readonly Mark[];
  readonly unreadable: readonly Unreadable[];
  readonly again: readonly ReadAgain[];
  readonly unstable: readonly Unstable[];
  readonly runs: readonly ReaderRun[];
  /** The running totals of the same moment: a later one would count what is not among the changes. */
  readonly runCount: number;
  readonly failedReads: FailedReads;
}

/** Collects what a reader did: the read map, unreadable ranges, and every run of the reading program. */
export class ReadRecorder implements ReadLog {
  readonly map: ReadMap;
  readonly runs: ReaderRun[] = [];
  readonly again: ReadAgain[] = [];
  readonly unstable: Unstable[] = [];
  /** The map as it was last given away by {@link take}. */
  readonly #told: ReadMap;
  readonly #given = { again: 0, unstable: 0, runs: 0 };
  readonly #bad: BadRanges;
  /** What was said of bad places since {@link take}. */
  #fresh: BadRanges;
  #badBytes: number | null = null;
  #runCount = 0;
  #failed: FailedReads = { count: 0, ms: 0 };
  /** For whoever shows how it goes: failing reads take their time. */
  onFailedRead: () => void = () => undefined;

  constructor(size: number, before: RecordedBefore | null = null) {
    this.map = new ReadMap(size, before?.map.entries);
    this.#told = new ReadMap(size, before?.map.entries);
    this.#bad = new BadRanges(before?.unreadable);
    this.#fresh = new BadRanges();
    if (before === null) return;
    this.again.push(...before.again);
    this.unstable.push(...before.unstable);
    this.runs.push(...before.runs.slice(0, RUNS_KEPT));
    this.#runCount = before.runCount;
    this.#failed = before.failedReads;
    this.#given.again = this.again.length;
    this.#given.unstable = this.unstable.length;
    this.#given.runs = this.runs.length;
  }

  get unreadableRanges(): readonly Unreadable[] {
    return this.#bad.list;
  }

  get unreadableBytes(): number {
    this.#badBytes ??= this.#bad.list.reduce((sum, range) => sum + range.end - range.start, 0);
    return this.#badBytes;
  }

  /** The map as far as it was given away: what a record on disk speaks of. */
  get told(): ReadMap {
    return this.#told;
  }

  /** Runs that happened, kept or not. */
  get runCount(): number {
    return this.#runCount;
  }

  get failedReads(): FailedReads {
    return { count: this.#failed.count, ms: Math.round(this.#failed.ms) };
  }

  good(range: Range): void {
    this.mark(range, 'good');
  }

  /** A status that is not final, or a place that was read after all. */
  mark(range: Range, status: ReadStatus): void {
    this.map.mark(range, status);
    if (status === 'unreadable' || this.unreadableBytes === 0) return;
    this.#bad.clear(range);
    this.#fresh.clear(range);
    this.#badBytes = null;
  }

  /** What is said of a place last holds. */
  unreadable(range: Unreadable): void {
    this.map.mark(range, 'unreadable');
    this.#bad.put(range);
    this.#fresh.put(range);
    this.#badBytes = null;
  }

  readAgain(range: Range, why: string): void {
    this.again.push({ range, why });
  }

  failedRead(ms: number): void {
    this.#failed = { count: this.#failed.count + 1, ms: this.#failed.ms + ms };
    this.onFailedRead();
  }

  answeredDifferently(places: readonly Unstable[]): void {
    this.unstable.push(...places);
  }

  run(run: ReaderRun): void {
    this.#runCount += 1;
    if (this.runs.length < RUNS_KEPT) this.runs.push(run);
  }

  /**
   * What is new since the last time, but for `[from, to)`: that is in the ring, and not yet on its way to the disk.
   */
  take(from: number, to: number): Changes {
    const outside = subtract({ start: 0, end: this.map.size }, [{ start: from, end: to }]);
    const marks = differences(this.#told, this.map, outside);
    const settled = ({ range }: ReadAgain): boolean => range.end <= from || range.start >= to;
    const again = this.again.slice(this.#given.again);
    const open = again.findIndex((each) => !settled(each));
    const given = open === -1 ? again : again.slice(0, open);
    this.#given.again += given.length;
    const fresh = this.#fresh.list;
    this.#fresh = new BadRanges(clipped(fresh, { start: from, end: to }));
    const changes = {
      marks,
      unreadable: outside.flatMap((place) => clipped(fresh, place)),
      again: given,
      unstable: this.unstable.slice(this.#given.unstable),
      runs: this.runs.slice(this.#given.runs),
      runCount: this.#runCount,
      failedReads: this.failedReads,
    };
    this.#given.unstable = this.unstable.length;
    this.#given.runs = this.runs.length;
    return changes;
  }

  /** These changes stand in a record that is on disk. */
  tell({ marks }: Pick<Changes, 'marks'>): void {
    for (const mark of marks) this.#told.mark(mark, mark.status);
  }

  /** Forgets what was found in `[from, to)`: read, but not written to the image. */
  forget(from: number, to: number): void {
    if (from >= to) return;
    this.mark({ start: from, end: to }, 'not-tried');
    const again = this.again.filter(({ range }) => range.end <= from || range.start >= to);
    this.again.splice(0, this.again.length, ...again);
  }
}

/** Where `now` has another status than `then`, in `places`, in order. */
function differences(then: ReadMap, now: ReadMap, places: readonly Range[]): Mark[] {
  const marks: MapEntry[] = [];
  let place = 0;
  for (const pair of beside(then, now)) {
    if (pair.was === pair.now) continue;
    while ((places[place]?.end ?? Infinity) <= pair.start) place += 1;
    for (let next = place; next < places.length; next += 1) {
      const part = intersect(places[next] ?? NOWHERE, pair);
      if (part !== undefined) marks.push({ ...part, status: pair.now });
    }
  }
  return merge(marks);
}

const NOWHERE: Range = { start: 0, end: 0 };
