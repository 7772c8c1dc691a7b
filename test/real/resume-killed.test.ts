import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { badDisk, type BadDisk } from '../support/bad-disk.ts';
import { recordsOf, requirePromises, requireWhole, truthOf, type Truth } from '../support/cut-off.ts';
import { newDesk, startExhibit, type Desk, type Running } from '../support/exhibit.ts';
import { exhibitHere } from '../support/in-process.ts';
import { diskBytes, lacks } from '../support/loop.ts';

const MIB = 1_048_576;
/** Its last piece is no whole one. */
const SIZE = 12 * MIB - 5 * 512;
const PIECE = 4 * MIB;
/** Bytes a second: several checkpoints fall into a reading. */
const SLOW = 4 * MIB;
const FAST = 2000 * MIB;
const ALL = process.env['CRASH'] === 'all';
/** In all, about as many in each lane: `npm run test:crash` makes fifty, `npm test` what it has minutes for. */
const KILLS = ALL ? 50 : 6;

/** A sector, two that lie across a piece's and a segment's end, a run in the middle of a piece. */
const BAD = [
  { start: 3 * MIB + 512, end: 3 * MIB + 1024 },
  { start: 8 * MIB - 512, end: 8 * MIB + 512 },
  { start: 9 * MIB, end: 9 * MIB + 6144 },
];

const COMMON = ['--block-size', '1M', '--piece-size', '4M', '--no-probe', '--hash', 'md5,sha256'];
const SPLIT = ['--format', 'split', '--segment-size', '5M'];
const LANES: readonly (readonly [string, readonly string[]])[] = [
  ['wasm', ['--hash-engine', 'wasm']],
  ['native', ['--hash-engine', 'native', '--hash', 'sha256']],
  ['split, wasm', ['--hash-engine', 'wasm', ...SPLIT]],
  [
    'split, native, direct',
    ['--hash-engine', 'native', '--format', 'split', '--segment-size', '8M', '--reader', 'direct'],
  ],
  ['rescue, wasm', ['--profile', 'rescue', '--hash-engine', 'wasm']],
  ['rescue, split, native', ['--profile', 'rescue', '--hash-engine', 'native', ...SPLIT]],
];

/** Where a kill finds the job: at any moment of the reading, or at any moment after it. */
type Aim = 'start' | 'reading' | 'read-back' | 'closing';
/** Most of the time goes into reading: so do most of the kills. */
const AIMS: readonly Aim[] = ['reading', 'reading', 'read-back', 'reading', 'closing', 'reading', 'start', 'reading'];

/** What a kill hit, by the records that it found. */
type Hit = 'nothing begun' | 'reading, before a checkpoint' | 'reading, after a checkpoint' | 'read-back' | 'closing';

test(`SIGKILL ${KILLS} times, anywhere, then resume`, { concurrency: 4, timeout: 600_000 }, async (t) => {
  if (lacks(t, 'losetup', 'nbdkit', 'nbdfuse', 'fusermount3', 'ddrescuelog')) return;
  const seen: Hit[] = [];
  const each = Math.ceil(KILLS / LANES.length);
  const lanes = LANES.map(([lane, options], n) =>
    t.test(`${lane}: no promise is broken, and what comes out is what an uninterrupted run makes`, async (own) => {
      const content = diskBytes(SIZE, n + 1);
      const disk = await badDisk(own, { content, bad: BAD, rate: SLOW });
      if (disk === null) return;
      const truth = truthOf(content, BAD, PIECE);
      const work: Lane = { t: own, disk, desk: newDesk(own), options: [...COMMON, ...options], truth, first: n };
      const hits: Hit[] = [];
      for (let item = 1; hits.length < each; item += 1)
        hits.push(...(await oneLife(work, `K-${item}`, hits.length, each - hits.length)));
      own.diagnostic(JSON.stringify(count(hits)));
      seen.push(...hits);
    }),
  );
  await Promise.all(lanes);
  const hit = count(seen);
  t.diagnostic(JSON.stringify(hit));
  // A fair share, not one lucky shot.
  assert.ok((hit['reading, after a checkpoint'] ?? 0) >= seen.length / 4, JSON.stringify(hit));
  if (!ALL) return;
  for (const place of ['reading, before a checkpoint', 'read-back', 'closing'] as const)
    assert.ok((hit[place] ?? 0) > 0, `no kill hit: ${place}`);
});

interface Lane {
  readonly t: TestContext;
  readonly disk: BadDisk;
  readonly desk: Desk;
  readonly options: readonly string[];
  readonly truth: Truth;
  /** Lanes begin at different places of the list of aims. */
  readonly first: number;
}

