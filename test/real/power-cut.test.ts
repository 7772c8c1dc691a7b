import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { systemFiles, type Files } from '../../src/system/files.ts';
import { badDisk, type BadDisk } from '../support/bad-disk.ts';
import { recordsOf, requirePromises, requireWhole, truthOf, type Truth } from '../support/cut-off.ts';
import { newDesk, type Desk } from '../support/exhibit.ts';
import { exhibitHere, type EndedHere } from '../support/in-process.ts';
import { diskBytes } from '../support/loop.ts';
import { fileWith, testPorts } from '../support/ports.ts';
import { cutDisk, type Cut, type CutDisk } from '../support/power-cut.ts';

const MIB = 1_048_576;
/** Its last piece is no whole one. */
const SIZE = 16 * MIB - 5 * 512;
/** Bytes a second: several checkpoints fall into a reading. */
const SLOW = 4 * MIB;
const FAST = 2000 * MIB;
const BAD = [
  { start: 3 * MIB + 512, end: 3 * MIB + 1024 },
  { start: 12 * MIB - 512, end: 12 * MIB + 512 },
];
const COMMON = ['--block-size', '1M', '--piece-size', '4M', '--no-probe'];
const SPLIT = ['--format', 'split', '--segment-size', '6M'];
const RUNS: readonly (readonly [string, readonly string[]])[] = [
  ['wasm', ['--hash-engine', 'wasm', '--hash', 'md5,sha256']],
  ['native, split, direct', [...SPLIT, '--reader', 'direct']],
  ['rescue, wasm', ['--profile', 'rescue', '--hash-engine', 'wasm']],
  ['rescue, native, split', ['--profile', 'rescue', ...SPLIT]],
];
/** Power cuts in each run. */
const ALL = process.env['CRASH'] === 'all';
/** Of each kind of run. `npm run test:crash` makes fifty in all, `npm test` what it has minutes for. */
const CUTS = ALL ? 10 : 2;

describe('power cuts', { concurrency: 2, timeout: 600_000 }, () => {
  // In `npm test` one run out of order; the cuts in a resume, below, are of one in order.
  for (const [run, options] of ALL ? RUNS : RUNS.slice(-1)) {
    test(`${CUTS} of them (${run}): no promise is broken, and resume makes what an uninterrupted run makes`, async (t) => {
      const bench = await newBench(t);
      if (bench === null) return;
      const { destination, disk, desk } = bench;
      const argv = desk.acquire(disk.node, ...COMMON, ...options, '--to', destination.folder);
      await judgeAll(bench, await cutWhile(bench, destination, argv, CUTS));
    });
  }

  test(`${CUTS} of them in the middle of a resume: the same`, async (t) => {
    const bench = await newBench(t);
    if (bench === null) return;
    const { destination, disk, desk } = bench;
    const begun = await cutWhile(bench, destination, desk.acquire(disk.node, ...COMMON, '--to', destination.folder), 3);
    const [, first] = begun;
    assert.ok(first !== undefined);
    const cuts = await first.inserted((again) =>
      cutWhile(bench, again, ['resume', folderOn(again), '--key', desk.key], CUTS),
    );
    await judgeAll(bench, cuts);
  });

  test('of an image that is not brought to disk before the journal says so: it is found', async (t) => {
    const bench = await newBench(t);
    if (bench === null) return;
    const { destination, disk, desk } = bench;
    const argv = desk.acquire(disk.node, ...COMMON, '--to', destination.folder);
    const cuts = await cutWhile(bench, destination, argv, 6, withoutDatasync);
    const wrong: string[] = [];
    const refused: string[] = [];
    for (const cut of cuts) {
      await cut.inserted(async (again) => {
        const { code, stderr } = await exhibitHere(['resume', folderOn(again), '--key', desk.key]);
        if (code === 13) refused.push(stderr);
        const broken = await onTheNextMorning(bench, again).catch((error: unknown) => error);
        if (broken instanceof assert.AssertionError) wrong.push(broken.message);
      });
      cut.discard();
    }
    t.diagnostic(`${cuts.length} cuts: ${wrong.length} wrong, ${refused.length} refused`);
    assert.ok(wrong.length > 0, 'nobody noticed that the image was not synced');
    // And exhibit itself goes on with none of them as if nothing were missing.
    assert.equal(refused.length, wrong.length);
    for (const said of refused)
      assert.match(said, /by the journal it holds \d+ at least|bytes .* are not those that were read/);
  });
});

