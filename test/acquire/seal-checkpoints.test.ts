import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { parseMapfile } from '../../src/image/mapfile.ts';
import type { Manifest } from '../../src/manifest/schema.ts';
import { exhibitHere } from '../support/in-process.ts';
import { sampleData, sha256 } from '../support/evidence-folder.ts';
import { manifestOf, newDesk, type Desk } from '../support/exhibit.ts';
import { checkpointOf, pulledOut, resumedAt, type HashOf } from '../support/resumed.ts';
import { sampleManifest } from '../support/sample-manifest.ts';
import { startOf } from '../support/sample-start.ts';
import { journalOf, type Told } from '../support/told.ts';

const SIZE = 10_000;
const DATA = sampleData('disk', SIZE);
const hash: HashOf = (start, end) => sha256(DATA.subarray(start, end));
const sample = withRecovery('in-line');
const deferred = withRecovery('deferred');

function withRecovery(recovery: 'in-line' | 'deferred'): Manifest {
  const { acquisition, ...rest } = sampleManifest();
  return { ...rest, acquisition: { ...acquisition, settings: { ...acquisition.settings, recovery } } };
}

function begin(manifest: Manifest): Told {
  return { type: 'begin', data: startOf(manifest) };
}

interface Stopped {
  readonly desk: Desk;
  readonly folder: string;
  readonly seal: () => Promise<{ code: number | null; said: string }>;
}

/** A folder as a killed job leaves it: journal and image, and nothing that says how it ended. */
function stopped(t: TestContext, told: readonly Told[], image: Buffer): Stopped {
  const desk = newDesk(t);
  const folder = join(desk.to, 'ITEM-7');
  mkdirSync(folder);
  writeFileSync(join(folder, 'ITEM-7.journal.jsonl'), journalOf(told).bytes);
  writeFileSync(join(folder, 'ITEM-7.dd.partial'), image);
  const seal = async (): Promise<{ code: number | null; said: string }> => {
    const { code, stdout, stderr } = await exhibitHere(['seal', folder, '--incomplete', 'killed', '--key', desk.key]);
    return { code, said: stdout + stderr };
  };
  return { desk, folder, seal };
}

async function sealed(of: Stopped): Promise<{ manifest: Manifest; sentence: string; map: string }> {
  const { code, said } = await of.seal();
  assert.equal(code, 0, said);
  const { code: found, stdout } = await exhibitHere(['verify', of.folder, '--signers', of.desk.signers]);
  assert.equal(found, 4, stdout);
  assert.match(stdout, /NOTHING CONTRADICTS/);
  const manifest = manifestOf(of.folder, 'ITEM-7');
  const parsed = parseMapfile(readFileSync(join(of.folder, 'ITEM-7.map'), 'utf8'));
  const map = parsed.ok ? parsed.map.entries.map(({ start, end, status }) => `${start}-${end} ${status}`) : [];
  const sentence = manifest.acquisition.findings.find(({ code: found }) => found === 'seal.incomplete')?.message ?? '';
  return { manifest, sentence, map: map.join(', ') };
}

