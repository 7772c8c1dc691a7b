import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { TEST_EXIT } from '../../src/blocker-test/exit-codes.ts';
import { ANSWERS } from '../../src/blocker-test/answers.ts';
import { reportSchema } from '../../src/blocker-test/report-schema.ts';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { packageRoot } from '../support/root.ts';

const PAGE = readFileSync(join(packageRoot, 'docs/blocker-test.md'), 'utf8');

test('docs/blocker-test.md has every exit code once, in order, and no other', () => {
  const section = /^## Exit codes\n([^]*?)(?=^## )/m.exec(PAGE)?.[1] ?? '';
  const codes = [...section.matchAll(/^\| (\d+) \|/gm)].map((row) => Number(row[1]));
  assert.deepEqual(
    codes,
    Object.values(TEST_EXIT).sort((a, b) => a - b),
  );
});

test('"not blocked" has a code that exhibit uses for nothing', () => {
  assert.equal(new Set(Object.values(TEST_EXIT)).size, Object.keys(TEST_EXIT).length);
  assert.ok(!(Object.values(EXIT) as number[]).includes(TEST_EXIT.notBlocked));
});

test('docs/blocker-test.md explains every result and every answer', () => {
  for (const word of [...ANSWERS, ...reportSchema.shape.result.options])
    assert.match(PAGE, new RegExp(`^\\| \`${word}\` \\|`, 'm'), word);
});
