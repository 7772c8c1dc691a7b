import { dirname } from 'node:path';
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
