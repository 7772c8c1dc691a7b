import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import type { Ports } from '../../src/system/ports.ts';
import { exhibit, type Desk, type Ended, type RunOptions } from '../support/exhibit.ts';
import { exhibitHere, type EndedHere } from '../support/in-process.ts';

/** What a command line must do: exit code, what is said where, what must not be there afterwards. */
export interface Expected extends RunOptions {
  readonly exit: number;
  /** Standard error, all of them. */
  readonly says?: readonly RegExp[];
  /** Standard error, none of them. */
  readonly neverSays?: readonly RegExp[];
  /** Standard output, all of them; without it standard output must be empty. */
  readonly prints?: readonly RegExp[];
}

/** Nothing of a process: there is none. */
type ExpectedHere = Omit<Expected, keyof RunOptions>;

/** Runs a command line and holds it against what was expected. */
export async function transcript(argv: readonly string[], expected: Expected): Promise<Ended> {
  const ended = await exhibit(argv, expected);
  judge(argv, ended, expected);
  return ended;
}

/** As {@link transcript}, in the test's own process: for the steps that are not what the test is about. */
export async function transcriptHere(
  argv: readonly string[],
  expected: ExpectedHere,
  ports?: Ports,
): Promise<EndedHere> {
  const ended = await exhibitHere(argv, ports);
  judge(argv, ended, expected);
  return ended;
}

/** Holds a run against what was expected. */
export function judge(argv: readonly string[], ended: EndedHere, expected: Expected): void {
  const shown = `$ exhibit ${argv.join(' ')}\n${ended.stdout}${ended.stderr}`;
  assert.equal(ended.code, expected.exit, shown);
  for (const pattern of expected.says ?? []) assert.match(ended.stderr, pattern, shown);
  for (const pattern of expected.neverSays ?? []) assert.doesNotMatch(ended.stderr, pattern, shown);
  for (const pattern of expected.prints ?? []) assert.match(ended.stdout, pattern, shown);
  if (expected.prints === undefined) assert.equal(ended.stdout, '', shown);
  // Nothing that a terminal would obey, whatever the input was: only line ends and visible text.
  // eslint-disable-next-line no-control-regex -- control characters are what this looks for
  assert.doesNotMatch(ended.stdout + ended.stderr, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/, shown);
  // An unexpected error shows its stack: nothing that is expected may.
  assert.doesNotMatch(ended.stderr, /^\s+at .*\.js:\d+/m, shown);
}

/** As {@link transcript}, for what is refused: the destination is as empty as before. */
export async function refused(desk: Desk, argv: readonly string[], expected: Expected): Promise<Ended> {
  const ended = await transcript(argv, expected);
  assert.deepEqual(readdirSync(desk.to), [], `${argv.join(' ')} left something behind`);
  return ended;
}

/** As {@link refused}, in the test's own process. */
export async function refusedHere(
  desk: Desk,
  argv: readonly string[],
  expected: ExpectedHere,
  ports?: Ports,
): Promise<EndedHere> {
  const ended = await transcriptHere(argv, expected, ports);
  assert.deepEqual(readdirSync(desk.to), [], `${argv.join(' ')} left something behind`);
  return ended;
}
