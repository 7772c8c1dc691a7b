// Runs the compiled tests by name: `node --test FOLDER` would also run the helpers beside them.
// Usage: node scripts/run-tests.mjs [part of a path …]; or --long alone: what a run of all leaves out
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

/** Emulated machines with limits of their own: nothing runs beside them. */
const ALONE = ['test/bench/bench', 'test/bench/live-box'];
/** What takes longest, first: started last it would be waited for alone. */
const FIRST = [
  'test/real/resume-killed',
  'test/real/power-cut',
  'test/real/killed',
  // Links that are silent for seconds.
  'test/remote/silent-',
  'test/acquire/closing',
  'test/verify/tamper',
  'test/real/',
];

/** What goes through many variants at length, and would keep the gate from its minutes: only by name, or by --long (docs/decisions/0017). */
const LONG = [
  'test/acquire/adopt-reread',
  'test/acquire/closing-cut-off',
  'test/acquire/resume-closing',
  'test/bench/live-box',
  'test/cli/bad-disk-shown',
  'test/cli/remote-acquire',
  'test/listen/acquire-fatal',
  'test/listen/acquire-programs',
  'test/listen/variants',
  'test/real/seal-found',
  'test/real/seal-full',
  'test/remote/acquire-damage',
  'test/remote/acquire-elsewhere',
  'test/remote/acquire-links',
  'test/remote/destinations',
  'test/remote/frozen',
  'test/remote/kinds',
  'test/remote/logins',
  'test/remote/openssh',
  'test/remote/packed',
  'test/remote/read-ahead-lost',
  'test/remote/unlocked',
];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const asked = process.argv.slice(2);
const isLong = asked.includes('--long');
if (isLong && asked.length > 1) stop('--long stands alone: a test file is run by its name, also one that takes long.');
const wanted = isLong ? LONG : asked;
process.chdir(root);
// Where a station sets it, each start of a Node reads some hundred certificates, 70 ms [measured]; there are thousands here.
delete process.env.NODE_EXTRA_CA_CERTS;

const all = sources(join(root, 'test')).map((file) => relative(root, file));
// What was renamed would be back in the gate, and nobody would see it.
const stale = LONG.filter((part) => !all.some((file) => isAmong([part], file)));
if (stale.length > 0) stop(`LONG names what is no test file: ${stale.join(' ')}`);
const files = all
  .filter((file) => (wanted.length === 0 ? !isAmong(LONG, file) : isAmong(wanted, file)))
  .sort()
  .sort((a, b) => turn(a) - turn(b))
  .map((file) => join('dist', file.replace(/\.ts$/, '.js')));

if (files.length === 0) stop(`No test file matches: ${wanted.join(' ')}`);
// Two at least: many a test waits for a program, a disk, a link or a clock. Node's own choice on two cores is one.
const concurrency = Math.max(2, availableParallelism() - 1);
const isAlone = (file) => isAmong(ALONE, file);
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

function stop(why) {
  console.error(why);
  process.exit(1);
}

function isAmong(parts, file) {
  return parts.some((part) => file.includes(part));
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
