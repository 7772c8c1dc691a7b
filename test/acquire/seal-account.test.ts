import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import type { StoppedImage } from '../../src/acquire/stopped/stopped-image.ts';
import { laterFindings, readStoppedJob, type StoppedJob } from '../../src/acquire/stopped/stopped-job.ts';
import { piecesAsRead, proofOf, provenMap } from '../../src/acquire/stopped/stopped-proof.ts';
import { formatPieces } from '../../src/image/pieces.ts';
import type { PieceDigest } from '../../src/model/digest.ts';
import type { ReadMap } from '../../src/model/read-map.ts';
import { transcriptHere } from '../cli/transcript.ts';
import { journalOf, type Told } from '../support/evidence-folder.ts';
import { manifestOf, newDesk } from '../support/exhibit.ts';
import { mismatchManifest, sampleManifest } from '../support/sample-manifest.ts';

const SIZE = 10_000;
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const sample = sampleManifest();
const bad = (start: number, end: number) => ({ start, end, errno: 'EIO', attempts: 3 });
const runs = {
  read_again: [],
  unstable: [],
  failed_reads: { count: 0, ms: 0 },
  reader_runs: 1,
  runs: sample.acquisition.reader.runs,
};

function begin(settings: Partial<typeof sample.acquisition.settings> = {}): Told {
  const acquisition = {
    ...Object.fromEntries(
      Object.entries(sample.acquisition).filter(
        ([key]) => !['finished', 'duration_ms', 'engines', 'self_tests'].includes(key),
      ),
    ),
    settings: { ...sample.acquisition.settings, ...settings },
  };
  const { tool, case: info, label, source, guard, probes, destination, station } = sample;
  const head = { tool, case: info, label, source, guard, probes, destination, station, acquisition };
  const segments = [{ name: 'ITEM-7.dd', offset: 0, length: SIZE }];
  return { type: 'begin', data: { space_needed: 0, stem: 'ITEM-7', size: SIZE, segments, head } };
}

/** Three pieces; a letter stands for each one's content. */
function pieces(content: string, size = SIZE): PieceDigest[] {
  return Array.from(content, (letter, index) => ({
    offset: index * 4096,
    length: Math.min(4096, size - index * 4096),
    sha256: sha256(letter),
  }));
}

function read(content: string, more: Record<string, unknown> = {}): Told {
  const digests = [{ algorithm: 'sha256', engine: 'native', hex: sha256(content) }];
  const list = { pieces_sha256: sha256(formatPieces(pieces(content))), segments_sha256: [sha256(content)] };
  const data = { position: SIZE, complete: true, digests, engines: [], unreadable: [], ...list, ...runs, ...more };
  return { type: 'read', data };
}

function image(content: string, size = SIZE): StoppedImage {
  const digests = [{ algorithm: 'sha256' as const, engine: 'native' as const, hex: sha256(content) }];
  return {
    size,
    files: [],
    ranges: new Map(),
    found: { digests, pieces: pieces(content, size) } as unknown as StoppedImage['found'],
  };
}

const failed = (position: number, unreadable: object[] = []): Told => ({
  type: 'reading-failed',
  data: { position, unreadable, message: 'the destination is full', ...runs },
});
const readBack = (data: object): Told => ({ type: 'read-back', data: { ...data } });
const MISMATCH = { ...mismatchManifest().read_back, differing: [{ start: 4096, end: 8192 }] };
const MATCH = sample.read_back;

function job(...told: Told[]): StoppedJob {
  return readStoppedJob(journalOf([begin(), ...told]).bytes, 'journal', 'ITEM-7');
}

function mapText(map: ReadMap): string {
  return map.entries.map(({ start, end, status }) => `${start}-${end} ${status}`).join(', ');
}

