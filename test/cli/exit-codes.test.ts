import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { packageRoot } from '../support/root.ts';

const CODES: readonly number[] = Object.values(EXIT).sort((a, b) => a - b);

test('docs/scripting.md has every exit code once, in order, and no other', () => {
  assert.deepEqual(documentedCodes('docs/scripting.md'), CODES);
});

test('README.md names only exit codes that there are', () => {
  const named = documentedCodes('README.md');
  assert.ok(named.length > 5);
  assert.deepEqual(
    named.filter((code) => !CODES.includes(code)),
    [],
  );
});

test('no two outcomes share an exit code', () => {
  assert.equal(new Set(CODES).size, CODES.length);
});

/** The first column of the table under "Exit codes"; a cell may hold several. */
function documentedCodes(path: string): number[] {
  const text = readFileSync(join(packageRoot, path), 'utf8');
  const section = /^## Exit codes\n([^]*?)(?=^## )/m.exec(text)?.[1] ?? '';
  return [...section.matchAll(/^\| (\d+(?:, \d+)*) \|/gm)].flatMap((row) => row[1]!.split(', ').map(Number));
}
