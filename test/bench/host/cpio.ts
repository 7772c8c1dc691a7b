/** One entry of an initramfs. Folders above it are made without being asked for. */
export interface CpioFile {
  /** Without a leading slash. */
  readonly path: string;
  readonly data: Uint8Array;
  readonly executable?: boolean;
}

const FOLDER = 0o040755;
const FILE = 0o100644;
const PROGRAM = 0o100755;

/**
 * An archive in cpio's "newc" form, as the kernel unpacks it into its first root
 * (Documentation/driver-api/early-userspace/buffer-format.rst). Not compressed: an emulated processor unpacks slowly.
 */
export function cpio(files: readonly CpioFile[]): Buffer {
  const folders = new Set(files.flatMap(({ path }) => foldersAbove(path)));
  return Buffer.concat([
    ...[...folders].flatMap((path) => entry(path, FOLDER, new Uint8Array())),
    ...files.flatMap(({ path, data, executable }) => entry(path, executable === true ? PROGRAM : FILE, data)),
    ...entry('TRAILER!!!', 0, new Uint8Array()),
  ]);
}

function foldersAbove(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** Links are counted as one, numbers of devices as none; times stay zero. */
function entry(path: string, mode: number, data: Uint8Array): Uint8Array[] {
  const name = Buffer.from(`${path}\0`);
  const fields = [0, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, name.length, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return [Buffer.from(header), name, padding(header.length + name.length), data, padding(data.length)];
}

function padding(length: number): Uint8Array {
  return new Uint8Array((4 - (length % 4)) % 4);
}