/** The image with one byte changed. */
function spoilt(image: Buffer, at: number): Buffer {
  const copy = Buffer.from(image);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

describe('a killed job that told its checkpoints', () => {
  const told = [begin(sample), checkpointOf(sample, hash, 0, 5000)];

  test('is proven as far as its last one, and held against its pieces and the one under way', async (t) => {
    const { manifest, sentence, map } = await sealed(stopped(t, told, DATA.subarray(0, 7000)));
    assert.equal(map, '0-5000 good, 5000-10000 not-tried');
    assert.deepEqual([manifest.image.size, manifest.read_map.good, manifest.read_map.not_tried], [7000, 5000, 5000]);
    assert.match(sentence, /^The acquisition ended without a word\. .*7000 bytes\. Its first 5000 bytes were compared/);
    assert.match(sentence, /equal\. What else is in it is not known to have been read\.$/);
    assert.deepEqual(
      manifest.sessions.map(({ how, to }) => [how, to]),
      [['without-a-word', 5000]],
    );
  });

  for (const [what, at] of [
    ['a piece', 100],
    ['the piece under way', 4999],
  ] as const) {
    test(`is damaged when ${what} is not what was read`, async (t) => {
      const { seal } = stopped(t, told, spoilt(DATA.subarray(0, 7000), at));
      const { code, said } = await seal();
      assert.equal(code, 13, said);
      assert.match(said, new RegExp(`from byte ${at < 4096 ? 0 : 4096} on it is no longer the data that was read`));
    });
  }

  test('is not damaged by what lies behind its last checkpoint', async (t) => {
    await sealed(stopped(t, told, spoilt(DATA.subarray(0, 7000), 5000)));
  });

  test('is damaged when its image is shorter than it told', async (t) => {
    const { seal } = stopped(t, told, DATA.subarray(0, 4999));
    const { code, said } = await seal();
    assert.equal(code, 13, said);
    assert.match(said, /holds 4999 bytes; the journal says that 5000 were written/);
  });
});

describe('a killed job that was resumed', () => {
  const told = [
    begin(sample),
    checkpointOf(sample, hash, 0, 5000),
    ...pulledOut(sample, 5000),
    { type: 'stopped', data: { code: 'interrupted', message: 'stopped by the operator' } },
    resumedAt(sample, 5000, 'R. Roe'),
    checkpointOf(sample, hash, 5000, 6000),
  ];

  test('has both sessions, and the time of both', async (t) => {
    const { manifest, map } = await sealed(stopped(t, told, DATA.subarray(0, 8000)));
    assert.equal(map, '0-6000 good, 6000-10000 not-tried');
    assert.deepEqual(
      manifest.sessions.map(({ how, examiner, from, to, pauses }) => [how, examiner, from, to, pauses.length]),
      [
        ['stopped', "J. O'Neil", 0, 5000, 1],
        ['without-a-word', 'R. Roe', 5000, 6000, 0],
      ],
    );
    // Records 0 to 4, then 5 to 6; a second each.
    assert.equal(manifest.acquisition.duration_ms, 5000);
    // What ended the first is history.
    assert.deepEqual(
      manifest.acquisition.findings.filter(({ code }) => code === 'interrupted'),
      [],
    );
  });

  test('whose image is longer than its last reading told keeps what is proven', async (t) => {
    const none = { unreadable: [], read_again: [], unstable: [], reader_runs: 0, runs: [] };
    const rest = { ...none, failed_reads: { count: 0, ms: 0 }, segments_sha256: [hash(0, 6000)] };
    const digests = [{ algorithm: 'sha256', engine: 'native', hex: hash(0, 6000) }];
    const read = {
      position: 6000,
      complete: false,
      digests,
      engines: [],
      pieces_sha256: hash(0, 1),
      ...rest,
    };
    const more = [...told, { type: 'read', data: read }];
    const { manifest, sentence } = await sealed(stopped(t, more, DATA.subarray(0, 8000)));
    assert.deepEqual([manifest.image.size, manifest.read_map.good], [8000, 6000]);
    assert.match(sentence, /^Reading stopped\. .* Its first 6000 bytes were compared/);
  });
});

describe('a killed job that read out of order', () => {
  const extents = [
    { start: 6144, end: 8192, sha256: hash(6144, 8192) },
    { start: 9216, end: 9728, sha256: hash(9216, 9728) },
  ];
  const marks = [
    { start: 0, end: 5000, status: 'good' },
    { start: 6144, end: 8192, status: 'good' },
    { start: 8192, end: 8704, status: 'unreadable' },
    { start: 8704, end: 9216, status: 'failed-small' },
    { start: 9216, end: 9728, status: 'good' },
  ];
  const unreadable = [{ start: 8192, end: 8704, errno: 'EIO', attempts: 2 }];
  const failed_reads = { count: 2, ms: 800 };
  const told = [begin(deferred), checkpointOf(deferred, hash, 0, 5000, { marks, extents, unreadable, failed_reads })];
  const image = Buffer.alloc(SIZE);
  for (const { start, end } of [{ start: 0, end: 5000 }, ...extents]) DATA.copy(image, start, start, end);

  test('has a sparse image of full length, and a map with everything that it told', async (t) => {
    const { manifest, sentence, map } = await sealed(stopped(t, told, image));
    assert.equal(
      map,
      '0-5000 good, 5000-6144 not-tried, 6144-8192 good, 8192-8704 unreadable, 8704-9216 failed-small, 9216-9728 good, 9728-10000 not-tried',
    );
    const { good, unreadable: bad, failed, not_tried, ranges, failed_reads: cost } = manifest.read_map;
    assert.deepEqual([manifest.image.size, good, bad, failed, not_tried], [SIZE, 7560, 512, 512, 1416]);
    assert.deepEqual([ranges[0]?.first_sector, ranges[0]?.attempts, cost], [16, 2, failed_reads]);
    assert.match(
      sentence,
      /Its first 5000 bytes, and 2560 bytes behind them that were read out of order, were compared/,
    );
  });

  test('is damaged when what it placed is not what was read', async (t) => {
    for (const at of [6144, 9727]) {
      const { seal } = stopped(t, told, spoilt(image, at));
      const { code, said } = await seal();
      assert.equal(code, 13, said);
      assert.match(said, new RegExp(`from byte ${at === 6144 ? 6144 : 9216} on it is no longer`));
    }
  });

  test('is damaged when its image does not hold what it placed', async (t) => {
    const { seal } = stopped(t, told, image.subarray(0, 9000));
    const { code, said } = await seal();
    assert.equal(code, 13, said);
    assert.match(said, /9000 bytes; the journal says that 9728 were written/);
  });

  test('says whose reading the rest was', async (t) => {
    const ranges = [{ start: 0, end: 4096, status: 'good' }];
    const adopted = {
      map_sha256: hash(0, 1),
      comment: 'by ddrescue',
      ranges,
      extents: [{ ...ranges[0], sha256: hash(0, 4096) }],
    };
    const found = stopped(t, [begin(deferred), { type: 'adopted', data: adopted }], image);
    const { manifest, map } = await sealed(found);
    assert.equal(map, '0-4096 good, 4096-10000 not-tried');
    assert.deepEqual(manifest.read_map.adopted, [{ start: 0, end: 4096 }]);
    assert.match(
      readFileSync(join(found.folder, 'ITEM-7.txt'), 'utf8'),
      /Read by another program, not by exhibit: 4,096/,
    );
  });
});

test('a journal whose checkpoints contradict each other is not sealed over', async (t) => {
  const told = [begin(sample), checkpointOf(sample, hash, 0, 5000), checkpointOf(sample, hash, 5000, 4000)];
  const { code, said } = await stopped(t, told, DATA).seal();
  assert.equal(code, 13, said);
  assert.match(said, /contradicts itself: record 2: a checkpoint at 4000, though one was at 5000/);
});
