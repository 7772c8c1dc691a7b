import { randomBytes } from 'node:crypto';
import { constants, promises as fs } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errnoOf, ExhibitError } from '../model/errors.ts';
import { visible } from '../model/text.ts';

/** Linux's O_TMPFILE (open(2)), which Node does not name: an open file in that folder, without a name. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;
/** What kernels and file systems say that have no such thing. Node calls EOPNOTSUPP by its other name. */
const NOT_HERE = new Set(['ENOTSUP', 'EOPNOTSUPP', 'EISDIR', 'EINVAL', 'ENOENT']);

/** Opens a new file for reading and writing that nobody else can open by a name, and that is gone with its last descriptor. */
export async function openNameless(folder: string = tmpdir()): Promise<fs.FileHandle> {
  try {
    return await fs.open(folder, O_TMPFILE | constants.O_RDWR, 0o600);
  } catch (error) {
    if (!NOT_HERE.has(errnoOf(error) ?? '')) throw error;
    return openAndUnname(folder);
  }
}

/** The same where it takes two steps: it has a name for a moment, in a folder that only this user can enter. */
export async function openAndUnname(folder: string): Promise<fs.FileHandle> {
  const own = await fs.mkdtemp(join(folder, 'exhibit-file-'));
  try {
    return await fs.open(join(own, 'file'), 'wx+', 0o600);
  } finally {
    await fs.rm(own, { recursive: true, force: true });
  }
}

/**
 * A new file on the file system of a folder that is somebody's, for reading and writing: nothing in that folder is
 * touched. Where it takes two steps, its name is one that nobody has, and is gone before anything is written.
 */
export async function openNamelessIn(folder: string): Promise<fs.FileHandle> {
  try {
    return await fs.open(folder, O_TMPFILE | constants.O_RDWR, 0o600);
  } catch (error) {
    if (!NOT_HERE.has(errnoOf(error) ?? '')) throw error;
    return createAndUnlink(folder);
  }
}

/**
 * The same where it takes two steps. No folder of its own: on NFS and FUSE an open file without a name keeps one from going.
 * @throws ExhibitError fault `destination` where a file keeps its name while it is open; it is taken away closed, or named
 */
export async function createAndUnlink(folder: string): Promise<fs.FileHandle> {
  const path = join(folder, `.exhibit-${randomBytes(8).toString('hex')}.tmp`);
  const handle = await fs.open(path, 'wx+', 0o600);
  try {
    await fs.unlink(path);
    return handle;
  } catch (cause) {
    await handle.close();
    const gone = await fs.unlink(path).then(
      () => true,
      (again: unknown) => errnoOf(again) === 'ENOENT',
    );
    const message = `A file that was made in ${visible(folder)} could not be taken away while it was open (${errnoOf(cause) ?? 'unknown error'}).`;
    const hint = gone
      ? 'It is gone now. Name a folder on another file system.'
      : `It is empty, and still there: remove ${visible(path)}, and name a folder on another file system.`;
    throw new ExhibitError('destination', 'destination.no-nameless', message, { hint, cause });
  }
}
