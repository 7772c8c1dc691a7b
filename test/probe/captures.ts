import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Answer } from '../../src/probe/ask.ts';
import { packageRoot } from '../support/root.ts';

const FOLDER = join(packageRoot, 'test/probe/fixtures');

export const CAPTURES = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.txt'))
  .map((name) => name.slice(0, -4));

/** What a tool said, from a file of `fixtures/`. */
export function capture(name: string): Answer {
  const text = readFileSync(join(FOLDER, `${name}.txt`), 'utf8');
  const match = /^\$ .*\nexit (\d+)\n--- stdout\n([^]*)^--- stderr\n([^]*)$/m.exec(text);
  if (match === null) throw new Error(`${name} is no capture`);
  return { exit: Number(match[1]), stdout: match[2]!, stderr: match[3]!, why: null, missing: false };
}

/** An answer of the test's own. */
export function said(stdout: string, exit = 0, stderr = ''): Answer {
  return { exit, stdout, stderr, why: null, missing: false };
}

/** No answer, with this reason. */
export function silence(why: string): Answer {
  return { exit: null, stdout: '', stderr: '', why, missing: false };
}