describe('a stopped journal that contradicts itself is not sealed over', () => {
  const noBack = begin({ read_back: false });
  const table: Record<string, [Told[], RegExp]> = {
    'two read-backs': [[begin(), read('abc'), readBack(MISMATCH), readBack(MATCH)], /2 records of type read-back/],
    'a read-back that can not be read': [[begin(), read('abc'), readBack({ state: 'odd' })], /record 2 is not what/],
    'nothing to compare with': [[begin(), read('abc', { digests: [] })], /record 1 is not what a record of type read/],
    'a read-back of a part': [[begin(), read('ab', { complete: false }), readBack(MATCH)], /not everything was read/],
    'a read-back that was not wanted': [[noBack, read('abc'), readBack(MATCH)], /not what its settings ask for/],
    'one that was, waived': [[begin(), read('abc'), readBack({ state: 'waived' })], /not what its settings ask for/],
    'one not done': [[begin(), read('abc'), readBack({ state: 'not-done', why: '' })], /read-back that was not done/],
    'a second read not wanted': [
      [
        begin(),
        read('abc'),
        {
          type: 'source-check',
          data: {
            state: 'match',
            cache: { avoided: 'yes', how: 'O_DIRECT', file_system: 'block device' },
            differing: [],
            unreadable: [],
          },
        },
      ],
      /second read of the source is not what/,
    ],
    'more than there is': [[begin(), failed(SIZE + 1)], /read more than the source has/],
    'a part, called everything': [
      [begin(), read('abc', { position: 5 })],
      /everything was read; its end is at 5 of 10000/,
    ],
  };
  for (const [name, [told, words]] of Object.entries(table)) {
    test(name, () => {
      assert.throws(() => readStoppedJob(journalOf(told).bytes, 'journal', 'ITEM-7'), {
        code: 'journal.records',
        message: words,
      });
    });
  }

  test('one without its first record never began', () => {
    assert.throws(() => readStoppedJob(journalOf([read('abc')]).bytes, 'journal', 'ITEM-7'), {
      code: 'journal.no-start',
    });
  });
});

describe('the map of a stopped job', () => {
  const table: [string, StoppedJob, string][] = [
    ['that ended without a word', job(), '0-10000 not-tried'],
    ['that read everything', job(read('abc')), '0-10000 good'],
    ['whose reading failed', job(failed(6000)), '0-6000 good, 6000-10000 not-tried'],
    [
      'with sectors that were filled only in memory',
      job(failed(6000, [bad(512, 1024), bad(5632, 6656), bad(7168, 7680)])),
      '0-512 good, 512-1024 unreadable, 1024-5632 good, 5632-6000 unreadable, 6000-10000 not-tried',
    ],
    ['that failed at once', job(failed(0, [bad(0, 512)])), '0-10000 not-tried'],
    [
      'whose source ended early',
      job(read('ab', { complete: false, position: 5000, unreadable: [bad(0, 512)] })),
      '0-512 unreadable, 512-5000 good, 5000-10000 not-tried',
    ],
  ];
  for (const [name, { state }, due] of table) {
    test(`one ${name}`, () => {
      assert.equal(mapText(provenMap(state, [])), due);
    });
  }

  test('doubtful pieces are not good; what could not be read is so all the same', () => {
    const { state } = job(read('abc', { unreadable: [bad(4096, 4608)] }), readBack(MISMATCH));
    const map = provenMap(state, [{ start: 4096, end: 8192 }]);
    assert.equal(mapText(map), '0-4096 good, 4096-4608 unreadable, 4608-8192 not-tried, 8192-10000 good');
  });
});

describe('a stopped image beside the data that was read', () => {
  const asRead = pieces('abc');
  const proof = (told: Told[], content: string, listed: readonly PieceDigest[] | null = asRead) =>
    proofOf('/evidence', job(...told), image(content), listed);

  test('equal: nothing is doubtful', () => {
    for (const told of [[read('abc')], [read('abc'), readBack(MATCH)]]) {
      const { doubtful, sentence } = proof(told, 'abc');
      assert.deepEqual([doubtful, /: equal\.$/.test(sentence)], [[], true]);
    }
  });

  test('equal by now, and it was not: both are said', () => {
    const { doubtful, sentence } = proof([read('abc'), readBack(MISMATCH)], 'abc');
    assert.deepEqual(doubtful, []);
    assert.match(sentence, /did not read back as it was read; .* Both stand\./);
  });

  test('another than was read, without a word of it: damage', () => {
    for (const told of [[read('abc')], [read('abc'), readBack(MATCH)]])
      assert.throws(() => proof(told, 'aXc'), { code: 'seal.damaged' });
  });

  test('a mismatch that was found: the pieces that differ, as they were read', () => {
    const { doubtful, asRead: kept } = proof([read('abc'), readBack(MISMATCH)], 'aXc');
    assert.deepEqual([doubtful, kept], [[{ start: 4096, end: 8192 }], [asRead[1]]]);
  });

  test('a mismatch elsewhere than was found: damage', () => {
    for (const content of ['Xbc', 'aXX'])
      assert.throws(() => proof([read('abc'), readBack(MISMATCH)], content), { code: 'seal.damaged' });
  });

  test('a mismatch, and no list of pieces: all of it is doubtful', () => {
    const { doubtful, asRead: kept } = proof([read('abc'), readBack(MISMATCH)], 'aXc', null);
    assert.deepEqual([doubtful, kept], [[{ start: 0, end: SIZE }], []]);
  });

  test('only the very list that was made is taken', () => {
    const { account } = job(read('abc'));
    assert.deepEqual(piecesAsRead(account, Buffer.from(formatPieces(asRead))), asRead);
    assert.equal(piecesAsRead(account, Buffer.from(formatPieces(pieces('aXc')))), null);
    assert.equal(piecesAsRead(account, null), null);
    assert.equal(piecesAsRead(job(failed(1)).account, Buffer.from(formatPieces(asRead))), null);
  });

  test('bytes behind the proven end are said to be unknown', () => {
    assert.match(proof([failed(6000)], 'abc').sentence, /10000 bytes, of which those from byte 6000 on are not known/);
    assert.doesNotMatch(proof([failed(SIZE)], 'abc').sentence, /not known/);
    assert.match(proof([], 'abc').sentence, /ended without a word/);
  });
});

