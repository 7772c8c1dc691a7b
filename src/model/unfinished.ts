import { errnoOf } from './errors.ts';

/**
 * Appended to the name of a file that is written whole, until it is on disk and gets its name. What still bears it was
 * left by an attempt that was cut off: it is no evidence, whatever it holds.
 */
export const UNFINISHED = '.new';

/** Answers of file systems without hard links (vfat, exFAT, some network ones). */
const NO_LINKS = new Set(['EPERM', 'EOPNOTSUPP', 'ENOTSUP', 'ENOSYS', 'EMLINK']);

/** Whether a failed `link(2)` says that the file system has no hard links, not that the name is taken or the disk fails. */
export function lacksLinks(error: unknown): boolean {
  return NO_LINKS.has(errnoOf(error) ?? '');
}
