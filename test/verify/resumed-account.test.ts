import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before, describe } from 'node:test';
import { formatMapfile } from '../../src/image/mapfile.ts';
import type { Manifest } from '../../src/manifest/schema.ts';
import { ReadMap, type ReadStatus } from '../../src/model/read-map.ts';
import {
  PIECE,
  readManifestOf,
  sampleData,
  sealFolder,
  sha256,
  SIZE,
  writeManifest,
  type FolderSpec,
} from '../support/evidence-folder.ts';
import { checkpointOf, pulledOut, resumedAt, UNSTABLE, type HashOf } from '../support/resumed.ts';
import type { Told } from '../support/told.ts';
import { makeBench, troubles, verify, type Bench } from './verify-support.ts';

const DATA = sampleData('disk');
const hash: HashOf = (start, end) => sha256(DATA.subarray(start, end));
const wrong: HashOf = (start, end) => (start === PIECE ? 'f'.repeat(64) : hash(start, end));
/** Reading stopped here, and went on; the last checkpoint is not at the end. */
const STOP = 3 * PIECE + 4096;

/** Two sessions: the source was pulled out in the first, another examiner made the second. */
function resumed(of: HashOf = hash): Partial<FolderSpec> {
  let made: Manifest | null = null;
  const failed_reads = { count: 2, ms: 900 };
  return {
    change: (manifest) => {
      const unstable = [{ ...UNSTABLE, first_sector: 1, end_sector: 2 }];
      made = { ...manifest, read_map: { ...manifest.read_map, failed_reads, unstable } };
      return made;
    },
    tell: ([begin, ...rest]) => {
      const manifest = made!;
      const told: Told[] = [
        begin!,
        checkpointOf(manifest, of, 0, PIECE + 512),
        ...pulledOut(manifest, PIECE + 512),
        checkpointOf(manifest, of, PIECE + 512, STOP, { failed_reads, unstable: [UNSTABLE] }),
        resumedAt(manifest, STOP, 'R. Roe'),
      ];
      return [...told, ...rest];
    },
  };
}

describe('a folder of a resumed acquisition', () => {
  let bench: Bench;
  before(() => {
    bench = makeBench();
  });
  after(() => {
    bench.remove();
  });

  test('verifies', async () => {
    const report = await verify(bench.make(resumed()), { signersFile: bench.signers });
    assert.equal(report.exit, 0, troubles(report));
  });

  test('whose pieces file is not what the checkpoints tell: 13', async () => {
    const report = await verify(bench.make(resumed(wrong)), { signersFile: bench.signers });
    assert.equal(report.exit, 13, troubles(report));
    assert.match(
      troubles(report),
      /^damaged pieces-file: .*it has 1 pieces otherwise than the journal tells .* at byte 65536\.$/m,
    );
  });

  test('whose image did not read back and was closed as incomplete: its lists are of the image, and may differ', async () => {
    const back: Manifest['read_back'] = {
      state: 'mismatch',
      cache: { avoided: 'yes', how: 'O_DIRECT', file_system: 'ext4' },
      differing: [{ start: PIECE, end: 2 * PIECE }],
    };
    const { change, tell } = resumed(wrong);
    const spec = {
      stoppedAt: SIZE,
      tell,
      change: (manifest: Manifest): Manifest => change!({ ...manifest, read_back: back }),
    } as const;
    const report = await verify(bench.make(spec as Partial<FolderSpec>), { signersFile: bench.signers });
    assert.doesNotMatch(troubles(report), /pieces-file/);
    assert.match(troubles(report), /damaged read-back/);
  });

  /** Changed after the journal was closed, listed and signed anew: what a forger with the key does. */
  async function forged(change: (manifest: Manifest) => Manifest): Promise<string> {
    const folder = bench.make(resumed());
    writeManifest(folder, change(readManifestOf(folder)));
    sealFolder(folder, bench.key);
    const report = await verify(folder, { signersFile: bench.signers });
    assert.ok(report.exit === 13 || report.exit === 14, `${report.exit} ${troubles(report)}`);
    return troubles(report);
  }

  const session =
    (change: (first: Manifest['sessions'][number]) => object, index = 0) =>
    (manifest: Manifest) => ({
      ...manifest,
      sessions: manifest.sessions.map((each, at) => (at === index ? { ...each, ...change(each) } : each)),
    });
  const attachment = (change: object) =>
    session(({ attachments: [first, second] }) => ({ attachments: [first, { ...second, ...change }] }));
  const pause = (change: object) => session(({ pauses: [first] }) => ({ pauses: [{ ...first, ...change }] }));
  const map = (change: object) => (manifest: Manifest) => ({
    ...manifest,
    read_map: { ...manifest.read_map, ...change },
  });
  const rows: Record<string, (manifest: Manifest) => Manifest> = {
    'a session less': (manifest) => ({ ...manifest, sessions: manifest.sessions.slice(1) }),
    'a session more': (manifest) => ({ ...manifest, sessions: [manifest.sessions[0]!, ...manifest.sessions] }),
    started: session(() => ({ started: '2026-03-01T09:14:00.000Z' }), 1),
    ended: session(() => ({ ended: '2026-03-01T09:14:00.000Z' })),
    how: session(() => ({ how: 'stopped', code: 'a', message: 'b' })),
    tool_version: session(() => ({ tool_version: '9' })),
    examiner: session(() => ({ examiner: 'x' }), 1),
    station: session(({ station }) => ({ station: { ...station, hostname: 'x' } }), 1),
    confirmation: session(() => ({ confirmation: 'x' })),
    overrides: session(() => ({ overrides: [] })),
    reader: session(() => ({ reader: { name: 'dd', version: 'x' } })),
    from: session(({ from }) => ({ from: from - 1 }), 1),
    to: session(({ to }) => ({ to: to - 1 })),
    'attachment at': attachment({ at: '2026-03-01T09:14:00.000Z' }),
    'attachment path': attachment({ path: 'x' }),
    'attachment real_path': attachment({ real_path: 'x' }),
    'attachment identity': attachment({ identity: {} }),
    'attachment held_by': attachment({ held_by: 'nothing' }),
    'attachment verdict': attachment({ verdict: 'known-blocker' }),
    'attachment meaning': attachment({ meaning: 'x' }),
    'attachment evidence': attachment({ evidence: [] }),
    'attachment counters_before': attachment({ counters_before: null }),
    'attachment counters_after': attachment({ counters_after: [] }),
    'attachment reread': attachment({ reread: { start: 0, end: 4096, differing: [] } }),
    'pause at': pause({ at: '2026-03-01T09:14:00.000Z' }),
    'pause position': pause({ position: 0 }),
    'pause code': pause({ code: 'x' }),
    'pause message': pause({ message: 'x' }),
    'pause ended': pause({ ended: '2026-03-01T09:14:00.000Z' }),
    'pause waited_ms': pause({ waited_ms: 0 }),
    'pause outcome': pause({ outcome: 'gave-up' }),
    verdict: session(() => ({ verdict: 'known-blocker' })),
    'guard.verdict': (manifest) => ({ ...manifest, guard: { ...manifest.guard, verdict: 'known-blocker' } }),
    failed: map({ failed: 512, good: SIZE - 512 }),
    failed_reads: map({ failed_reads: { count: 0, ms: 0 } }),
    unstable: map({ unstable: [] }),
    adopted: map({ adopted: [{ start: 0, end: 512 }] }),
  };
  test('is never verified when a field was changed after its journal was closed', async () => {
    for (const [name, change] of Object.entries(rows)) assert.notEqual(await forged(change), '', name);
  });
});

