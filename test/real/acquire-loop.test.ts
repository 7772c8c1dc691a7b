import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import test, { describe } from 'node:test';
import { transcript, transcriptHere } from '../cli/transcript.ts';
import { journalOf, manifestOf, newDesk, type Desk } from '../support/exhibit.ts';
import { attachLoop, diskBytes, lacks } from '../support/loop.ts';
import { commandsOf, failingCommands, imageFiles, sumAnew, sumOf } from '../support/stock-tools.ts';

const MIB = 1_048_576;

interface Case {
  readonly name: string;
  /** Null: a plain file is the source. */
  readonly sector: 512 | 4096 | null;
  readonly size: number;
  readonly options: readonly string[];
  /** Sizes of the image's files. */
  readonly files: readonly number[];
  readonly hashes: readonly string[];
}

const BOTH = ['--hash', 'md5,sha256'];

const CASES: readonly Case[] = [
  {
    name: '512-byte sectors, dd, raw, native, the source read twice',
    sector: 512,
    size: 20 * MIB + 512,
    options: [...BOTH, '--verify-source', '--hash-engine', 'native'],
    files: [20 * MIB + 512],
    hashes: ['md5', 'sha256'],
  },
  {
    name: '4096-byte sectors, dd, split, WASM, all hashes',
    sector: 4096,
    size: 3 * MIB + 4096,
    options: [
      '--format',
      'split',
      '--segment-size',
      '1M',
      '--piece-size',
      '1M',
      '--block-size',
      '64K',
      '--hash-engine',
      'wasm',
      '--hash',
      'md5,sha1,sha256,sha512',
    ],
    files: [MIB, MIB, MIB, 4096],
    hashes: ['md5', 'sha1', 'sha256', 'sha512'],
  },
  {
    name: '512-byte sectors, direct, split with borders inside pieces, auto, the source read twice',
    sector: 512,
    size: 9 * MIB + 1536,
    options: [
      ...BOTH,
      '--reader',
      'direct',
      '--format',
      'split',
      '--segment-size',
      '2564K',
      '--piece-size',
      '4M',
      '--hash-engine',
      'auto',
      '--verify-source',
    ],
    files: [2_625_536, 2_625_536, 2_625_536, 1_562_112],
    hashes: ['md5', 'sha256'],
  },
  {
    name: '4096-byte sectors, direct, raw, native, not read back',
    sector: 4096,
    size: 5 * MIB,
    options: ['--reader', 'direct', '--hash', 'sha256', '--no-read-back', '--hash-engine', 'native'],
    files: [5 * MIB],
    hashes: ['sha256'],
  },
  {
    name: 'a plain file of an odd size, dd, split',
    sector: null,
    size: 2 * MIB + 1,
    options: [...BOTH, '--format', 'split', '--segment-size', '1M', '--hash-engine', 'native'],
    files: [MIB, MIB, 1],
    hashes: ['md5', 'sha256'],
  },
  {
    name: 'a plain file of an odd size, direct, raw',
    sector: null,
    size: 5 * MIB + 4095,
    options: [...BOTH, '--reader', 'direct', '--hash-engine', 'native', '--verify-source'],
    files: [5 * MIB + 4095],
    hashes: ['md5', 'sha256'],
  },
];

describe('acquired, and checked by tools that nobody here wrote', { concurrency: 2 }, () => {
  for (const each of CASES) {
    test(each.name, async (t) => {
      if (each.sector !== null && lacks(t, 'losetup')) return;
      const desk = newDesk(t);
      const file = desk.file('disk.img', each.size);
      const source = each.sector === null ? file : attachLoop(t, file, { sector: each.sector });
      const before = each.sector === null ? null : writesOf(source);
      // A disk is imaged as users do it; what the reading of a file has of its own does not hang on a process.
      const run = each.sector === null ? transcriptHere : transcript;
      await run(desk.acquire(source, ...each.options), { exit: 0, prints: [/ACQUIRED\. Every byte was read/] });
      if (before !== null) assert.equal(writesOf(source), before, 'something was written to the source');
      checkImage(desk, source, each);
      checkWords(desk, each);
      assert.deepEqual(failingCommands(desk.evidence()), []);
      await transcriptHere(['verify', desk.evidence(), '--signers', desk.signers], { exit: 0, prints: [/^VERIFIED/] });
    });
  }

  test('VERIFY.txt fails after the image was swapped and the sums were made anew', async (t) => {
    const desk = newDesk(t);
    await transcriptHere(desk.acquire(desk.file('disk.img', 2 * MIB)), { exit: 0, prints: [/ACQUIRED/] });
    assert.deepEqual(failingCommands(desk.evidence()), []);
    const commands = commandsOf(desk.evidence());
    writeFileSync(join(desk.evidence(), 'HDD-01.dd'), diskBytes(2 * MIB, 4711));
    sumAnew(desk.evidence());
    const failing = failingCommands(desk.evidence(), commands);
    const names = failing.map((command) => command.split('\n')[0] ?? '');
    assert.ok(
      names.some((name) => name.includes('exhibit-sums')),
      names.join('\n'),
    );
    assert.ok(
      names.some((name) => name.startsWith('cat ') && name.includes('while read')),
      names.join('\n'),
    );
    assert.ok(!names.some((name) => name.includes('exhibit-manifest')), 'the manifest itself was not touched');
    await transcriptHere(['verify', desk.evidence(), '--signers', desk.signers], { exit: 13, prints: [/./] });
  });
});

