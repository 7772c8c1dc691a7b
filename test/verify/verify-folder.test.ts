import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before, describe } from 'node:test';
import type { Event } from '../../src/model/event.ts';
import { refuses } from '../manifest/sign-support.ts';
import { manifestPath, PIECE, sealFolder, sealOfFolder, SIGNER, SIZE } from '../support/evidence-folder.ts';
import { makeBench, ranges, troubles, verify, type Bench } from './verify-support.ts';

describe('verifyFolder', () => {
  let bench: Bench;
  let signed: string;
  before(() => {
    bench = makeBench();
    signed = bench.make();
  });
  after(() => {
    bench.remove();
  });

  for (const format of ['raw', 'split'] as const) {
    test(`a whole, signed ${format} folder with a trusted signer is verified`, async () => {
      const folder = bench.make({ format });
      const report = await verify(folder, { signersFile: bench.signers, seal: sealOfFolder(folder).toUpperCase() });
      assert.equal(report.exit, 0, troubles(report));
      assert.deepEqual(report.damage, []);
      assert.deepEqual(report.notCovered, []);
      assert.equal(report.signer?.trustedAs, SIGNER);
      assert.equal(report.image?.whole, true);
      assert.deepEqual(report.image.ranges, [{ start: 0, end: SIZE }]);
      assert.equal(report.sealHex, sealOfFolder(folder));
    });
  }

  test('segments that are not alike, nor multiples of anything', async () => {
    const folder = bench.make({ format: 'split', cuts: [1, 70_001, 512, SIZE - 70_514] });
    const report = await verify(folder, { signersFile: bench.signers });
    assert.equal(report.exit, 0, troubles(report));
    const bytes = readFileSync(join(folder, 'ITEM-7.003'));
    bytes[511] = (bytes[511] ?? 0) ^ 1;
    writeFileSync(join(folder, 'ITEM-7.003'), bytes);
    const damaged = await verify(folder, { signersFile: bench.signers });
    assert.deepEqual([damaged.exit, ranges(damaged)], [13, ['differs 70002-70514']]);
    assert.match(troubles(damaged), /ITEM-7\.003 is not the file/);
  });

  test('the same by the name of the manifest, moved, renamed, and read-only', async () => {
    const moved = join(bench.root, 'moved elsewhere');
    renameSync(bench.copy(signed), moved);
    const before = readdirSync(moved);
    chmodSync(moved, 0o555);
    assert.equal((await verify(moved, { signersFile: bench.signers })).exit, 0);
    assert.equal((await verify(manifestPath(moved), { signersFile: bench.signers })).exit, 0);
    chmodSync(moved, 0o755);
    assert.deepEqual(readdirSync(moved), before);
  });

  test('without --signers the signer is not established', async () => {
    const report = await verify(signed);
    assert.equal(report.exit, 4, troubles(report));
    assert.deepEqual([report.signer?.trustedAs, report.signer?.claimed], [null, SIGNER]);
  });

  test('unreadable sectors are said and do not spoil the verdict', async () => {
    const folder = bench.make({ unreadable: [{ start: 1024, end: 2048 }] });
    const report = await verify(folder, { signersFile: bench.signers });
    assert.equal(report.exit, 0, troubles(report));
    assert.equal(report.outcome, 'complete-with-unreadable');
    assert.match(JSON.stringify(report.checks), /1,024 bytes \(1\.0 KiB\) of the source could not be read/);
  });

  test('an incomplete acquisition is not established, in one file, in segments, and empty', async () => {
    for (const [format, stoppedAt] of [
      ['raw', 150_000],
      ['split', 150_000],
      ['split', 0],
    ] as const) {
      const change = (manifest: Parameters<NonNullable<Parameters<Bench['make']>[0]>['change'] & {}>[0]) =>
        stoppedAt > 0
          ? manifest
          : {
              ...manifest,
              image: { ...manifest.image, segments: [] },
              files: manifest.files.filter((file) => file.role !== 'image'),
            };
      const folder = bench.make({ format, stoppedAt, change });
      const report = await verify(folder, { signersFile: bench.signers });
      assert.equal(report.exit, 4, `${format} ${stoppedAt}: ${troubles(report)}`);
      assert.match(troubles(report), /^unestablished outcome: .*the drive died$/);
    }
  });

  test('a recorded mismatch is damage', async () => {
    const folder = bench.make({
      stoppedAt: SIZE,
      change: (manifest) => ({
        ...manifest,
        outcome: 'mismatch',
        incomplete_reason: null,
        image: { ...manifest.image, complete: true },
        read_back: {
          state: 'mismatch',
          cache: { avoided: 'yes', how: 'O_DIRECT', file_system: '0xef53' },
          differing: [{ start: 0, end: PIECE }],
        },
      }),
    });
    const report = await verify(folder, { signersFile: bench.signers });
    assert.equal(report.exit, 13);
    assert.match(troubles(report), /the acquisition itself recorded a mismatch/i);
  });

  test('an unsigned folder is not established; sealed afterwards it can be verified, and says so', async () => {
    const folder = bench.make({ key: null });
    const unsigned = await verify(folder, { signersFile: bench.signers });
    assert.equal(unsigned.exit, 4, troubles(unsigned));
    assert.match(troubles(unsigned), /not signed/);
    sealFolder(folder, bench.key);
    const sealed = await verify(folder, { signersFile: bench.signers });
    assert.equal(sealed.exit, 0, troubles(sealed));
    assert.match(sealed.notes.join(), /^Signed afterwards/);
  });

  test('files that nobody listed are told and change no verdict; custody/ is left alone', async () => {
    const folder = bench.copy(signed);
    writeFileSync(join(folder, 'notes\u001b[2J.txt'), 'x');
    mkdirSync(join(folder, 'custody'));
    const report = await verify(folder, { signersFile: bench.signers });
    assert.equal(report.exit, 0, troubles(report));
    assert.deepEqual(report.notCovered, ['notes\\u{1b}[2J.txt']);
    assert.match(report.notes.join(), /custody/);
  });

  test('a part of the image: at best not established, and what was looked at is told', async () => {
    const part = await verify(signed, { signersFile: bench.signers, range: { start: PIECE + 1, end: 2 * PIECE + 1 } });
    assert.equal(part.exit, 4, troubles(part));
    assert.deepEqual(part.image?.ranges, [{ start: PIECE, end: 3 * PIECE }]);
    assert.match(troubles(part), /not-checked stream-hash/);
    const sample = { count: 2, seed: 'a\u0007b' };
    const first = await verify(signed, { signersFile: bench.signers, sample });
    const again = await verify(signed, { signersFile: bench.signers, sample });
    assert.equal(first.exit, 4);
    assert.deepEqual(first.image?.ranges, again.image?.ranges);
    assert.equal(first.image?.seed, 'a\\u{7}b');
    assert.match(JSON.stringify(first.checks), /2 of 5 pieces were read/);
  });

  test('wrong orders are usage errors', async () => {
    await refuses(verify(join(bench.root, 'nowhere')), 'usage', 'verify.target', /no such folder/);
    await refuses(verify(bench.signers), 'usage', 'verify.target', /neither a folder nor a manifest/);
    await refuses(verify(signed, { signersFile: '/nowhere' }), 'usage', 'verify.signers', /no such file/);
    await refuses(verify(signed, { seal: 'abc' }), 'usage', 'verify.seal', /64 hex digits/);
    await refuses(verify(signed, { range: { start: 0, end: SIZE + 1 } }), 'usage', 'verify.range', /299,520 bytes/);
    await refuses(verify(signed, { sample: { count: 0, seed: 'x' } }), 'usage', 'verify.sample', /0/);
  });

  test('a stopped check establishes nothing', async () => {
    await refuses(
      verify(signed, { stop: AbortSignal.abort() }),
      'interrupted',
      'verify.interrupted',
      /nothing is established/,
    );
  });

  test('progress counts the image and the stage ends', async () => {
    const seen: number[] = [];
    const events: Event[] = [];
    await verify(signed, { onProgress: (done) => void seen.push(done), emit: (event) => void events.push(event) });
    assert.equal(seen.at(-1), SIZE);
    assert.deepEqual(events[0], { type: 'stage', stage: 'verify', status: 'start' });
    assert.deepEqual(events.at(-1), { type: 'stage', stage: 'verify', status: 'done' });
  });
});
