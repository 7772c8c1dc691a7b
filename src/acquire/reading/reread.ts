import { createHash } from 'node:crypto';
import type { Unstable } from '../../model/checkpoint.ts';
import { ExhibitError } from '../../model/errors.ts';
import { cells, intersect, lengthOf, normalise, type Range } from '../../model/range.ts';
import type { ReadMap } from '../../model/read-map.ts';
import { visible } from '../../model/text.ts';
import type { HeldSource } from '../../read/held-source.ts';
import { openProbe, type RangeReader } from '../../read/probe.ts';
import type { Ports } from '../../system/ports.ts';
import { readParts, type PartThere } from './image-parts.ts';

/** Bytes that are read again at most, and in one read. */
const MOST = 16 * 1024 * 1024;
const STEP = 1024 * 1024;
const PAGE = 4096;
/** Places that are read again beside the last stretch, and bytes of each. */
const SAMPLES = 8;
const SAMPLE = 65_536;
/** A disk of which more than this part answers differently is another disk, in hundredths. */
const TOLERATED = 10;

/** Sectors that may give something else in a disk of which another comparison has shown that it is the one. */
const FEW = 64;

/** What a second reading of the last good stretch, which is the range, and of the samples gave. */
export interface Reread extends Range {
  /** Sectors that could be read again. */
  readonly compared: number;
  readonly differing: readonly Unstable[];
}

export interface RereadWork {
  readonly ports: Ports;
  readonly source: HeldSource;
  readonly parts: readonly PartThere[];
  readonly readTimeoutMs: number | null;
  readonly stop: AbortSignal;
  /** Another comparison has shown that it is the disk: hard places that can't be read, or give something else, may be. */
  readonly known?: boolean;
  /** Throws where the image itself is not what was read: a sector that differs is then not laid at the disk's door. */
  readonly requireImage?: (place: Range) => Promise<void>;
  /** For the record. */
  readonly when: 'reconnected' | 'resumed' | 'verify-source';
}

/** The last stretch of the source that was read and is in the image: `within` bounds it. Null: there is none. */
function lastGood(map: ReadMap, within: Range): Range | null {
  const last = map.ranges('good').findLast((range) => range.start < within.end && range.end > within.start);
  if (last === undefined) return null;
  const end = Math.min(last.end, within.end);
  return { start: Math.max(last.start, within.start, end - MOST), end };
}

/**
 * What is read again before anybody goes on: the last good stretch, and small samples spread over all that was read, for
 * two disks may well end alike. The stretch comes first. Empty: nothing was read.
 */
export function placesToReread(map: ReadMap, within: Range): Range[] {
  const last = lastGood(map, within);
  if (last === null) return [];
  const good = map.ranges('good').flatMap((range) => intersect(range, { start: within.start, end: last.start }) ?? []);
  const readable = good.reduce((sum, range) => sum + lengthOf(range), 0);
  const samples = Array.from({ length: SAMPLES }, (_, n) => sampleAt(good, Math.floor((readable * n) / SAMPLES)));
  return [last, ...normalise(samples.flatMap((range) => range ?? []))];
}

/** So many bytes of good ranges lie before it. */
function sampleAt(good: readonly Range[], distance: number): Range | undefined {
  let left = distance;
  for (const { start, end } of good) {
    // From a page on: what is shorter is not worth a movement of the heads.
    const at = Math.ceil((start + left) / PAGE) * PAGE;
    if (left < end - start && at + PAGE <= end) return { start: at, end: Math.min(at + SAMPLE, end) };
    left = Math.max(0, left - (end - start));
  }
  return undefined;
}

/**
 * Reads places of the source again and holds them against the image, sector by sector.
 * @throws ExhibitError `source.changed` when it is another disk by its content, or nothing of it can be read again
 */
