import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before, describe } from 'node:test';
import { formatMapfile } from '../../src/image/mapfile.ts';
import type { Manifest } from '../../src/manifest/schema.ts';
import { ReadMap } from '../../src/model/read-map.ts';
import {
  PIECE,
  readManifestOf,
  sealFolder,
  sha256,
  SIZE,
  writeManifest,
  type Told,
} from '../support/evidence-folder.ts';
import { makeBench, troubles, verify, type Bench } from './verify-support.ts';

const mismatch: Manifest['read_back'] = {
  state: 'mismatch',
  cache: { avoided: 'yes', how: 'O_DIRECT', file_system: '0xef53' },
  differing: [{ start: 0, end: PIECE }],
};

describe('a folder whose manifest is not the account of its journal', () => {
  let bench: Bench;
  before(() => {
    bench = makeBench();
  });
  after(() => {
    bench.remove();
  });

  /** The same records, but for what the read-back came to. */
  const backAs =
    (data: Manifest['read_back']) =>
    (told: readonly Told[]): Told[] =>
      told.map((each) => (each.type === 'read-back' ? { ...each, data } : each));
  const stopped = (change: Partial<Manifest> = {}) => ({
    stoppedAt: SIZE,
    change: (manifest: Manifest): Manifest => ({ ...manifest, ...change }),
  });

  test('the journal tells of a mismatch, the manifest of a match, both signed: 13', async () => {
    const report = await verify(bench.make({ tell: backAs(mismatch) }), { signersFile: bench.signers });
    assert.equal(report.exit, 13, troubles(report));
    assert.match(troubles(report), /^damaged journal: .*the read-back was mismatch; the manifest says match/);
  });

  test('the journal tells of a mismatch, an incomplete manifest says that it was not done: 13', async () => {
    const read = (told: readonly Told[]): Told[] =>
      told.flatMap((each) =>
        each.type === 'read'
          ? [
              { ...each, data: { ...each.data, complete: true } },
              { type: 'read-back', data: mismatch },
            ]
          : [each],
      );
    const report = await verify(bench.make({ ...stopped(), tell: read }), { signersFile: bench.signers });
    assert.equal(report.exit, 13, troubles(report));
    assert.match(troubles(report), /damaged journal: .*the read-back was mismatch; the manifest says not-done/);
  });

  test('an incomplete manifest that carries the mismatch: 13 for what it says, and no contradiction', async () => {
    const report = await verify(bench.make(stopped({ read_back: mismatch })), { signersFile: bench.signers });
    assert.equal(report.exit, 13, troubles(report));
    assert.match(troubles(report), /damaged read-back: .*did not read back.*image as it was when it was closed/);
    assert.doesNotMatch(troubles(report), /journal/);
  });

  test('an incomplete manifest that carries a match: 4', async () => {
    const match: Manifest['read_back'] = { ...mismatch, state: 'match', differing: [] };
    const report = await verify(bench.make(stopped({ read_back: match })), { signersFile: bench.signers });
    assert.equal(report.exit, 4, troubles(report));
    assert.match(troubles(report), /^unestablished outcome: [^\n]*$/);
  });

  test('a map that calls bytes read which lie behind the proof, or behind the image: 13', async () => {
    for (const [stoppedAt, position, start, words] of [
      [200_000, 150_000, 50_000, /calls bytes 150000 to 199999 read; by the journal they are not tried/],
      [200_000, 150_000, SIZE - 150_000, /calls byte 299519 read; the image ends at 200000/],
    ] as const) {
      const folder = bench.make({
        stoppedAt,
        change: (manifest) => ({
          ...manifest,
          read_map: { ...manifest.read_map, good: 150_000, not_tried: SIZE - 150_000 },
        }),
        tell: (told) =>
          told.map((each) =>
            each.type === 'read' ? { type: 'reading-failed', data: { ...each.data, position, message: 'full' } } : each,
          ),
      });
      const sound = await verify(withMap(folder, 0), { signersFile: bench.signers });
      assert.equal(sound.exit, 4, troubles(sound));
      const report = await verify(withMap(folder, start), { signersFile: bench.signers });
      assert.equal(report.exit, 13, troubles(report));
      assert.match(troubles(report), words);
    }
  });

  /** A map that calls 150,000 bytes from `start` read, signed anew. */
  function withMap(folder: string, start: number): string {
    const map = new ReadMap(SIZE);
    map.mark({ start, end: start + 150_000 }, 'good');
    const manifest = readManifestOf(folder);
    const path = join(folder, manifest.read_map.file);
    writeFileSync(path, formatMapfile(map, '0.1.0'));
    const bytes = readFileSync(path);
    const listed = { size: bytes.length, sha256: sha256(bytes) };
    const files = manifest.files.map((file) => (file.role === 'map' ? { ...file, ...listed } : file));
    writeManifest(folder, { ...manifest, files });
    sealFolder(folder, bench.key);
    return folder;
  }
});
