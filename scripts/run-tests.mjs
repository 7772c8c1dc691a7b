// Runs the compiled tests by name: `node --test FOLDER` would also run the helpers beside them.
// Usage: node scripts/run-tests.mjs [part of a path …]
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const wanted = process.argv.slice(2);

const files = sources(join(root, 'test'))
  .map((file) => relative(root, file))
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .sort()
  .map((file) => join('dist', file.replace(/\.ts$/, '.js')));

if (files.length === 0) {
  console.error(`No test file matches: ${wanted.join(' ')}`);
  process.exit(1);
}
const done = spawnSync(process.execPath, ['--test', '--test-reporter=spec', ...files], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
});
process.exit(done.status ?? 1);

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}
