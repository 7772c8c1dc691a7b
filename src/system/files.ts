import { constants, promises as fs, type Stats } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errnoOf } from '../model/errors.ts';
import { makeFolder } from './make-folder.ts';
import { openNameless, openNamelessIn } from './nameless.ts';
import { createWhole, replaceWhole } from './whole-file.ts';

/** How a file is opened. Nothing opens an existing file for writing but `append` (the journal) and `continue` (its image). */
export type OpenMode =
  /** Read-only. */
  | 'read'
  /** Read-only and O_EXCL: on a block device the kernel then refuses every mount and every other exclusive opener (EBUSY). */
  | 'read-exclusive'
  /** Read-only and O_DIRECT: past the page cache where the file system honours it; buffers, offsets, lengths aligned. */
  | 'read-direct'
  /** A new file for writing; EEXIST when there is anything of that name. */
  | 'create'
  /** An existing file, written at its end only. */
  | 'append'
  /** An existing regular file, written anywhere: a stopped acquisition's own image. Nothing else, and no link to it (ELOOP, EINVAL), and no other name of it (EMLINK). */
  | 'continue'
  /**
   * A regular file that this process holds open, once more by its descriptor (`/proc/self/fd/N`), for writes past the
   * page cache (O_DIRECT); EINVAL for anything else, and where there are none.
   */
  | 'write-direct';

export interface OpenFile {
  readonly fd: number;
  readonly path: string;
  /** Reads at `position` until `length` bytes, or the end of the file; returns how many. One read call may give fewer: this loops. */
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<number>;
  /** One read call: may give fewer bytes than asked for. */
  readSome(buffer: Uint8Array, offset: number, length: number, position: number): Promise<number>;
  /** Writes all of it, looping over short writes. Append mode ignores `position`. */
  write(buffer: Uint8Array, offset: number, length: number, position: number | null): Promise<void>;
  stat(): Promise<Stats>;
  datasync(): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Raw `statfs(2)` values. `type` is the magic number. */
export interface FileSystemStats {
  readonly type: number;
  readonly blockSize: number;
  readonly availableBlocks: number;
}

/** The station's file system. Errors are Node's own, with `code`; callers give them meaning. */
export interface Files {
  open(path: string, mode: OpenMode): Promise<OpenFile>;
  /** Whole file as UTF-8; `limit` bytes at most (default 64 MiB), more is an error. */
  readText(path: string, limit?: number): Promise<string>;
  readBytes(path: string, limit?: number): Promise<Buffer>;
  /** A new file that is there whole and on disk, or not at all, whatever ends us. EEXIST when the name is taken. */
  createFile(path: string, content: string | Uint8Array): Promise<void>;
  /** As `createFile`, in the place of what is there: before or after, never half. Only for files that no signature covers. */
  replaceFile(path: string, content: string | Uint8Array): Promise<void>;
  stat(path: string): Promise<Stats>;
  lstat(path: string): Promise<Stats>;
  /** Null when there is nothing of that name; other errors are thrown. */
  statOrNull(path: string): Promise<Stats | null>;
  statfs(path: string): Promise<FileSystemStats>;
  readDir(path: string): Promise<string[]>;
  readLink(path: string): Promise<string>;
  realPath(path: string): Promise<string>;
  /**
   * Makes a folder and its missing parents; fsyncs the parents of what it made. Gives what it made itself, outermost
   * first; when it fails, nothing of that is left.
   */
  makeFolder(path: string): Promise<string[]>;
  /** Removes an empty folder; ENOTEMPTY when there is anything in it. */
  removeFolder(path: string): Promise<void>;
  /** A new file with this content and without a name, for a program that inherits its descriptor: gone when it is closed. */
  nameless(content: string | Uint8Array): Promise<OpenFile>;
  /** A new, empty file without a name on the file system of this folder, to be written and read: its room is free again when it is closed. */
  namelessIn(folder: string): Promise<OpenFile>;
  /** A new folder that only this user can enter (0700), below the station's temporary folder; its path. */
  makePrivateFolder(prefix: string): Promise<string>;
  /** Removes a folder that `makePrivateFolder` made, with everything in it. */
  removePrivateFolder(path: string): Promise<void>;
  link(existing: string, name: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  truncate(path: string, size: number): Promise<void>;
  /** Fsyncs a folder. False where the file system has no such thing (EINVAL); other errors are thrown. */
  syncFolder(path: string): Promise<boolean>;
}

const TEXT_LIMIT = 64 * 1024 * 1024;

const FLAGS: Record<OpenMode, number> = {
  read: constants.O_RDONLY,
  'read-exclusive': constants.O_RDONLY | constants.O_EXCL,
  'read-direct': constants.O_RDONLY | constants.O_DIRECT,
  create: constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL,
  append: constants.O_RDWR | constants.O_APPEND,
  continue: constants.O_RDWR | constants.O_NOFOLLOW,
  'write-direct': constants.O_WRONLY | constants.O_DIRECT,
};

class RealFile implements OpenFile {
  readonly path: string;
  readonly #handle: fs.FileHandle;

