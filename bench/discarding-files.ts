import { systemFiles, type Files, type OpenFile } from '../src/system/files.ts';

/** Blocks of whatever size: more than anybody asks for. */
const PLENTY = 2 ** 40;

/** The real files, but that an image gets its length and none of its bytes, and that there is room for any. */
export const discardingFiles: Files = {
  ...systemFiles,
  open: async (path, mode) => {
    // The image once more, past the cache: it would be the real one.
    if (mode === 'write-direct') throw Object.assign(new Error('nothing is written'), { code: 'EINVAL' });
    const file = await systemFiles.open(path, mode);
    return mode === 'create' && path.endsWith('.dd.partial') ? lengthOnly(file) : file;
  },
  statfs: async (path) => ({ ...(await systemFiles.statfs(path)), availableBlocks: PLENTY }),
};

function lengthOnly(file: OpenFile): OpenFile {
  let [length, told] = [0, 0];
  const tell = async (): Promise<void> => {
    if (told === length) return;
    told = length;
    await systemFiles.truncate(file.path, length);
  };
  return {
    fd: file.fd,
    path: file.path,
    read: (...order) => file.read(...order),
    readSome: (...order) => file.readSome(...order),
    write: (_bytes, _offset, size, position) => {
      length = Math.max(length, (position ?? length) + size);
      return Promise.resolve();
    },
    stat: () => file.stat(),
    datasync: tell,
    sync: tell,
    close: async () => {
      await tell();
      await file.close();
    },
  };
}
