import { parseMapfile } from '../image/mapfile.ts';
import { parsePieces, PIECES_LIMIT } from '../image/pieces.ts';
import { contradictions } from '../manifest/consistency-journal.ts';
import { checkChain, JOURNAL_LIMIT } from '../manifest/journal-chain.ts';
import { entriesIn } from '../manifest/map-part.ts';
import { readingState, type ReadingState } from '../manifest/reading-state.ts';
import type { Manifest } from '../manifest/schema.ts';
import type { PieceDigest } from '../model/digest.ts';
import { normalise, type Range } from '../model/range.ts';
import type { ReadMap, ReadStatus } from '../model/read-map.ts';
import { visible } from '../model/text.ts';
import type { Check, CheckName } from './report.ts';
import { hashOf, type StoredFolder } from './stored-folder.ts';

/**
 * The journal's chain, its number of records, its head, and that the manifest is its account. `state`: where reading stood
 * by it; null where it is not the manifest's journal.
 */
export async function checkJournal(
  folder: StoredFolder,
  manifest: Manifest,
): Promise<{ state: ReadingState | null; checks: Check[] }> {
  const { journal } = manifest;
  const content = await folder.bytes(journal.file, JOURNAL_LIMIT);
  if (!content.ok) return { state: null, checks: [lost('journal', journal.file, content)] };
  const chain = checkChain(content.value);
  const faults = [...chain.faults];
  if (chain.torn !== null) faults.push(`the last record is cut off, at byte ${chain.torn.offset}`);
  if (chain.records.length !== journal.records)
    faults.push(`there are ${chain.records.length} records; the manifest says ${journal.records}`);
  if (chain.head !== journal.head) faults.push('the last record is not the one that the manifest names');
  const state = faults.length > 0 ? null : readingState(chain.records, manifest.source.size).state;
  // Another journal, or a broken one, has nothing to say of this manifest.
  if (state !== null) faults.push(...contradictions(manifest, chain.records));
  const good = `The journal's chain of ${journal.records} records is unbroken, and the manifest is its account.`;
  return { state, checks: judged('journal', journal.file, faults, good) };
}

/**
 * The pieces file. `pieces` only when it is the one that the manifest names: another could hide damage or invent it.
 * @param state by the journal; null: it has nothing to say of this manifest
 */
export async function checkPiecesFile(
  folder: StoredFolder,
  manifest: Manifest,
  state: ReadingState | null,
): Promise<{ pieces: readonly PieceDigest[] | null; checks: Check[] }> {
  const { pieces, image } = manifest;
  const content = await folder.bytes(pieces.file, PIECES_LIMIT);
  if (!content.ok) return { pieces: null, checks: [lost('pieces-file', pieces.file, content)] };
  const parsed = parsePieces(content.value.toString('latin1'));
  const faults = parsed.ok ? gridFaults(parsed.pieces, pieces, image.size) : [...parsed.faults];
  if (hashOf(content.value).sha256 !== pieces.sha256) faults.push('it is not the file that the manifest names');
  if (parsed.ok && state !== null && !isSpoilt(manifest)) faults.push(...toldFaults(parsed.pieces, state.pieces));
  const good = `The list of ${pieces.count} pieces is the manifest's and covers the image.`;
  const checks = judged('pieces-file', pieces.file, faults, good);
  return { pieces: parsed.ok && faults.length === 0 ? parsed.pieces : null, checks };
}

function gridFaults(found: readonly PieceDigest[], due: Manifest['pieces'], imageSize: number): string[] {
  const faults: string[] = [];
  const last = found.at(-1);
  const end = last === undefined ? 0 : last.offset + last.length;
  if (found.length !== due.count) faults.push(`it has ${found.length} pieces; the manifest says ${due.count}`);
  if (end !== imageSize) faults.push(`it covers ${end} bytes; the image has ${imageSize}`);
  if (found.length > 1 && found[0]?.length !== due.size) faults.push(`its piece size is not ${due.size}`);
  return faults;
}