export async function reread(work: RereadWork, places: readonly Range[]): Promise<Reread | null> {
  const [range] = places;
  if (range === undefined) return null;
  return comparing(work, async (compare) => {
    const found = { compared: 0, differing: [] as Unstable[] };
    let others = 0;
    for (const place of places) {
      const { compared, differing } = await compare(place).catch((error: unknown) => {
        throw work.stop.aborted ? interrupted() : error;
      });
      if (work.stop.aborted) throw interrupted();
      if (differing.length > 0) await work.requireImage?.(place);
      found.compared += compared;
      found.differing.push(...differing);
      if (differing.length * 100 <= compared * TOLERATED) continue;
      if (work.known === true && differing.length <= FEW) continue;
      others += 1;
      // The stretch, or most of the samples: a sample alone may have hit a place that is going bad.
      if (place === range || others * 2 >= places.length)
        throw otherContent(work.source, place, differing.length, compared);
    }
    if (found.compared === 0 && work.known !== true) throw unreadableAgain(work.source, range);
    return { ...range, ...found };
  });
}

/** Sectors that could be read again, and those of them that answer differently. */
type Compared = Pick<Reread, 'compared' | 'differing'>;

/** The comparison alone, of as many ranges as `use` asks for: every sector that answers differently, with both answers. */
export async function comparing<T>(
  work: RereadWork,
  use: (compare: (range: Range) => Promise<Compared>) => Promise<T>,
): Promise<T> {
  const probe = openProbe(work);
  try {
    return await use((range) => compareSectors(work, probe, range));
  } finally {
    probe.close();
  }
}

async function compareSectors({ ports, source, parts, stop, when }: RereadWork, probe: RangeReader, range: Range) {
  const differing: Unstable[] = [];
  let compared = 0;
  for (const cell of cells(range, STEP)) {
    if (stop.aborted) break;
    for (const { part, now } of await answers(probe, cell)) {
      const was = await readParts(ports, parts, part);
      compared += Math.ceil(lengthOf(part) / source.logicalSector);
      if (Buffer.compare(was, now) === 0) continue;
      for (const sector of cells(part, source.logicalSector)) {
        const [first, again] = [cut(was, part, sector), cut(now, part, sector)];
        if (Buffer.compare(first, again) === 0) continue;
        differing.push({ ...sector, first: sha256(first), again: sha256(again), when });
      }
    }
  }
  return { compared, differing };
}

/** What can be read of a cell: all of it, or those of its pages that give their bytes. */
async function answers(probe: RangeReader, cell: Range): Promise<{ part: Range; now: Uint8Array }[]> {
  const found = [];
  let unit = STEP;
  for (let at = cell.start; at < cell.end;) {
    const part = { start: at, end: cell.end };
    const { bytes, failure } = await probe.read(part, unit);
    if (bytes.length > 0) found.push({ part: { start: at, end: at + bytes.length }, now: bytes });
    at += bytes.length;
    // The page that failed is left out.
    if (failure !== null && unit === PAGE) at = (Math.floor(at / PAGE) + 1) * PAGE;
    unit = PAGE;
  }
  return found;
}

function cut(bytes: Uint8Array, whole: Range, part: Range): Uint8Array {
  return bytes.subarray(part.start - whole.start, part.end - whole.start);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function interrupted(): ExhibitError {
  return new ExhibitError('interrupted', 'interrupted', 'Stopped before anything new was read.');
}

function otherContent({ path }: HeldSource, { start, end }: Range, differing: number, sectors: number): ExhibitError {
  const message = `${visible(path)} is another disk, or was written to: of ${sectors} sectors of bytes [${start}, ${end}), which were read before, ${differing} hold something else now.`;
  return new ExhibitError('source', 'source.changed', message, {
    hint: 'Nothing more was read from it. Connect the disk that was being imaged, then: exhibit resume DIR',
  });
}

function unreadableAgain({ path }: HeldSource, { start, end }: Range): ExhibitError {
  const message = `Whether ${visible(path)} is the disk that was being imaged can't be told: nothing of bytes [${start}, ${end}), which were read before, can be read now.`;
  return new ExhibitError('source', 'source.changed', message, {
    hint: 'Check cable and power, let the drive cool down, then: exhibit resume DIR',
  });
}
