import { createHash } from 'node:crypto';
import { parseMapfile } from '../../image/mapfile.ts';
import { ExhibitError, messageOf } from '../../model/errors.ts';
import type { Extent } from '../../model/checkpoint.ts';
import { intersect, lengthOf, type Range } from '../../model/range.ts';
import { beside, merge, ReadMap, type MapEntry } from '../../model/read-map.ts';
import { cell, visible } from '../../model/text.ts';
import type { ReadingState } from '../../manifest/reading-state.ts';
import type { JournalData } from '../../manifest/journal.ts';
import type { Ports } from '../../system/ports.ts';
import { Extents } from '../reading/extents.ts';
import { readParts, type PartThere } from '../reading/image-parts.ts';

/** Where our own reading stands: what lies before the position is hashed. */
type StandsAt = Pick<ReadingState, 'map' | 'position'>;

/** A mapfile that another program left: what of the image it has read. */
export interface ForeignMap {
  readonly path: string;
  readonly map: ReadMap;
  readonly sha256: string;
  /** Its first comment: the program says who it is. Hostile text. */
  readonly comment: string;
}

/** Reads and judges a mapfile. @throws ExhibitError fault `usage`: not there, not a mapfile, of another size */
export async function readForeignMap(ports: Ports, path: string, size: number): Promise<ForeignMap> {
  const text = await ports.files.readText(path).catch((cause: unknown) => {
    const message = `The mapfile ${visible(path)} can't be read: ${visible(messageOf(cause))}.`;
    throw new ExhibitError('usage', 'adopt.no-map', message, { hint: 'Name the mapfile: --adopt-map FILE', cause });
  });
  const parsed = parseMapfile(text);
  if (!parsed.ok) throw notAMap(path, parsed.faults);
  const last = parsed.map.entries.at(-1);
  // ddrescue's map may end where it has not looked yet, or say nothing of what lies behind.
  if (parsed.map.size > size && last?.status !== 'not-tried')
    throw notAMap(path, [`it is of ${parsed.map.size} bytes, and the source has ${size}`]);
  const map = new ReadMap(size);
  for (const entry of parsed.map.entries) {
    const shared = intersect(entry, { start: 0, end: size });
    if (shared !== undefined) map.mark(shared, entry.status);
  }
  const comment = text.split('\n').find((line) => line.startsWith('#')) ?? '';
  return { path, map, sha256: createHash('sha256').update(text).digest('hex'), comment: cell(comment.slice(1), 200) };
}

/**
 * What the other program's map adds to what the journal tells: never takes back what was read, nor tries anew what is
 * hashed already as given up. Pure.
 */
export function newlyTold({ map, position }: StandsAt, foreign: ReadMap): MapEntry[] {
  const told = beside(map, foreign).filter(({ was, now }) => was !== now && was !== 'good' && now !== 'not-tried');
  const entries = merge(told.map(({ start, end, now }) => ({ start, end, status: now })));
  return entries.flatMap((entry) => {
    if (entry.status === 'good') return [entry];
    return entry.end <= position ? [] : [{ ...entry, start: Math.max(entry.start, position) }];
  });
}

/** The hashes are of zeros there; the image has something else by now. @throws ExhibitError `adopt.hashed-before` */
export function requireNotHashed(folder: string, before: StandsAt, { path, map }: ForeignMap): void {
  const read = newlyTold(before, map).find(({ start, status }) => status === 'good' && start < before.position);
  if (read === undefined) return;
  const { start, end } = read;
  const message = `${visible(path)} says of bytes [${start}, ${Math.min(end, before.position)}) that they were read. The acquisition in ${visible(folder)} had given them up, and hashed zeros in their place.`;
  throw new ExhibitError('damage', 'adopt.hashed-before', message, {
    hint: 'It is not gone on with. Nothing that was read is lost: put image and mapfile into a folder of their own, and take them over as an image that the other program made: exhibit resume FOLDER SOURCE --adopt-map MAP --case … --evidence … --examiner …',
  });
}

/**
 * Takes over what another program put into the image: hashes it as it is found. That it is what the source holds, nobody
 * vouches for but that program; the record says so.
 * @throws ExhibitError `resume.image` where the image does not hold what the map calls read; `interrupted`
 */
export async function adopt(
  ports: Ports,
  parts: readonly PartThere[],
  before: StandsAt,
  { map, sha256, comment }: ForeignMap,
  pieceSize: number,
  stop: AbortSignal,
): Promise<{ readonly record: JournalData; readonly bytes: number }> {
  const ranges = newlyTold(before, map);
  const good = ranges.filter(({ status }) => status === 'good');
  const extents = new Extents(pieceSize);
  for (const range of good) await hashAsFound(ports, parts, range, extents, stop);
  const found: readonly Extent[] = extents.sorted;
  const bytes = good.reduce((sum, range) => sum + lengthOf(range), 0);
  return { record: { map_sha256: sha256, comment, ranges, extents: found }, bytes };
}

const STEP = 4 * 1024 * 1024;

async function hashAsFound(
  ports: Ports,
  parts: readonly PartThere[],
  { start, end }: Range,
  into: Extents,
  stop: AbortSignal,
): Promise<void> {
  for (let at = start; at < end; at += STEP) {
    if (stop.aborted) throw stoppedBefore();
    const part = { start: at, end: Math.min(at + STEP, end) };
    into.add(at, await readParts(ports, parts, part));
  }
}

/** Terabytes take hours to hash. */
function stoppedBefore(): ExhibitError {
  const message = 'Stopped before all that another program read was taken over; nothing of it is on record.';
  return new ExhibitError('interrupted', 'interrupted', message, {
    hint: 'Go on with the same mapfile: exhibit resume DIR SOURCE --adopt-map FILE',
  });
}

/** The folder's own map says that more was read than the journal knows of: somebody else went on with the image. */
export function foreignProgress(path: string): ExhibitError {
  const message = `${visible(path)} says of bytes that they were read which exhibit has not read: another program has gone on with the image.`;
  return new ExhibitError('damage', 'resume.map-changed', message, {
    hint: 'Take over what it read: --adopt-map FILE. Or move the mapfile away: then those places are read again.',
  });
}

function notAMap(path: string, faults: readonly string[]): ExhibitError {
  const message = `${visible(path)} is not a mapfile of this source: ${faults.map(visible).join('; ')}.`;
  return new ExhibitError('usage', 'adopt.no-map', message, {
    hint: 'Name the mapfile that GNU ddrescue wrote beside the image: --adopt-map FILE',
  });
}