/** One acquisition: killed, resumed, killed again, …, and in the end let through. Gives what the kills hit. */
async function oneLife(lane: Lane, item: string, before: number, most: number): Promise<Hit[]> {
  const { disk, desk, truth } = lane;
  const folder = desk.evidence(item);
  const hits: Hit[] = [];
  // One to four kills.
  const lives = Math.min(most, 1 + ((lane.first + before * 7) % 4));
  let over = false;
  while (!over && hits.length < lives) {
    const began = recordsThere(folder, item).length > 0;
    const aim = AIMS[(3 * lane.first + before + hits.length) % AIMS.length] ?? 'reading';
    const { hit, ended } = await cutOff(lane, item, began, aim);
    over = ended;
    if (hit !== null) hits.push(hit);
    if (hit === 'nothing begun') return hits;
    requirePromises(folder, item, truth);
  }
  disk.setRate(FAST);
  if (!over) await finish(desk, folder);
  // A session that was killed before it had the folder is none.
  const sessions = recordsOf(folder, item).filter(({ type }) => type === 'begin' || type === 'resumed').length;
  await requireWhole(desk, folder, item, truth, sessions);
  return hits;
}

async function finish(desk: Desk, folder: string): Promise<void> {
  const closed = readdirSync(folder).some((name) => name.endsWith('.manifest.json'));
  const { code, stdout, stderr } = await exhibitHere(['resume', folder, '--key', desk.key]);
  if (/is sealed already/.test(stderr)) return;
  assert.equal(code, closed ? 0 : 3, stdout + stderr);
}

/** Starts or resumes it, and kills it; null: it was through before that. */
async function cutOff(
  lane: Lane,
  item: string,
  began: boolean,
  aim: Aim,
): Promise<{ hit: Hit | null; ended: boolean }> {
  const { t, disk, desk, options } = lane;
  const folder = desk.evidence(item);
  disk.setRate(aim === 'reading' ? SLOW : FAST);
  const journal = join(folder, `${item}.journal.jsonl`);
  const known = existsSync(journal) ? statSync(journal).size : 0;
  // Asked often: without parsing what is there.
  const since = (type: string): boolean =>
    (statSync(journal, { throwIfNoEntry: false })?.size ?? 0) > known &&
    readFileSync(journal).includes(`"type":"${type}"`, known);
  const argv = began ? ['resume', folder, '--key', desk.key] : desk.acquire(disk.node, '--evidence', item, ...options);
  const job = startExhibit(t, argv);
  // A rescue asks for some places several times.
  const pace = options.includes('rescue') ? SLOW / 2 : SLOW;
  await moment(job, aim, since, () => (left(folder, item) / pace) * 1000);
  job.kill('SIGKILL');
  const { code, stderr } = await job.ended;
  assert.deepEqual(await job.leftAfter(3000), []);
  if (code !== null) {
    assert.ok(code === 3 || (code === 0 && began), `exit ${code}\n${stderr}`);
    return { hit: null, ended: true };
  }
  return { hit: whatWasHit(folder, item), ended: false };
}

/** Waits for a random moment of a kind. */
async function moment(job: Running, aim: Aim, since: (type: string) => boolean, leftMs: () => number): Promise<void> {
  const reached = (type: string): Promise<void> =>
    job
      .until(() => since(type), `it wrote ${type}`, 60_000)
      .catch((error: unknown) => {
        if (!job.over) throw error;
      });
  const after = (ms: number): Promise<void> => pause(Math.random() * ms);
  switch (aim) {
    case 'start':
      return after(1500);
    case 'reading':
      await reached('engines');
      return after(leftMs());
    case 'read-back':
      await reached('read');
      return after(300);
    case 'closing':
      await reached('source-check');
      return after(150);
  }
}

/** Bytes to be read yet, as the journal says. */
function left(folder: string, item: string): number {
  const last = recordsThere(folder, item).findLast(({ type }) => type === 'checkpoint');
  return SIZE - (last?.data.position ?? 0);
}

function recordsThere(folder: string, item: string): ReturnType<typeof recordsOf> {
  return existsSync(join(folder, `${item}.journal.jsonl`)) ? recordsOf(folder, item) : [];
}

function whatWasHit(folder: string, item: string): Hit {
  const records = recordsThere(folder, item);
  const has = (name: string): boolean => records.some(({ type }) => type === name);
  if (!has('begin')) return 'nothing begun';
  if (has('source-check')) return 'closing';
  if (has('read')) return 'read-back';
  return has('checkpoint') ? 'reading, after a checkpoint' : 'reading, before a checkpoint';
}

function count(hits: readonly Hit[]): Partial<Record<Hit, number>> {
  return Object.fromEntries([...new Set(hits)].map((hit) => [hit, hits.filter((each) => each === hit).length]));
}