  constructor(path: string, handle: fs.FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  get fd(): number {
    return this.#handle.fd;
  }

  async readSome(buffer: Uint8Array, offset: number, length: number, position: number): Promise<number> {
    return (await this.#handle.read(buffer, offset, length, position)).bytesRead;
  }

  async read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<number> {
    let done = 0;
    while (done < length) {
      const bytesRead = await this.readSome(buffer, offset + done, length - done, position + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return done;
  }

  async write(buffer: Uint8Array, offset: number, length: number, position: number | null): Promise<void> {
    let done = 0;
    while (done < length) {
      const at = position === null ? null : position + done;
      const { bytesWritten } = await this.#handle.write(buffer, offset + done, length - done, at);
      if (bytesWritten === 0) throw Object.assign(new Error(`${this.path} takes no more bytes`), { code: 'EIO' });
      done += bytesWritten;
    }
  }

  stat(): Promise<Stats> {
    return this.#handle.stat();
  }
  datasync(): Promise<void> {
    return this.#handle.datasync();
  }
  sync(): Promise<void> {
    return this.#handle.sync();
  }
  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** Nothing but a regular file under one name: what is written there must not show up anywhere else. */
async function requireOwnFile(path: string): Promise<void> {
  const stats = await fs.lstat(path);
  if (!stats.isFile()) throw Object.assign(new Error(`${path} is not a regular file`), { code: 'EINVAL' });
  if (stats.nlink > 1) throw Object.assign(new Error(`${path} has other names too`), { code: 'EMLINK' });
}

/** By a name somebody could put something else there; by a descriptor it is what we opened. */
async function requireHeldFile(path: string): Promise<void> {
  const held = /^\/proc\/self\/fd\/\d+$/.test(path) && (await fs.stat(path)).isFile();
  if (!held) throw Object.assign(new Error(`${path} is no regular file that is held open`), { code: 'EINVAL' });
}

export const systemFiles: Files = {
  async open(path, mode) {
    // Looked at before it is opened: opening a device for writing is a write to whoever watches it.
    if (mode === 'continue') await requireOwnFile(path);
    if (mode === 'write-direct') await requireHeldFile(path);
    return new RealFile(path, await fs.open(path, FLAGS[mode], 0o644));
  },
  async readText(path, limit = TEXT_LIMIT) {
    return (await this.readBytes(path, limit)).toString('utf8');
  },
  async readBytes(path, limit = TEXT_LIMIT) {
    const handle = await fs.open(path, 'r');
    try {
      const parts: Buffer[] = [];
      let total = 0;
      for (;;) {
        const buffer = Buffer.allocUnsafe(65_536);
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
        if (bytesRead === 0) return Buffer.concat(parts);
        total += bytesRead;
        if (total > limit) throw Object.assign(new Error(`${path} is larger than ${limit} bytes`), { code: 'EFBIG' });
        parts.push(buffer.subarray(0, bytesRead));
      }
    } finally {
      await handle.close();
    }
  },
  createFile(path, content) {
    return createWhole(this, path, content);
  },
  replaceFile(path, content) {
    return replaceWhole(this, path, content);
  },
  stat: (path) => fs.stat(path),
  lstat: (path) => fs.lstat(path),
  async statOrNull(path) {
    try {
      return await fs.stat(path);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return null;
      throw error;
    }
  },
  async statfs(path) {
    const { type, bsize, bavail } = await fs.statfs(path);
    return { type, blockSize: bsize, availableBlocks: bavail };
  },
  readDir: (path) => fs.readdir(path),
  readLink: (path) => fs.readlink(path),
  realPath: (path) => fs.realpath(path),
  makeFolder: (path) => makeFolder(path, (above) => systemFiles.syncFolder(above)),
  removeFolder: (path) => fs.rmdir(path),
  async nameless(content) {
    const handle = await openNameless();
    try {
      await handle.writeFile(content);
      return new RealFile('a file without a name', handle);
    } catch (error) {
      await handle.close();
      throw error;
    }
  },
  async namelessIn(folder) {
    return new RealFile(`a file without a name in ${folder}`, await openNamelessIn(folder));
  },
  makePrivateFolder: (prefix) => fs.mkdtemp(join(tmpdir(), prefix)),
  removePrivateFolder: (path) => fs.rm(path, { recursive: true, force: true }),
  link: (existing, name) => fs.link(existing, name),
  rename: (from, to) => fs.rename(from, to),
  unlink: (path) => fs.unlink(path),
  truncate: (path, size) => fs.truncate(path, size),
  async syncFolder(path) {
    const handle = await fs.open(path, 'r');
    try {
      await handle.sync();
      return true;
    } catch (error) {
      if (errnoOf(error) === 'EINVAL') return false;
      throw error;
    } finally {
      await handle.close();
    }
  },
};
