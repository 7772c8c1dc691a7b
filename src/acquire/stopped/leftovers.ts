import { join } from 'node:path';
import { ALLOWED_SIGNERS, folderNames, SUMS, SUMS_SIGNATURE, VERIFY_TEXT } from '../../manifest/file-names.ts';
import { errnoOf } from '../../model/errors.ts';
import type { Emit } from '../../model/event.ts';
import { UNFINISHED } from '../../model/unfinished.ts';
import type { Files } from '../../system/files.ts';

/** The manifest and what comes after it: what no manifest lists. */
export function closingNames(stem: string): string[] {
  const { manifest, manifestSignature } = folderNames(stem);
  return [manifest, manifestSignature, ALLOWED_SIGNERS, VERIFY_TEXT, SUMS, SUMS_SIGNATURE];
}

/**
 * Whether a name is only taken: an empty file beside its `NAME.new`. So ends a kill where there are no hard links
 * (`system/whole-file.ts`); nothing that closes a folder is ever empty.
 */
async function isOnlyTaken(files: Files, folder: string, name: string): Promise<boolean> {
  const [file, unfinished] = [await fileSize(files, join(folder, name)), await unfinishedOf(files, folder, name)];
  return file === 0 && unfinished !== null;
}

/** Whether there is anything of that name, but for a name that is {@link isOnlyTaken}. */
export async function isThere(files: Files, folder: string, name: string): Promise<boolean> {
  if ((await files.statOrNull(join(folder, name))) === null) return false;
  return !(await isOnlyTaken(files, folder, name));
}

/**
 * Makes room for these files, under the folder's lock: takes away the `NAME.new` that a writing which was cut off left,
 * and first the empty file that only takes the name. Says so: nothing disappears without a word.
 */
export async function removeLeftovers(
  files: Files,
  folder: string,
  names: readonly string[],
  emit: Emit,
): Promise<void> {
  for (const name of names) {
    if ((await unfinishedOf(files, folder, name)) === null) continue;
    if (await isOnlyTaken(files, folder, name)) await files.unlink(join(folder, name));
    const unfinished = join(folder, name + UNFINISHED);
    await files.unlink(unfinished);
    const message = `${unfinished} was removed: a writing that was cut off left it. It was no evidence.`;
    emit({ type: 'note', level: 'info', code: 'seal.leftover', message });
  }
}

/** A report of a closing that was cut off before its manifest was whole; nothing lists it, and it is made anew. */
export async function removeStaleReport(files: Files, folder: string, stem: string): Promise<void> {
  await files.unlink(join(folder, folderNames(stem).report)).catch((error: unknown) => {
    if (errnoOf(error) !== 'ENOENT') throw error;
  });
}

/** Bytes of a `NAME.new`; null when there is none. */
function unfinishedOf(files: Files, folder: string, name: string): Promise<number | null> {
  return fileSize(files, join(folder, name + UNFINISHED));
}

/** Bytes of a regular file, links not followed; null when there is none of that name. */
async function fileSize(files: Files, path: string): Promise<number | null> {
  try {
    const stats = await files.lstat(path);
    return stats.isFile() ? stats.size : null;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}
