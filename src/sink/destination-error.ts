import { errnoOf, ExhibitError } from '../model/errors.ts';
import { visible } from '../model/text.ts';

/** What a failed write to the destination means to a person. Fault `destination` in every case. */
export function destinationError(path: string, cause: unknown): ExhibitError {
  if (cause instanceof ExhibitError) return cause;
  const errno = errnoOf(cause) ?? 'unknown error';
  const where = visible(path);
  switch (errno) {
    case 'ENOSPC':
    case 'EDQUOT':
      return fault(
        'destination.full',
        `The destination is full: ${where}`,
        'What was written stays as .partial. Make room, then go on: exhibit resume DIR',
        cause,
      );
    case 'EFBIG':
      return fault(
        'destination.file-limit',
        `The destination's file system takes no larger file: ${where}`,
        'Choose --format split, or another file system.',
        cause,
      );
    case 'EEXIST':
      return fault(
        'destination.exists',
        `There already is ${where}; nothing is ever overwritten.`,
        'Choose another evidence id, or another --to folder.',
        cause,
      );
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return fault(
        'destination.read-only',
        `The destination can't be written to (${errno}): ${where}`,
        'Check the mount and the permissions of the folder.',
        cause,
      );
    default:
      return fault(
        'destination.failed',
        `Writing to the destination failed (${errno}): ${where}`,
        'Check the destination disk (dmesg, cable, space). What was written stays as .partial; then go on: exhibit resume DIR',
        cause,
      );
  }
}

function fault(code: string, message: string, hint: string, cause: unknown): ExhibitError {
  return new ExhibitError('destination', code, message, { hint, cause });
}
