import { known, unknown, type Fact } from '../model/device.ts';
import type { RemoteClock } from '../model/remote.ts';
import { ABC } from './python-program.ts';
import { parseTold } from './reader-answer.ts';
import { howItEnded, type RemoteResult } from './shell.ts';

/** The first line of what a command printed; unknown with the reason where it failed or printed nothing. */
export function lineOf(result: RemoteResult): Fact<string> {
  const line = result.stdout.toString('utf8').split('\n', 1)[0]?.trim().toWellFormed() ?? '';
  if (result.exit === 0 && line !== '') return known(line);
  return unknown(`${command(result)}: ${result.exit === 0 ? 'it printed nothing' : howItEnded(result)}`);
}

export function numberOf(result: RemoteResult): Fact<number> {
  const line = lineOf(result);
  if (!line.known) return line;
  return /^\d{1,15}$/.test(line.value)
    ? known(Number(line.value))
    : unknown(`${command(result)} printed "${line.value}"`);
}

/** What was asked, without what is always there. */
function command({ argv }: RemoteResult): string {
  return argv.join(' ');
}

export const DATE = ['date', '-u', '+%s.%N'];

/** `date -u +%s.%N`; a date without fractions prints the letters. */
export function clockOf(result: RemoteResult, ours: { before: number; after: number }): Fact<RemoteClock> {
  const line = lineOf(result);
  if (!line.known) return line;
  const [, seconds = '', fraction] = /^(\d{9,11})(?:\.(\d{9}))?(?!\d)/.exec(line.value) ?? [];
  if (seconds === '') return unknown(`${command(result)} printed "${line.value}"`);
  const theirs = Number(seconds) * 1000 + Math.floor(Number(fraction ?? '0') / 1e6);
  const roundTrip = ours.after - ours.before;
  const middle = Math.round(ours.before + roundTrip / 2);
  return known({ theirs, ours: middle, offset: theirs - middle, roundTrip, step: fraction === undefined ? 1000 : 1 });
}

/** Ten digits through dd: five of them by bytes, with blocks that the pipe hands over in parts. */
export const TRY_BYTES =
  "printf '<'; { printf 012; printf 3456789; } | dd bs=4 skip=3 count=5 iflag=skip_bytes,count_bytes,fullblock 2>/dev/null; printf '>'";
export const BYTES_GIVEN = '<34567>';

/** tee opens the pipe that is its own standard output a second time. */
export const TRY_DEV_FD = '{ printf "<dev-fd>" | tee /dev/fd/3 | cat >/dev/null; } 3>&1';
export const DEV_FD_GIVEN = '<dev-fd>';

/** The hash of three letters, as it will be asked for. */
export const TRY_HASH: Readonly<Record<'sha256sum' | 'openssl', string>> = {
  sha256sum: 'printf abc | sha256sum 2>/dev/null',
  openssl: 'printf abc | openssl dgst -sha256 2>/dev/null',
};

/** Whether an attempt gave what it should, whatever else was printed meanwhile; unknown: it could not be made. */
export function gives(result: RemoteResult, expected: string): Fact<boolean> {
  if (result.failure !== null) return unknown(howItEnded(result));
  return known(result.stdout.toString('latin1').includes(expected));
}

/** Whether a hash came in a form that is understood, and is right. */
export function hashes(result: RemoteResult): boolean {
  return parseTold(result.stdout.toString('latin1').split('\n'), 1).sha256 === ABC;
}
