// Runs the compiled tests by name: `node --test FOLDER` would also run the helpers beside them.
// Usage: node scripts/run-tests.mjs [part of a path …]
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

/** Two emulated machines with limits of their own: nothing runs beside them. */
const ALONE = 'test/bench/bench';
/** What takes longest, first: started last it would be waited for alone. */
const FIRST = [
  'test/real/resume-killed',
  'test/real/power-cut',
  'test/real/killed',
  // Links that are silent for seconds.
  'test/remote/acquire-',
  'test/remote/silent-',
  'test/remote/read-ahead-lost',
  'test/acquire/closing',
  'test/verify/tamper',
  'test/real/',
];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const wanted = process.argv.slice(2);
process.chdir(root);

const files = sources(join(root, 'test'))
  .map((file) => relative(root, file))
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .sort()
  .sort((a, b) => turn(a) - turn(b))
  .map((file) => join('dist', file.replace(/\.ts$/, '.js')));

if (files.length === 0) {
  console.error(`No test file matches: ${wanted.join(' ')}`);
  process.exit(1);
}
// Three at least: many a test waits for a program, a disk, a link or a clock. Node's own choice on two cores is one.
const concurrency = Math.max(3, availableParallelism() - 1);
const isAlone = (file) => file.includes(ALONE);
const totals = { pass: 0, fail: 0, cancelled: 0, skipped: 0 };
await runFiles(files.filter(isAlone), 1);
await runFiles(
  files.filter((file) => !isAlone(file)),
  concurrency,
);
if (totals.skipped > 0) console.log(`${totals.skipped} skipped`);
console.log(`${totals.pass} passed, ${totals.fail + totals.cancelled} failed`);

async function runFiles(files, concurrency) {
  if (files.length === 0) return;
  const results = run({ files, concurrency })
    .on('test:fail', ({ todo }) => {
      if (todo === undefined || todo === false) process.exitCode = 1;
    })
    .on('test:diagnostic', ({ message, nesting }) => {
      const [, what, count] = /^(pass|fail|cancelled|skipped) (\d+)$/.exec(message) ?? [];
      if (nesting === 0 && what !== undefined) totals[what] += Number(count);
    })
    .compose(new spec());
  for await (const text of results) process.stdout.write(text);
}

function turn(file) {
  const place = FIRST.findIndex((start) => file.startsWith(start));
  return place === -1 ? FIRST.length : place;
}

function sources(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}
