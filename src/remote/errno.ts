/** The kernel's words in the language C: glibc's, musl's, and those of shells. */
const WORDS: readonly [RegExp, string][] = [
  [/No such file/, 'ENOENT'],
  [/Permission denied/, 'EACCES'],
  [/Not a directory/, 'ENOTDIR'],
  [/Is a directory/, 'EISDIR'],
  [/No such device or address/, 'ENXIO'],
  [/No such device/, 'ENODEV'],
  [/No medium found/, 'ENOMEDIUM'],
  [/Operation not permitted/, 'EPERM'],
  [/Too many levels of symbolic links|Symbolic link loop/, 'ELOOP'],
  [/Input\/output error|I\/O error/, 'EIO'],
  [/Invalid argument/, 'EINVAL'],
  [/No data available/, 'ENODATA'],
  [/Invalid exchange/, 'EBADE'],
  [/Link has been severed/, 'ENOLINK'],
  [/Connection timed out/, 'ETIMEDOUT'],
  [/File too large/, 'EFBIG'],
];

/** The errno that a complaint is about; null: none that is known. */
export function errnoIn(complaint: string): string | null {
  const remote = /Remote I\/O error/.test(complaint);
  return remote ? 'EREMOTEIO' : (WORDS.find(([pattern]) => pattern.test(complaint))?.[1] ?? null);
}