describe('a mapfile that is not the map of its journal', () => {
  let bench: Bench;
  before(() => {
    bench = makeBench();
  });
  after(() => {
    bench.remove();
  });

  test('13, though its sums and its unreadable ranges are the same', async () => {
    const marks = [
      { start: 0, end: PIECE, status: 'good' },
      { start: PIECE, end: PIECE + 512, status: 'failed-large' },
    ];
    let made: Manifest | null = null;
    const folder = bench.make({
      stoppedAt: SIZE,
      change: (manifest) => {
        const { settings } = manifest.acquisition;
        const acquisition = { ...manifest.acquisition, settings: { ...settings, recovery: 'deferred' as const } };
        const read_map = { ...manifest.read_map, good: PIECE, failed: 512, not_tried: SIZE - PIECE - 512 };
        made = {
          ...manifest,
          acquisition: { ...acquisition, reader: { ...acquisition.reader, run_count: 0, runs: [] } },
          read_map,
        };
        return made;
      },
      tell: ([begin, , ...rest]) => [begin!, checkpointOf(made!, hash, 0, PIECE, { marks }), ...rest],
    });
    const withMap = async (...entries: [number, number, ReadStatus][]): Promise<string> => {
      const map = new ReadMap(SIZE);
      for (const [start, end, status] of entries) map.mark({ start, end }, status);
      const manifest = readManifestOf(folder);
      const path = join(folder, manifest.read_map.file);
      writeFileSync(path, formatMapfile(map, '0.1.0'));
      const bytes = readFileSync(path);
      const listed = { size: bytes.length, sha256: sha256(bytes) };
      writeManifest(folder, {
        ...manifest,
        files: manifest.files.map((file) => (file.role === 'map' ? { ...file, ...listed } : file)),
      });
      sealFolder(folder, bench.key);
      const report = await verify(folder, { signersFile: bench.signers });
      assert.equal(report.exit, entries[1]?.[2] === 'failed-large' ? 4 : 13, troubles(report));
      return troubles(report);
    };
    const good: [number, number, ReadStatus] = [0, PIECE, 'good'];
    assert.doesNotMatch(await withMap(good, [PIECE, PIECE + 512, 'failed-large']), /map/);
    assert.match(
      await withMap(good, [PIECE, PIECE + 512, 'failed-small']),
      /damaged map: .*calls bytes 65536 to 66047 failed; by the journal they are failed in large blocks/,
    );
    assert.match(
      await withMap(good, [PIECE + 512, PIECE + 1024, 'failed-small']),
      /damaged map: .*calls bytes 65536 to 66047 not tried; by the journal/,
    );
  });
});