/** Completed writes, discards and flushes of the whole device, as the kernel counts them. */
function writesOf(node: string): string {
  const fields = readFileSync(`/sys/block/${basename(node)}/stat`, 'utf8')
    .trim()
    .split(/\s+/);
  return [fields[4], fields[6], fields[11]].join(' ');
}

function checkImage(desk: Desk, source: string, { files, hashes }: Case): void {
  const manifest = manifestOf(desk.evidence());
  const images = imageFiles(desk.evidence());
  assert.deepEqual(
    images.map((path) => readFileSync(path).length),
    files,
  );
  assert.deepEqual(
    manifest.image.segments.map(({ name }) => join(desk.evidence(), name)),
    images,
  );
  assert.deepEqual(
    manifest.digests.map(({ algorithm }) => algorithm),
    hashes,
  );
  for (const { algorithm, hex } of manifest.digests) {
    assert.equal(sumOf(`${algorithm}sum`, source), hex, `${algorithm} of the source`);
    assert.equal(sumOf(`${algorithm}sum`, ...images), hex, `${algorithm} of the image`);
  }
  for (const [index, segment] of manifest.image.segments.entries())
    assert.equal(sumOf('sha256sum', images[index]!), segment.sha256);
}

/** What the manifest, the report and the journal say was done is what was asked for. */
function checkWords(desk: Desk, { size, sector, options }: Case): void {
  const manifest = manifestOf(desk.evidence());
  const readBack = !options.includes('--no-read-back');
  const twice = options.includes('--verify-source');
  const reader = options.includes('direct') ? 'direct' : 'dd';
  assert.deepEqual([manifest.outcome, manifest.source.size, manifest.image.size], ['complete', size, size]);
  assert.deepEqual(
    [manifest.source.kind, manifest.source.logical_sector],
    [sector === null ? 'file' : 'block', sector ?? 512],
  );
  assert.equal(manifest.source.held_by, sector === null ? 'advisory-lock' : 'exclusive-open');
  assert.equal(manifest.acquisition.reader.name, reader);
  assert.equal(manifest.read_back.state, readBack ? 'match' : 'waived');
  assert.equal(manifest.source_check.state, twice ? 'match' : 'not-done');
  assert.deepEqual(manifest.source.identity_after, manifest.source.identity_before);
  const second = manifest.source_check.state === 'not-done' ? null : manifest.source_check.cache;
  assert.equal(second !== null, twice);
  if (sector !== null && twice) {
    assert.equal(second?.avoided, 'unknown', 'below a loop device there may be a cache');
    assert.match(second.how, /^O_DIRECT reads of the block device; loop\d+ below it may cache/);
  }
  const [run] = manifest.acquisition.reader.runs;
  if (reader === 'dd') assert.deepEqual([run?.argv[0], run?.exit, run?.delivered], ['dd', 0, size]);
  const report = readFileSync(join(desk.evidence(), 'HDD-01.txt'), 'utf8');
  for (const { hex } of manifest.digests) assert.ok(report.includes(hex));
  // Only a second reading of the source permits the sentence, and only where it is not known to come from memory.
  assert.equal(/source and image hashes match/i.test(report), twice && second?.avoided !== 'no', report);
  const told = journalOf(desk.evidence()).map(({ type }) => type);
  // As many checkpoints as there were moments for.
  const types = told.filter((type, index) => type !== 'checkpoint' || told[index - 1] !== type);
  const again = twice ? ['second-read', 'source-check', 'source-after'] : ['source-check'];
  assert.deepEqual(types, ['begin', 'engines', 'checkpoint', 'read', 'source-after', 'read-back', ...again, 'closing']);
}