test('sealed, the manifest has what the journal tells: engines, runs, the clock, the end, what was read twice', async (t) => {
  const desk = newDesk(t);
  const folder = join(desk.to, 'ITEM-7');
  mkdirSync(folder);
  const bytes = Buffer.alloc(SIZE, 'x');
  const hex = sha256(bytes.toString());
  const disturbances = [{ at: '2026-03-01T09:15:01.000Z', kind: 'suspend', milliseconds: 9000 }];
  const engine = { algorithm: 'sha256', engine: 'native', why: 'asked for', wasmRate: null, sourceRate: 7 };
  const told = [
    begin(),
    read('', { digests: [{ algorithm: 'sha256', engine: 'native', hex }], engines: [engine] }),
    readBack(MATCH),
    { type: 'stopped', data: { code: 'destination.io', message: 'the cable', disturbances } },
  ];
  writeFileSync(join(folder, 'ITEM-7.journal.jsonl'), journalOf(told).bytes);
  writeFileSync(join(folder, 'ITEM-7.dd.partial'), bytes);
  await transcriptHere(['seal', folder, '--incomplete', 'x', '--key', desk.key], { exit: 0, prints: [/incomplete/] });
  const manifest = manifestOf(folder, 'ITEM-7');
  assert.deepEqual(manifest.station.clock.disturbances, disturbances);
  assert.deepEqual(manifest.acquisition.engines, [
    { algorithm: 'sha256', engine: 'native', why: 'asked for', wasm_rate: null, source_rate: 7 },
  ]);
  assert.deepEqual(
    [manifest.acquisition.reader.run_count, manifest.acquisition.reader.runs],
    [runs.reader_runs, runs.runs],
  );
  assert.equal(manifest.acquisition.finished, '2026-03-01T09:15:03.000Z');
  assert.deepEqual(manifest.read_back, MATCH);
  const [end] = manifest.acquisition.findings.slice(-2);
  assert.deepEqual(end, { level: 'warning', code: 'destination.io', message: 'the cable' });
  await transcriptHere(['verify', folder, '--signers', desk.signers], { exit: 4, prints: [/NOTHING CONTRADICTS/] });
});

test('what went wrong is among the findings: the end, places read again, what was seen of the source', () => {
  const again = { read_again: [{ start: 0, end: 512, why: 'a second try' }] };
  const seen = { level: 'refusal', code: 'guard.protection-lost', message: 'flag: was read-only' };
  const identity = {
    kind: 'file',
    size: SIZE,
    node: '1:2',
    model: null,
    serial: null,
    wwn: null,
    diskseq: null,
    chain: null,
    mtimeMs: 5,
  };
  const told = [
    read('abc', again),
    { type: 'source-after', data: { identity, verdict: null, counters: null, asked: [], findings: [seen] } },
    { type: 'stopped', data: { code: 'source.changed', message: 'another disk' } },
  ];
  assert.deepEqual(laterFindings(job(...told)), [
    { level: 'warning', code: 'guard.protection-lost', message: 'flag: was read-only' },
    { level: 'warning', code: 'read.again', message: 'bytes [0, 512): a second try' },
    { level: 'warning', code: 'source.changed', message: 'another disk' },
  ]);
  assert.deepEqual(laterFindings(job(failed(1))), [
    { level: 'warning', code: 'reading-failed', message: 'the destination is full' },
  ]);
});
