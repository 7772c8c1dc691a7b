import { dirname, join } from 'node:path';
import { errnoOf, ExhibitError } from '../model/errors.ts';
import { visible } from '../model/text.ts';
import { lacksLinks } from '../model/unfinished.ts';
import type { Files } from '../system/files.ts';
import { destinationError } from './destination-error.ts';
import type { WrittenSegment } from './image-writer.ts';

/**
 * Takes `.partial` away from finished image files, by link and unlink, which can't replace anything. Where there
 * are no links, an empty file made exclusively reserves the name and the rename replaces that file alone.
 * Throws `destination.exists` when the name is taken, `destination.failed` when the file is no longer the one written.
 */
export async function publish(files: Files, written: readonly WrittenSegment[]): Promise<void> {
  for (const each of written) {
    try {
      await checkSize(files, each);
      await linkOrRename(files, each);
      await files.syncFolder(dirname(each.finalPath));
    } catch (error) {
      throw destinationError(each.finalPath, error);
    }
  }
}

/**
 * Gives image files that have their final names their `.partial` back: the acquisition goes on, and they are not
 * finished. By link and unlink, which can't replace anything; an empty file that only took a name goes away.
 * @returns the names that were given back
 * Throws `destination.exists` when both names are there, for different files.
 */
export async function takeBack(files: Files, folder: string, names: readonly string[]): Promise<string[]> {
  const given: string[] = [];
  for (const name of names) {
    const [finalPath, partialPath] = [join(folder, name), join(folder, `${name}${PARTIAL_ENDING}`)];
    try {
      if (await takeBackOne(files, finalPath, partialPath)) given.push(name);
    } catch (error) {
      throw destinationError(finalPath, error);
    }
  }
  if (given.length > 0) await files.syncFolder(folder);
  return given;
}

const PARTIAL_ENDING = '.partial';

async function takeBackOne(files: Files, finalPath: string, partialPath: string): Promise<boolean> {
  const [final, partial] = [await lookAt(files, finalPath), await lookAt(files, partialPath)];
  if (final === null) return false;
  if (partial !== null) {
    // Cut off between link and unlink; or, where there are no links, before the rename.
    const same = final.ino === partial.ino && final.dev === partial.dev;
    if (!same && final.size > 0) throw Object.assign(new Error(`${finalPath} is there too`), { code: 'EEXIST' });
    await files.unlink(finalPath);
    return true;
  }
  try {
    await files.link(finalPath, partialPath);
    await files.unlink(finalPath);
  } catch (error) {
    if (!lacksLinks(error)) throw error;
    await files.rename(finalPath, partialPath);
  }
  return true;
}

async function lookAt(files: Files, path: string): Promise<Awaited<ReturnType<Files['lstat']>> | null> {
  return files.lstat(path).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  });
}

async function checkSize(files: Files, written: WrittenSegment): Promise<void> {
  // Not through a symbolic link: the link would be published, and the image lie elsewhere.
  const now = await files.lstat(written.partialPath).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') throw notOurs(written);
    throw error;
  });
  if (!now.isFile() || now.size !== written.size) throw notOurs(written);
}

async function linkOrRename(files: Files, written: WrittenSegment): Promise<void> {
  const { partialPath, finalPath } = written;
  try {
    await files.link(partialPath, finalPath);
  } catch (error) {
    if (!lacksLinks(error)) throw error;
    const reserved = await files.open(finalPath, 'create');
    await reserved.close();
    try {
      await files.rename(partialPath, finalPath);
    } catch (failure) {
      // The empty file is ours: nothing half-made may stand under an image's name.
      await files.unlink(finalPath).catch(() => undefined);
      throw failure;
    }
    return;
  }
  // Inode numbers mean something wherever there are links; vfat makes them up anew.
  if ((await files.lstat(finalPath)).ino !== written.inode) {
    await files.unlink(finalPath);
    throw notOurs(written);
  }
  await files.unlink(partialPath);
}

function notOurs(written: WrittenSegment): ExhibitError {
  return new ExhibitError(
    'destination',
    'destination.failed',
    `${visible(written.partialPath)} is not the file that was written.`,
    {
      hint: 'Something moved, replaced or cut it while the job ran, or the destination went away. Image the source again.',
    },
  );
}