/** The journal tells pieces as they were read; those of the list are the same. */
function toldFaults(listed: readonly PieceDigest[], told: readonly PieceDigest[]): string[] {
  const bad = told.filter(({ length, sha256 }, index) => {
    const piece = listed[index];
    return piece?.length !== length || piece.sha256 !== sha256;
  });
  const [first] = bad;
  if (first === undefined) return [];
  return [
    `it has ${bad.length} pieces otherwise than the journal tells that they were read, the first at byte ${first.offset}`,
  ];
}

/** Lists and map are of an image that is known not to be what was read. */
function isSpoilt({ outcome, read_back }: Manifest): boolean {
  return outcome === 'incomplete' && read_back.state === 'mismatch';
}

/**
 * The mapfile against the manifest's read map, and against what the journal tells of each byte.
 * @param state by the journal; null: it has nothing to say of this manifest
 */
export async function checkMap(folder: StoredFolder, manifest: Manifest, state: ReadingState | null): Promise<Check[]> {
  const { read_map: due, source, image } = manifest;
  const content = await folder.bytes(due.file);
  if (!content.ok) return [lost('map', due.file, content)];
  const parsed = parseMapfile(content.value.toString('latin1'));
  if (!parsed.ok) return judged('map', due.file, parsed.faults, '');
  const { map } = parsed;
  const faults: string[] = [];
  const same = (what: string, found: number, wanted: number): void => {
    if (found !== wanted) faults.push(`${what}: ${found} bytes; the manifest says ${wanted}`);
  };
  same('it covers', map.size, source.size);
  same('read', map.bytes('good'), due.good);
  same('unreadable', map.bytes('unreadable'), due.unreadable);
  same('failed', map.bytes('failed-large') + map.bytes('failed-small'), due.failed);
  same('not tried', map.bytes('not-tried'), due.not_tried);
  if (!sameRanges(map.ranges('unreadable'), normalise(due.ranges)))
    faults.push('its unreadable ranges are not those of the manifest');
  const end = Math.max(map.ranges('good').at(-1)?.end ?? 0, map.ranges('unreadable').at(-1)?.end ?? 0);
  if (end > image.size) faults.push(`it calls byte ${end - 1} read; the image ends at ${image.size}`);
  if (state !== null) faults.push(...otherThanTold(map, state.proven.map, isSpoilt(manifest)));
  return judged('map', due.file, faults, 'The read map agrees with the manifest.');
}

/**
 * Where the mapfile has it otherwise than the journal; what it calls read and is not comes first.
 * @param doubt what was read may be called not tried
 */
function otherThanTold(map: ReadMap, told: ReadMap, doubt: boolean): string[] {
  if (map.size !== told.size) return [];
  const others = map.entries.flatMap((entry) =>
    entriesIn(told, entry)
      .filter(({ status }) => status !== entry.status)
      .filter(({ status }) => !(doubt && status === 'good' && entry.status === 'not-tried'))
      .map(({ start, end, status }) => ({ start, end, here: entry.status, there: status })),
  );
  const first = others.find(({ here }) => here === 'good') ?? others[0];
  if (first === undefined) return [];
  const { start, end, here, there } = first;
  return [`it calls bytes ${start} to ${end - 1} ${WORDS[here]}; by the journal they are ${WORDS[there]}`];
}

const WORDS: Record<ReadStatus, string> = {
  good: 'read',
  unreadable: 'unreadable',
  'failed-small': 'failed',
  'failed-large': 'failed in large blocks',
  'not-tried': 'not tried',
};

function sameRanges(a: readonly Range[], b: readonly Range[]): boolean {
  return (
    a.length === b.length && a.every((range, index) => range.start === b[index]?.start && range.end === b[index].end)
  );
}

function judged(name: CheckName, file: string, faults: readonly string[], good: string): Check[] {
  if (faults.length === 0) return [{ name, status: 'ok', message: good }];
  return faults.map((fault) => ({ name, status: 'damaged', message: `${visible(file)}: ${fault}.` }));
}

function lost(name: CheckName, file: string, content: { status: 'damaged' | 'not-checked'; why: string }): Check {
  return { name, status: content.status, message: `${visible(file)} ${content.why}.` };
}
