import { dirname } from 'node:path';
import { errnoOf } from '../model/errors.ts';
import { lacksLinks, UNFINISHED } from '../model/unfinished.ts';
import type { Files } from './files.ts';

/** What a whole file is made with. */
type Steps = Pick<Files, 'open' | 'link' | 'rename' | 'unlink' | 'syncFolder'>;

/**
 * Makes a file that is there whole or not at all, whatever ends us: written and brought to disk as `NAME.new`, then
 * given its name, which must be free. EEXIST when it is not; nothing is ever replaced but a `NAME.new` that was left
 * over. When it throws, the name is free, or, after a failure of the last steps, bears the whole file.
 *
 * By link and unlink, which can't replace anything. Where there are no hard links: see {@link moveToFree}.
 */
export async function createWhole(files: Steps, path: string, content: string | Uint8Array): Promise<void> {
  const unfinished = await writeUnfinished(files, path, content);
  try {
    await giveName(files, unfinished, path);
  } catch (error) {
    await files.unlink(unfinished).catch(() => undefined);
    throw error;
  }
  await files.syncFolder(dirname(path));
}

/** As {@link createWhole}, in the place of a file that may be there: the old one stays until the new one is whole. */
export async function replaceWhole(files: Steps, path: string, content: string | Uint8Array): Promise<void> {
  const unfinished = await writeUnfinished(files, path, content);
  try {
    await files.rename(unfinished, path);
  } catch (error) {
    await files.unlink(unfinished).catch(() => undefined);
    throw error;
  }
  await files.syncFolder(dirname(path));
}

/** Brings the content to disk under `NAME.new`, and gives that path. */
async function writeUnfinished(files: Steps, path: string, content: string | Uint8Array): Promise<string> {
  const unfinished = path + UNFINISHED;
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  // Of an attempt that was cut off: no file of the folder, and no reason to fail.
  await files.unlink(unfinished).catch((error: unknown) => {
    if (errnoOf(error) !== 'ENOENT') throw error;
  });
  const file = await files.open(unfinished, 'create');
  try {
    try {
      await file.write(bytes, 0, bytes.length, 0);
      // Before the name: a power cut must not leave a file that has its name and not yet its bytes.
      await file.sync();
    } finally {
      // Some file systems tell of a failed write only when the file is closed.
      await file.close();
    }
  } catch (error) {
    await files.unlink(unfinished).catch(() => undefined);
    throw error;
  }
  return unfinished;
}

async function giveName(files: Steps, unfinished: string, path: string): Promise<void> {
  try {
    await files.link(unfinished, path);
  } catch (error) {
    if (!lacksLinks(error)) throw error;
    await moveToFree(files, unfinished, path);
    return;
  }
  await files.unlink(unfinished);
}

/**
 * For file systems without hard links. Node has no rename that refuses to replace (renameat2's RENAME_NOREPLACE), so
 * the name is first taken by an empty file, made exclusively: of several who want it one gets it, and the rename
 * replaces that empty file alone. What could still lose bytes is a program that writes into a file that it did not
 * make, in the moment between. Cut off in that moment, the empty file stays, beside its whole `NAME.new`.
 */
async function moveToFree(files: Steps, unfinished: string, path: string): Promise<void> {
  const taken = await files.open(path, 'create');
  // Over a file that is open some network file systems do not rename.
  await taken.close();
  try {
    await files.rename(unfinished, path);
  } catch (failure) {
    // The empty file is ours: nothing may stand under the name that is not whole.
    await files.unlink(path).catch(() => undefined);
    throw failure;
  }
}
