/** One line of /proc/self/mountinfo (proc(5)). */
export interface MountEntry {
  /** `major:minor` of files on it; major 0 where no single block device stands behind it. */
  readonly number: string;
  readonly mountPoint: string;
  readonly fileSystem: string;
  /** `/dev/sdb1`, `server:/export`, or a word of the file system's own; may be empty. */
  readonly source: string;
  /** Read-only for this mount or for the whole file system. */
  readonly readOnly: boolean;
}

/** Every line that has the right shape; the kernel separates by single spaces, so an empty source gives two in a row. */
export function parseMountinfo(text: string): MountEntry[] {
  return text.split('\n').flatMap((line) => parseLine(line) ?? []);
}

function parseLine(line: string): MountEntry | null {
  const fields = line.split(' ');
  const dash = fields.indexOf('-', 6);
  const [, , number, , mountPoint, options] = fields;
  const [fileSystem, source, superOptions] = fields.slice(dash + 1);
  if (dash === -1 || number === undefined || mountPoint === undefined || fileSystem === undefined) return null;
  return {
    number,
    mountPoint: unescapeOctal(mountPoint),
    fileSystem: unescapeOctal(fileSystem),
    source: unescapeOctal(source ?? ''),
    readOnly: [options, superOptions].some((list) => list?.split(',').includes('ro')),
  };
}

/** The kernel writes blank, tab, line break, backslash and `#` as `\040` and so on (mangle_path). */
export function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

/**
 * The mount that holds `path` (absolute, real). Mounts that hide others make the mount point alone a lie, so the
 * device number of the path decides first; then the longest mount point; then the mount that came last.
 */
export function mountHolding<T extends MountEntry>(mounts: readonly T[], path: string, number: string): T | null {
  const above = mounts.filter(({ mountPoint }) => holds(mountPoint, path));
  const same = above.filter((mount) => mount.number === number);
  // A btrfs subvolume has a device number that no mount line shows: then the place alone decides.
  const candidates = same.length > 0 ? same : above;
  return candidates.reduce<T | null>(
    (best, mount) => (best === null || mount.mountPoint.length >= best.mountPoint.length ? mount : best),
    null,
  );
}

function holds(mountPoint: string, path: string): boolean {
  return mountPoint === '/' || path === mountPoint || path.startsWith(`${mountPoint}/`);
}
