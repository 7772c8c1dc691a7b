import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { packageRoot } from './support/root.ts';

const PAGES = ['README.md', ...pagesBelow('docs')];

test('links between documents, and to pictures, lead somewhere', () => {
  for (const page of PAGES) {
    for (const [, target = ''] of read(page).matchAll(/\]\(([^)\s#]+)[^)]*\)/g)) {
      if (/^https?:/.test(target)) continue;
      assert.ok(existsSync(join(packageRoot, dirname(page), target)), `${page} links to ${target}`);
    }
  }
});

test('files of the program that documents name are there', () => {
  for (const page of PAGES) {
    for (const [, path = ''] of read(page).matchAll(/`((?:src|test|scripts|profiles|hardware|docs)\/[\w./-]*)`/g)) {
      assert.ok(existsSync(join(packageRoot, path)), `${page} names ${path}`);
    }
  }
});

test('options that documents name are options of the program', () => {
  const program = ['run', 'program-acquire', 'program-resume', 'program-devices', 'program-hardware']
    .map((name) => read(`src/cli/${name}.ts`))
    .join('\n');
  for (const page of [
    'README.md',
    'docs/write-blocking.md',
    'docs/adding-hardware.md',
    'docs/validation.md',
    'docs/threat-model.md',
    'docs/scripting.md',
    'docs/recovery.md',
    'docs/glossary.md',
  ]) {
    assertOptions(page, program);
  }
  assertOptions('docs/blocker-test.md', read('src/blocker-test/program.ts'));
});

function assertOptions(page: string, program: string): void {
  for (const [, option = ''] of read(page).matchAll(/`(--[a-z][a-z-]+)/g)) {
    // blockdev's and npm's own.
    if (['--setro', '--getro', '--help'].includes(option)) continue;
    // The second name of an option stands behind its first.
    const named = [`'${option}`, `, ${option} `].some((words) => program.includes(words));
    assert.ok(named, `${page} names ${option}`);
  }
}

function pagesBelow(folder: string): string[] {
  return readdirSync(join(packageRoot, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));
}

function read(path: string): string {
  return readFileSync(join(packageRoot, path), 'utf8');
}
