import { parseMapfile } from '../image/mapfile.ts';
import { parsePieces } from '../image/pieces.ts';
import { contradictions } from '../manifest/consistency-journal.ts';
import { checkChain } from '../manifest/journal-chain.ts';
import { accountOf, provenEnd } from '../manifest/journal-records.ts';
import type { Manifest } from '../manifest/schema.ts';
import type { PieceDigest } from '../model/digest.ts';
import { normalise, type Range } from '../model/range.ts';
import { visible } from '../model/text.ts';
import type { Check, CheckName } from './report.ts';
import { hashOf, type StoredFolder } from './stored-folder.ts';

/**
 * The journal's chain, its number of records, its head, and that the manifest is its account. `proven`: the end of the
 * bytes that it proves to have been read; null where it is not the manifest's journal.
 */
export async function checkJournal(
  folder: StoredFolder,
  manifest: Manifest,
): Promise<{ proven: number | null; checks: Check[] }> {
  const { journal } = manifest;
  const content = await folder.bytes(journal.file);
  if (!content.ok) return { proven: null, checks: [lost('journal', journal.file, content)] };
  const chain = checkChain(content.value);
  const faults = [...chain.faults];
  if (chain.torn !== null) faults.push(`the last record is cut off, at byte ${chain.torn.offset}`);
  if (chain.records.length !== journal.records)
    faults.push(`there are ${chain.records.length} records; the manifest says ${journal.records}`);
  if (chain.head !== journal.head) faults.push('the last record is not the one that the manifest names');
  const proven = faults.length > 0 ? null : provenEnd(accountOf(chain.records).account);
  // Another journal, or a broken one, has nothing to say of this manifest.
  if (proven !== null) faults.push(...contradictions(manifest, chain.records));
  const good = `The journal's chain of ${journal.records} records is unbroken, and the manifest is its account.`;
  return { proven, checks: judged('journal', journal.file, faults, good) };
}

/** The pieces file. `pieces` only when it is the one that the manifest names: another could hide damage or invent it. */
export async function checkPiecesFile(
  folder: StoredFolder,
  { pieces, image }: Manifest,
): Promise<{ pieces: readonly PieceDigest[] | null; checks: Check[] }> {
  const content = await folder.bytes(pieces.file);
  if (!content.ok) return { pieces: null, checks: [lost('pieces-file', pieces.file, content)] };
  const parsed = parsePieces(content.value.toString('latin1'));
  const faults = parsed.ok ? gridFaults(parsed.pieces, pieces, image.size) : [...parsed.faults];
  if (hashOf(content.value).sha256 !== pieces.sha256) faults.push('it is not the file that the manifest names');
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

/**
 * The mapfile against the manifest's read map, and against what there is to read of.
 * @param proven the end of the bytes that the journal proves to have been read; null: not known
 */
export async function checkMap(folder: StoredFolder, manifest: Manifest, proven: number | null): Promise<Check[]> {
  const { read_map: due, source, image } = manifest;
  const content = await folder.bytes(due.file);
  if (!content.ok) return [lost('map', due.file, content)];
  const parsed = parseMapfile(content.value.toString('latin1'));
  if (!parsed.ok) return judged('map', due.file, parsed.faults, '');
  const { map } = parsed;
  const notTried = map.bytes('not-tried') + map.bytes('failed-large') + map.bytes('failed-small');
  const faults: string[] = [];
  const same = (what: string, found: number, wanted: number): void => {
    if (found !== wanted) faults.push(`${what}: ${found} bytes; the manifest says ${wanted}`);
  };
  same('it covers', map.size, source.size);
  same('read', map.bytes('good'), due.good);
  same('unreadable', map.bytes('unreadable'), due.unreadable);
  same('not tried', notTried, due.not_tried);
  if (!sameRanges(map.ranges('unreadable'), normalise(due.ranges)))
    faults.push('its unreadable ranges are not those of the manifest');
  const end = Math.max(map.ranges('good').at(-1)?.end ?? 0, map.ranges('unreadable').at(-1)?.end ?? 0);
  if (end > image.size) faults.push(`it calls byte ${end - 1} read; the image ends at ${image.size}`);
  if (proven !== null && end > proven) faults.push(`it calls byte ${end - 1} read; the journal proves ${proven} bytes`);
  return judged('map', due.file, faults, 'The read map agrees with the manifest.');
}

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
