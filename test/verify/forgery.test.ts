import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before, describe } from 'node:test';
import { formatPieces } from '../../src/image/pieces.ts';
import type { VerifyReport } from '../../src/verify/report.ts';
import { signByHand } from '../manifest/sign-support.ts';
import {
  journalOf,
  makeEvidence,
  manifestPath,
  piecesOf,
  readManifestOf,
  sampleData,
  sealFolder,
  sealOfFolder,
  sha256,
  SIZE,
  toldBy,
  writeManifest,
  writeSums,
} from '../support/evidence-folder.ts';
import { makeBench, ranges, troubles, verify, type Bench } from './verify-support.ts';

describe('forgeries', () => {
  let bench: Bench;
  let whole: string;
  let split: string;
  before(() => {
    bench = makeBench();
    whole = bench.make();
    split = bench.make({ format: 'split' });
  });
  after(() => {
    bench.remove();
  });

  /** Does something to a copy, and expects this exit with the examiner's signers, with words to this pattern. */
  async function expect(
    folder: string,
    exit: number,
    words: RegExp,
    act: (copy: string) => void,
  ): Promise<VerifyReport> {
    const copy = bench.copy(folder);
    act(copy);
    const report = await verify(copy, { signersFile: bench.signers });
    assert.equal(report.exit, exit, troubles(report));
    assert.match(troubles(report), words);
    return report;
  }
  const listed = (folder: string): string[] =>
    readFileSync(join(folder, 'SHA256SUMS'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.slice(66));

  test('the image swapped and the sums made anew', async () => {
    const report = await expect(whole, 13, /invalid sums-signature/, (folder) => {
      writeFileSync(join(folder, 'ITEM-7.dd'), sampleData('another disk'));
      writeSums(folder, listed(folder), null);
    });
    assert.deepEqual(ranges(report), [`differs 0-${SIZE}`]);
    assert.match(troubles(report), /SHA256 of the image is/);
  });

  test('everything made anew and signed with another key under the same name', async () => {
    const forged = makeEvidence({
      parent: join(bench.root, 'forged'),
      key: bench.otherKey,
      data: sampleData('another'),
    });
    const trusted = await verify(forged, { signersFile: bench.signers });
    assert.equal(trusted.exit, 14, troubles(trusted));
    assert.match(troubles(trusted), /invalid sums-signature/);
    assert.match(troubles(trusted), /invalid manifest-signature/);
    const sealed = await verify(forged, { seal: sealOfFolder(whole) });
    assert.equal(sealed.exit, 14, troubles(sealed));
    assert.match(troubles(sealed), /invalid seal/);
    const nothing = await verify(forged);
    assert.equal(nothing.exit, 4, troubles(nothing));
    assert.notEqual(nothing.signer?.fingerprint, (await verify(whole)).signer?.fingerprint);
  });

  test('only the sums signed with another key, which allowed_signers lists', async () => {
    await expect(whole, 14, /signed by different keys/, (folder) => {
      writeSums(folder, listed(folder), bench.otherKey);
    });
  });

  test('signed with another key than the manifest names', async () => {
    await expect(whole, 14, /The manifest says that the key/, (folder) => {
      sealFolder(folder, bench.otherKey);
    });
  });

  test('the signature of one file in place of the other', async () => {
    await expect(whole, 14, /invalid sums-signature: .*exhibit-manifest/, (folder) => {
      copyFileSync(`${manifestPath(folder)}.sig`, join(folder, 'SHA256SUMS.sig'));
    });
  });

  test('segments exchanged, and renamed', async () => {
    const swapped = await expect(split, 13, /ITEM-7\.001 .*It holds the content of ITEM-7\.002/, (folder) => {
      renameSync(join(folder, 'ITEM-7.001'), join(folder, 'x'));
      renameSync(join(folder, 'ITEM-7.002'), join(folder, 'ITEM-7.001'));
      renameSync(join(folder, 'x'), join(folder, 'ITEM-7.002'));
    });
    assert.deepEqual(ranges(swapped), ['differs 0-204800']);
    await expect(split, 13, /ITEM-7\.002 is missing: it lies there as old-name/, (folder) => {
      renameSync(join(folder, 'ITEM-7.002'), join(folder, 'old-name'));
    });
  });

  test('the manifest rewritten, its signature taken away', async () => {
    await expect(whole, 13, /manifest\.json is not the file that SHA256SUMS lists/, (folder) => {
      const manifest = readManifestOf(folder);
      writeManifest(folder, { ...manifest, case: { ...manifest.case, examiner: 'Somebody' } });
      rmSync(`${manifestPath(folder)}.sig`);
    });
    await expect(whole, 14, /there is no signature: it was taken away/, (folder) => {
      rmSync(`${manifestPath(folder)}.sig`);
      rmSync(join(folder, 'SHA256SUMS.sig'));
      writeSums(
        folder,
        listed(folder).filter((name) => !name.endsWith('.sig')),
        null,
      );
    });
    await expect(whole, 14, /invalid manifest-signature: .*is missing/, (folder) => {
      rmSync(`${manifestPath(folder)}.sig`);
      writeSums(
        folder,
        listed(folder).filter((name) => !name.endsWith('.sig')),
        bench.key,
      );
    });
  });

  test('the manifest rewritten to say unsigned: not established, and not the sealed folder', async () => {
    const folder = bench.copy(whole);
    rmSync(`${manifestPath(folder)}.sig`);
    rmSync(join(folder, 'SHA256SUMS.sig'));
    rmSync(join(folder, 'allowed_signers'));
    writeManifest(folder, { ...readManifestOf(folder), signing: { state: 'unsigned' } });
    sealFolder(folder, null);
    assert.equal((await verify(folder, { signersFile: bench.signers })).exit, 4);
    assert.equal((await verify(folder, { signersFile: bench.signers, seal: sealOfFolder(whole) })).exit, 14);
  });

  test('a journal made anew with an unbroken chain', async () => {
    await expect(whole, 13, /damaged journal: .*last record is not the one/, (folder) => {
      const told = toldBy({ ...readManifestOf(folder), digests: [] });
      writeFileSync(join(folder, 'ITEM-7.journal.jsonl'), journalOf(told).bytes);
      writeSums(folder, listed(folder), bench.key);
    });
  });

  test('the image swapped and the pieces made to fit: all of the file is named', async () => {
    const report = await expect(whole, 13, /pieces-file: .*not the file that the manifest names/, (folder) => {
      const data = sampleData('another disk');
      writeFileSync(join(folder, 'ITEM-7.dd'), data);
      writeFileSync(join(folder, 'ITEM-7.pieces.sha256'), formatPieces(piecesOf(data)));
      writeSums(folder, listed(folder), null);
    });
    assert.deepEqual(ranges(report), [`differs 0-${SIZE}`]);
  });

  test('a piece list that is damaged does not accuse a sound image', async () => {
    const report = await expect(whole, 13, /damaged pieces-file/, (folder) => {
      const pieces = piecesOf(sampleData('another disk'));
      writeFileSync(join(folder, 'ITEM-7.pieces.sha256'), formatPieces(pieces));
    });
    assert.deepEqual(ranges(report), []);
  });

  test('a signer whose own manifest lies about the read map', async () => {
    const folder = bench.copy(whole);
    const manifest = readManifestOf(folder);
    const map = '# x\n0x0 + 1\n0x0 0x49000 +\n0x49000 0x200 -\n';
    writeFileSync(join(folder, 'ITEM-7.map'), map);
    const files = manifest.files.map((file) =>
      file.role === 'map' ? { ...file, size: map.length, sha256: sha256(Buffer.from(map)) } : file,
    );
    writeManifest(folder, { ...manifest, files });
    sealFolder(folder, bench.key);
    const report = await verify(folder, { signersFile: bench.signers });
    assert.equal(report.exit, 13, troubles(report));
    assert.match(troubles(report), /damaged map: .*unreadable: 512 bytes/);
  });

  test('a signer whose own list of pieces contradicts the image', async () => {
    const folder = bench.copy(whole);
    const manifest = readManifestOf(folder);
    const pieces = piecesOf(sampleData('disk')).map((piece, index) =>
      index === 1 ? { ...piece, sha256: sha256(Buffer.of()) } : piece,
    );
    const bytes = Buffer.from(formatPieces(pieces));
    writeFileSync(join(folder, 'ITEM-7.pieces.sha256'), bytes);
    const files = manifest.files.map((file) => (file.role === 'pieces' ? { ...file, sha256: sha256(bytes) } : file));
    writeManifest(folder, { ...manifest, files, pieces: { ...manifest.pieces, sha256: sha256(bytes) } });
    sealFolder(folder, bench.key);
    const report = await verify(folder, { signersFile: bench.signers });
    assert.deepEqual([report.exit, ranges(report)], [13, ['differs 65536-131072']]);
  });

  test('lines of SHA256SUMS dropped, by somebody who holds the key', async () => {
    for (const name of [
      'VERIFY.txt',
      'allowed_signers',
      'ITEM-7.dd',
      'ITEM-7.manifest.json',
      'ITEM-7.manifest.json.sig',
    ]) {
      await expect(whole, 14, new RegExp(`does not list ${name}\\.$`, 'm'), (folder) => {
        writeSums(
          folder,
          listed(folder).filter((each) => each !== name),
          bench.key,
        );
      });
    }
  });

  test('links and folders in place of files are not followed', async () => {
    const outside = join(bench.root, 'outside');
    mkdirSync(outside, { recursive: true });
    for (const name of ['ITEM-7.dd', 'ITEM-7.manifest.json', 'ITEM-7.map', 'allowed_signers']) {
      await expect(whole, 13, /is a symbolic link, not a file/, (folder) => {
        renameSync(join(folder, name), join(outside, name));
        symlinkSync(join(outside, name), join(folder, name));
      });
    }
    await expect(whole, 14, /SHA256SUMS is a symbolic link/, (folder) => {
      renameSync(join(folder, 'SHA256SUMS'), join(outside, 'SHA256SUMS'));
      symlinkSync(join(outside, 'SHA256SUMS'), join(folder, 'SHA256SUMS'));
    });
    await expect(whole, 13, /ITEM-7\.txt is a folder, not a file/, (folder) => {
      rmSync(join(folder, 'ITEM-7.txt'));
      mkdirSync(join(folder, 'ITEM-7.txt'));
    });
  });

  test('two manifests, a renamed one, none at all', async () => {
    await expect(whole, 14, /There are 2 manifests/, (folder) => {
      copyFileSync(manifestPath(folder), join(folder, 'copy.manifest.json'));
    });
    await expect(whole, 13, /ITEM-7\.manifest\.json is missing: it lies there as NEW\.manifest\.json/, (folder) => {
      renameSync(manifestPath(folder), join(folder, 'NEW.manifest.json'));
    });
    await expect(whole, 14, /There is no manifest in the folder/, (folder) => {
      rmSync(manifestPath(folder));
      rmSync(join(folder, 'SHA256SUMS'));
    });
  });

  test('a manifest of a newer version is refused with the advice', async () => {
    await expect(whole, 14, /use the exhibit that made it/, (folder) => {
      const text = readFileSync(manifestPath(folder), 'utf8').replace('\n  "version": 1\n', '\n  "version": 2\n');
      assert.match(text, /^ {2}"version": 2$/m);
      writeFileSync(manifestPath(folder), text);
      writeFileSync(`${manifestPath(folder)}.sig`, signByHand(bench.key, 'exhibit-manifest', text));
      writeSums(folder, listed(folder), bench.key);
    });
  });

  test('a part of the image finds damage only where it looks, and never says verified', async () => {
    const folder = bench.copy(whole);
    const bytes = readFileSync(join(folder, 'ITEM-7.dd'));
    bytes[200_000] = (bytes[200_000] ?? 0) ^ 1;
    writeFileSync(join(folder, 'ITEM-7.dd'), bytes);
    const look = async (start: number, end: number): Promise<number> =>
      (await verify(folder, { signersFile: bench.signers, range: { start, end } })).exit;
    assert.equal(await look(0, 10), 4);
    assert.equal(await look(199_999, 200_001), 13);
    const all = await verify(folder, { signersFile: bench.signers, sample: { count: 99, seed: '1' } });
    assert.equal(all.exit, 13);
    assert.deepEqual(ranges(all), ['differs 196608-262144']);
  });
});