/** Looks at every one of them the next morning; most of them must have been in the middle of reading. */
async function judgeAll(bench: Bench, cuts: readonly Cut[]): Promise<void> {
  const seen: Record<string, number> = {};
  for (const cut of cuts) {
    const found = await cut.inserted((again) => onTheNextMorning(bench, again));
    cut.discard();
    seen[found] = (seen[found] ?? 0) + 1;
  }
  bench.t.diagnostic(JSON.stringify(seen));
  // Of a few cuts, chance may put none there.
  if (ALL) assert.ok((seen['reading, after a checkpoint'] ?? 0) > 0, JSON.stringify(seen));
}

function folderOn({ folder }: CutDisk): string {
  return join(folder, 'C-1/HDD-01');
}

interface Bench {
  readonly t: TestContext;
  readonly disk: BadDisk;
  readonly destination: CutDisk;
  readonly desk: Desk;
  readonly truth: Truth;
}

async function newBench(t: TestContext): Promise<Bench | null> {
  const destination = cutDisk(t, 192 * MIB);
  if (destination === null) return null;
  const content = diskBytes(SIZE, 11);
  const disk = await badDisk(t, { content, bad: BAD, rate: SLOW });
  if (disk === null) return null;
  return { t, disk, destination, desk: newDesk(t), truth: truthOf(content, BAD, 4 * MIB) };
}

/** Everything as it is, but what asks for the image's data to be brought to disk, and what goes there by itself. */
const withoutDatasync: Files = {
  ...systemFiles,
  open: async (path, mode) => {
    if (mode === 'write-direct') throw Object.assign(new Error('EINVAL: made by the test'), { code: 'EINVAL' });
    const file = await systemFiles.open(path, mode);
    return path.endsWith('.partial') ? fileWith(file, { datasync: () => Promise.resolve() }) : file;
  },
};

/** Runs a session to its end, and cuts the power of its destination at random moments of it. */
async function cutWhile(
  { disk }: Bench,
  destination: CutDisk,
  argv: readonly string[],
  count: number,
  files: Files = systemFiles,
): Promise<Cut[]> {
  disk.setRate(SLOW);
  const journal = join(folderOn(destination), 'HDD-01.journal.jsonl');
  const size = (): number => statSync(journal, { throwIfNoEntry: false })?.size ?? 0;
  const before = size();
  const session = { over: false };
  const run = exhibitHere(argv, testPorts({ files })).finally(() => (session.over = true));
  const cuts: Cut[] = [];
  while (!session.over && size() === before) await pause(10);
  // Reading, and a little for what comes after it.
  // A rescue asks for some places several times.
  const step = ((argv.includes('rescue') ? 2 : 1) * (SIZE / SLOW) * 1000 + 500) / count;
  while (!session.over && cuts.length < count) {
    await pause(2 * step * Math.random());
    cuts.push(destination.cut());
  }
  requireEnd(await run);
  return cuts;
}

/** Looks at a disk whose power was cut; gives what the job was at. */
async function onTheNextMorning({ disk, desk, truth }: Bench, again: CutDisk): Promise<string> {
  disk.setRate(FAST);
  const folder = folderOn(again);
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const records = names.length > 0 ? recordsOf(folder) : [];
  if (records.length === 0) {
    const refused = await exhibitHere(['resume', folder, '--key', desk.key]);
    assert.ok([2, 13].includes(refused.code ?? 0), refused.stderr);
    return 'nothing begun';
  }
  requirePromises(folder, 'HDD-01', truth);
  const told = (type: string): boolean => records.some((record) => record.type === type);
  const was = told('read')
    ? 'after reading'
    : told('checkpoint')
      ? 'reading, after a checkpoint'
      : 'reading, before one';
  const resumed = await exhibitHere(['resume', folder, '--key', desk.key]);
  if (!/is sealed already/.test(resumed.stderr)) requireEnd(resumed, names.includes('HDD-01.manifest.json'));
  await requireWhole(desk, folder, 'HDD-01', truth, null);
  return was;
}

function requireEnd({ code, stdout, stderr }: EndedHere, closed = false): void {
  assert.equal(code, closed ? 0 : 3, stdout + stderr);
}
