/**
 * The kernel's words in the language C: glibc's, musl's, and those of shells. Among them is all that its block layer says of a
 * place or a device (blk-core.c); a lack of memory is none of it, and ends the program as any other words do.
 */
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
  [/(Connection|Operation) timed out/, 'ETIMEDOUT'],
  [/Timer expired|Device timeout/, 'ETIME'],
  [/Invalid or incomplete multibyte or wide character|Illegal byte sequence/, 'EILSEQ'],
  [/Cannot send after (transport endpoint|socket) shutdown/, 'ESHUTDOWN'],
  [/Bad file descriptor/, 'EBADF'],
  [/File too large/, 'EFBIG'],
];

/** The errno that a complaint is about; null: none that is known. */
export function errnoIn(complaint: string): string | null {
  const remote = /Remote I\/O error/.test(complaint);
  return remote ? 'EREMOTEIO' : (WORDS.find(([pattern]) => pattern.test(complaint))?.[1] ?? null);
}
