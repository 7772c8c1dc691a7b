import type { CommandResult } from '../system/run-command.ts';

/**
 * What came back for an attempt.
 * - `accepted`: no error was told. Whether anything changed is another matter.
 * - `refused-by-device`: it reached the device (or its driver), and that said no.
 * - `refused-by-kernel`: this host's own policy (a read-only flag, a mode of opening); the device saw nothing.
 * - `failed`: an error that says nothing of write protection: not ready, a unit attention, a medium or hardware error.
 * - `no-answer`: it did not come back in time.
 * - `not-carried-out`: there is no such operation here, or the tool is missing.
 */
export const ANSWERS = [
  'accepted',
  'refused-by-device',
  'refused-by-kernel',
  'failed',
  'no-answer',
  'not-carried-out',
] as const;
export type AnswerKind = (typeof ANSWERS)[number];

export interface Answer {
  readonly kind: AnswerKind;
  readonly errno: string | null;
  /** SCSI sense data, as sg_raw words it: `Data Protect`, `Write protected`. */
  readonly sense: { readonly key: string; readonly additional: string } | null;
  readonly exit: number | null;
  /** The tool's own words. */
  readonly said: string;
}

const POLICY = ['EPERM', 'EROFS', 'EACCES'];
const NO_SUCH_OPERATION = ['EOPNOTSUPP', 'ENOTTY', 'EINVAL', 'ENOSYS'];
/** A failed command (the driver gives most of them as EIO), and one that the target itself refused. */
const REFUSED = ['EIO', 'EREMOTEIO', 'ENOSPC'];
const GONE = ['ENODEV', 'ENXIO', 'ENOMEDIUM', 'ENOENT', 'EBUSY', 'ENOMEM'];

/** strerror(3) of the C locale. */
const WORDS: Readonly<Record<string, string>> = {
  'Operation not permitted': 'EPERM',
  'Read-only file system': 'EROFS',
  'Permission denied': 'EACCES',
  'Operation not supported': 'EOPNOTSUPP',
  'Inappropriate ioctl for device': 'ENOTTY',
  'Invalid argument': 'EINVAL',
  'Function not implemented': 'ENOSYS',
  'Input/output error': 'EIO',
  'Remote I/O error': 'EREMOTEIO',
  'No such device': 'ENODEV',
  'No such device or address': 'ENXIO',
  'No medium found': 'ENOMEDIUM',
  'No such file or directory': 'ENOENT',
  'Device or resource busy': 'EBUSY',
  'Cannot allocate memory': 'ENOMEM',
};

/** A tool that goes through the kernel's block layer: `dd`, `blkdiscard`. */
export function ofBlockTool(result: CommandResult): Answer {
  const early = noResult(result);
  if (early !== null) return early;
  const said = wordsOf(result);
  if (result.exit === 0) return { kind: 'accepted', errno: null, sense: null, exit: 0, said };
  const errno = errnoIn(result.stderr);
  const kind = errno === null ? 'not-carried-out' : kindOfErrno(errno);
  return { kind, errno, sense: null, exit: result.exit, said };
}

/** `sg_raw` (sg3-utils): its exit status tells the class of the sense data, its words tell the sense data. */
export function ofSgRaw(result: CommandResult): Answer {
  const early = noResult(result);
  if (early !== null) return early;
  const said = wordsOf(result);
  const sense = senseIn(result.stderr);
  const errno = errnoIn(result.stderr);
  const common = { errno, sense, exit: result.exit, said };
  if (result.exit === 0) return { ...common, kind: /^SCSI Status: Good/m.test(said) ? 'accepted' : 'failed' };
  // Words and status must agree: neither alone is believed.
  const status = result.exit === null ? undefined : REFUSALS[result.exit];
  if (status !== undefined && status === sense?.key) return { ...common, kind: 'refused-by-device' };
  if (sense !== null || /^SCSI Status:/m.test(said)) return { ...common, kind: 'failed' };
  if (result.exit === SG_TIMED_OUT) return { ...common, kind: 'no-answer' };
  return { ...common, kind: 'not-carried-out' };
}

/** Exit status of sg3-utils for sense keys that refuse a command (sg3_utils(8), EXIT STATUS). */
const REFUSALS: Readonly<Record<number, string>> = {
  5: 'Illegal Request',
  7: 'Data Protect',
  9: 'Illegal Request',
  11: 'Aborted Command',
  17: 'Illegal Request',
};
const SG_TIMED_OUT = 33;

export function notCarriedOut(why: string): Answer {
  return { kind: 'not-carried-out', errno: null, sense: null, exit: null, said: why };
}

function noAnswer(why: string): Answer {
  return { kind: 'no-answer', errno: null, sense: null, exit: null, said: why };
}

function noResult(result: CommandResult): Answer | null {
  const tool = result.argv[0] ?? '';
  if (result.failure === 'missing') return notCarriedOut(`${tool} is not installed`);
  if (result.failure === 'timeout') return noAnswer(`${tool} did not come back in time`);
  if (result.failure !== null || result.signal !== null) {
    return noAnswer(`${tool} was ended: ${result.failure ?? result.signal ?? ''}`);
  }
  return null;
}

function kindOfErrno(errno: string | null): AnswerKind {
  if (errno === null) return 'accepted';
  if (POLICY.includes(errno)) return 'refused-by-kernel';
  if (NO_SUCH_OPERATION.includes(errno) || GONE.includes(errno)) return 'not-carried-out';
  return REFUSED.includes(errno) ? 'refused-by-device' : 'failed';
}

/** The reason at the end of a tool's message: `…: Operation not permitted`. */
function errnoIn(stderr: string): string | null {
  const ends = stderr.split('\n').map((line) => line.slice(line.lastIndexOf(': ') + 2).trim());
  return ends.map((end) => WORDS[end]).find((errno) => errno !== undefined) ?? null;
}

function senseIn(stderr: string): Answer['sense'] {
  const key = /Sense key: ([^,\n]+)$/m.exec(stderr)?.[1]?.trim();
  const additional = /^ ?Additional sense: ([^\n]+)$/m.exec(stderr)?.[1]?.trim() ?? '';
  return key === undefined ? null : { key, additional };
}

function wordsOf(result: CommandResult): string {
  return `${result.stderr}\n${result.stdout}`
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n')
    .toWellFormed()
    .slice(0, 2000);
}
