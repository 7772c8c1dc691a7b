import type { Manifest } from '../manifest/schema.ts';
import type { Sum } from '../manifest/sums.ts';
import { groupDigits } from '../model/size.ts';
import { visible } from '../model/text.ts';
import type { Check, CheckName } from './report.ts';
import type { FileHash, StoredFolder } from './stored-folder.ts';

/** Bytes. */
const SMALL = 64 * 1024 * 1024;

export interface FilesQuestion {
  readonly folder: StoredFolder;
  readonly sums: readonly Sum[] | null;
  readonly manifest: Manifest | null;
  /** SHA-256 of image files that were read through already. */
  readonly fileHashes: ReadonlyMap<string, string>;
  /** Image files are not read for their hash: a part of the image was asked for. */
  readonly partial: boolean;
  /** Names that are in no list. */
  readonly notCovered: readonly string[];
}

/** What SHA256SUMS, the manifest or both say of a file. */
interface Expected {
  readonly name: string;
  readonly image: boolean;
  /** Null: SHA256SUMS alone lists it. */
  readonly size: number | null;
  readonly hashes: readonly { readonly by: string; readonly sha256: string }[];
}

/** Every file that SHA256SUMS or the manifest lists: there, a regular file, of that size, with that hash. */
export async function checkFiles(question: FilesQuestion): Promise<Check[]> {
  const expected = expectedFiles(question);
  const checks: Check[] = [];
  for (const file of expected) checks.push(...(await checkFile(question, expected, file)));
  for (const name of ['files', 'image-files'] as const) {
    const count = expected.filter((file) => checkName(file) === name).length;
    if (checks.some((check) => check.name === name)) continue;
    checks.push(summary(name, count, question));
  }
  return checks;
}

function expectedFiles({ sums, manifest }: FilesQuestion): Expected[] {
  const listed = new Map((sums ?? []).map((sum) => [sum.name, sum.sha256]));
  const files = manifest?.files ?? [];
  const known = new Set(files.map((file) => file.name));
  const bySums = (name: string): Expected['hashes'] => {
    const sha256 = listed.get(name);
    return sha256 === undefined ? [] : [{ by: 'SHA256SUMS', sha256 }];
  };
  return [
    ...files.map(({ name, size, sha256, role }) => ({
      name,
      image: role === 'image',
      size,
      hashes: [...bySums(name), { by: 'the manifest', sha256 }],
    })),
    ...[...listed.keys()]
      .filter((name) => !known.has(name))
      .map((name) => ({ name, image: manifest === null && isImageName(name), size: null, hashes: bySums(name) })),
  ];
}

/** Without a manifest only the name tells. */
function isImageName(name: string): boolean {
  return /\.(dd|\d{3})(\.partial)?$/.test(name);
}

async function checkFile(question: FilesQuestion, all: readonly Expected[], file: Expected): Promise<Check[]> {
  const { folder, fileHashes, partial } = question;
  const name = visible(file.name);
  const fault = (status: Check['status'], message: string): Check[] => [{ name: checkName(file), status, message }];
  const look = await folder.look(file.name);
  if (look.kind === 'missing') return fault('damaged', `${name} is missing${await foundElsewhere(question, file)}.`);
  if (look.kind === 'other') return fault('damaged', `${name} is ${look.what}, not a file; it was not followed.`);
  if (look.kind === 'no-look') return fault(look.status, `${name} ${look.why}.`);
  if (file.size !== null && look.size !== file.size)
    return fault('damaged', `${name} ${lengthFault(look.size, file.size)}.`);
  const read = fileHashes.get(file.name);
  if (read === undefined && file.image && partial) return [];
  const now =
    read === undefined
      ? await folder.sha256(file.name)
      : { ok: true as const, value: { sha256: read, size: look.size } };
  if (!now.ok) return fault(now.status, `${name} ${now.why}.`);
  const wrong = file.hashes.filter((hash) => hash.sha256 !== now.value.sha256).map((hash) => hash.by);
  if (wrong.length === 0) return [];
  const other = contentOf(all, now.value);
  const swapped = other === undefined ? '' : ` It holds the content of ${visible(other.name)}: they were exchanged.`;
  return fault(
    'damaged',
    `${name} is not the file that ${wrong.join(' and ')} list${wrong.length > 1 ? '' : 's'}.${swapped}`,
  );
}

function lengthFault(size: number, due: number): string {
  const difference = groupDigits(Math.abs(size - due));
  return size > due
    ? `has ${difference} bytes too many, after byte ${groupDigits(due)}`
    : `has ${difference} bytes too few, it ends at byte ${groupDigits(size)}`;
}

function contentOf(all: readonly Expected[], { sha256 }: FileHash): Expected | undefined {
  return all.find((file) => file.hashes.some((hash) => hash.sha256 === sha256));
}

/** A missing file may lie there under another name. Only files of its length are read for that; where that is not known, small ones. */
async function foundElsewhere({ folder, notCovered }: FilesQuestion, file: Expected): Promise<string> {
  for (const name of notCovered) {
    const look = await folder.look(name);
    if (look.kind !== 'file' || (file.size === null ? look.size > SMALL : look.size !== file.size)) continue;
    const read = await folder.sha256(name);
    if (read.ok && file.hashes.some((hash) => hash.sha256 === read.value.sha256))
      return `: it lies there as ${visible(name)}`;
  }
  return '';
}

function summary(name: 'files' | 'image-files', count: number, { partial, sums, manifest }: FilesQuestion): Check {
  const lists = [...(sums === null ? [] : ['SHA256SUMS']), ...(manifest === null ? [] : ['the manifest'])].join(
    ' and ',
  );
  if (lists === '')
    return { name, status: 'not-checked', message: 'The files were not checked: there is no list to check them by.' };
  if (name === 'files') {
    if (sums === null)
      return {
        name,
        status: 'not-checked',
        message: `${count} files are as the manifest lists them; those that only SHA256SUMS lists were not checked.`,
      };
    return { name, status: 'ok', message: `${count} files beside the image are as ${lists} say.` };
  }
  if (partial)
    return {
      name,
      status: 'not-checked',
      message: 'The image files were not checked as a whole: only a part of the image was read.',
    };
  return {
    name,
    status: 'ok',
    message: count === 1 ? 'The image file is as listed.' : `${count} image files are as listed.`,
  };
}

function checkName(file: Expected): CheckName {
  return file.image ? 'image-files' : 'files';
}

/** Names of the folder that no list holds. @param own names that the format itself knows */
export function namesNotCovered(
  folder: StoredFolder,
  sums: readonly Sum[] | null,
  manifest: Manifest | null,
  own: readonly string[],
): string[] {
  const known = new Set([
    ...own,
    ...(sums ?? []).map((sum) => sum.name),
    ...(manifest?.files ?? []).map((file) => file.name),
  ]);
  return folder.names.filter((name) => !known.has(name));
}
