import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { errnoOf } from '../model/errors.ts';
import { destinationError } from '../sink/destination-error.ts';
import type { Files, OpenFile } from '../system/files.ts';

/** Bytes: the map and the records of a job that fails, with thousands of bad places. */
const RESERVED = 1024 * 1024;
const NAME = 'reserve.partial';

/** Room on the destination that is kept for a job's last words. */
export interface Reserve {
  /** Gives the room back. Any number of times. */
  release(): Promise<void>;
}

/**
 * Takes room for the record of a failure: on a destination that has run full, the list of unreadable places could not
 * be written any more. The file loses its name at once, so that nothing is left of it
 * whatever ends us afterwards. The caller holds the folder's lock.
 */
export async function holdReserve(files: Files, folder: string): Promise<Reserve> {
  const path = join(folder, NAME);
  try {
    await removeLeftOver(files, path);
    const file = await files.open(path, 'create');
    try {
      // Random: zeros take no room on a file system that compresses.
      await file.write(randomBytes(RESERVED), 0, RESERVED, 0);
      await file.datasync();
    } catch (error) {
      await file.close();
      throw error;
    } finally {
      await files.unlink(path);
    }
    return reserveOf(file);
  } catch (error) {
    throw destinationError(folder, error);
  }
}

/** Of a job that was killed before its file lost its name. The folder is locked: nobody else has one. */
async function removeLeftOver(files: Files, path: string): Promise<void> {
  const stats = await files.lstat(path).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  });
  if (stats?.isFile() === true && stats.size <= RESERVED) await files.unlink(path);
}

function reserveOf(file: OpenFile): Reserve {
  let held = true;
  return {
    async release() {
      if (!held) return;
      held = false;
      // What can't be given back is no reason to fail a second time.
      await file.close().catch(() => undefined);
    },
  };
}
