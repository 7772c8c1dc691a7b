import { constants, type Stats } from 'node:fs';
import { bug } from '../model/errors.ts';
import type { Files, OpenFile } from '../system/files.ts';
import type { FileAgent } from './file-agent.ts';

const TEXT_LIMIT = 64 * 1024 * 1024;

/**
 * The other machine's files, to be looked at. `open` only tries whether something can be opened for reading; whatever
 * would write is a bug here.
 */
export function remoteFiles(agent: FileAgent): Files {
  const never = (what: string) => (): never => {
    throw bug(`${what} on another machine`);
  };
  const bytes = async (path: string, limit = TEXT_LIMIT): Promise<Buffer> => {
    const content = await agent.ask('read', path);
    if (content.length <= limit) return content;
    throw Object.assign(new Error(`${path} has ${content.length} bytes, more than ${limit}`), { code: 'EFBIG' });
  };
  const stat = async (path: string): Promise<Stats> => statsOf((await agent.ask('stat', path)).toString());
  return {
    readBytes: bytes,
    readText: async (path, limit) => (await bytes(path, limit)).toString('utf8'),
    readDir: async (path) => lines((await agent.ask('list', path)).toString('utf8')),
    readLink: async (path) => firstLine(await agent.ask('link', path)),
    realPath: async (path) => firstLine(await agent.ask('real', path)),
    stat,
    lstat: async (path) => statsOf((await agent.ask('lstat', path)).toString()),
    statOrNull: (path) =>
      stat(path).catch((error: unknown) => {
        if ((error as { code?: unknown }).code === 'ENOENT') return null;
        throw error;
      }),
    open: async (path, mode) => {
      if (!mode.startsWith('read')) throw bug(`opening a file of another machine to ${mode}`);
      await agent.ask('open', path);
      return onlyTried(path);
    },
    statfs: never('statfs'),
    createFile: never('createFile'),
    replaceFile: never('replaceFile'),
    makeFolder: never('makeFolder'),
    removeFolder: never('removeFolder'),
    nameless: never('nameless'),
    namelessIn: never('namelessIn'),
    makePrivateFolder: never('makePrivateFolder'),
    removePrivateFolder: never('removePrivateFolder'),
    link: never('link'),
    rename: never('rename'),
    unlink: never('unlink'),
    truncate: never('truncate'),
    syncFolder: never('syncFolder'),
  };
}

function onlyTried(path: string): OpenFile {
  const never = (): never => {
    throw bug('reading a file of another machine by a descriptor');
  };
  const nothing = { read: never, readSome: never, write: never, stat: never, datasync: never, sync: never };
  return { fd: -1, path, ...nothing, close: () => Promise.resolve() };
}

function lines(text: string): string[] {
  return text.split('\n').filter((name) => name !== '');
}

function firstLine(bytes: Buffer): string {
  return bytes.toString('utf8').replace(/\n$/, '');
}

/**
 * What `stat -c %f:%d:%i:%t:%T:%s:%Y` prints: mode in hex, device, inode, major and minor in hex, size, seconds. Only what
 * can be told by that is there.
 */
function statsOf(text: string): Stats {
  const [mode = '', dev = '', ino = '', major = '', minor = '', size = '', seconds = ''] = text.trim().split(':');
  const [bits, changed] = [Number.parseInt(mode, 16), Number(seconds) * 1000];
  if (Number.isNaN(bits) || seconds === '') throw new Error(`stat printed "${text.trim()}"`);
  const is = (type: number) => (): boolean => (bits & constants.S_IFMT) === type;
  const told = {
    mode: bits,
    dev: Number(dev),
    ino: Number(ino),
    rdev: rdevOf(Number.parseInt(major, 16), Number.parseInt(minor, 16)),
    size: Number(size),
    mtimeMs: changed,
    mtime: new Date(changed),
    isFile: is(constants.S_IFREG),
    isDirectory: is(constants.S_IFDIR),
    isBlockDevice: is(constants.S_IFBLK),
    isCharacterDevice: is(constants.S_IFCHR),
    isSymbolicLink: is(constants.S_IFLNK),
    isFIFO: is(constants.S_IFIFO),
    isSocket: is(constants.S_IFSOCK),
  };
  return told as unknown as Stats;
}

/** As Linux packs a device's number into a `dev_t` (glibc, sysmacros.h). */
function rdevOf(major: number, minor: number): number {
  const low = BigInt(((major & 0xfff) << 8) | (minor & 0xff));
  const high = (BigInt(minor & ~0xff) << 12n) | (BigInt(major & ~0xfff) << 32n);
  return Number(low | high);
}
