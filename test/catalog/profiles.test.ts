import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, describe } from 'node:test';
import { knownProfiles, loadProfile } from '../../src/catalog/profiles.ts';
import { ExhibitError } from '../../src/model/errors.ts';
import { packageRoot } from '../support/root.ts';
import { catalogPorts } from './ports.ts';

const folder = mkdtempSync(join(tmpdir(), 'exhibit-profiles-'));
after(() => {
  rmSync(folder, { recursive: true });
});

const bench = readFileSync(join(packageRoot, 'profiles/bench.yaml'), 'utf8');

function written(content: string | Uint8Array): string {
  const path = join(folder, 'own.yaml');
  writeFileSync(path, content);
  return path;
}

async function refused(nameOrFile: string): Promise<ExhibitError> {
  const error: unknown = await loadProfile(catalogPorts, nameOrFile).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ExhibitError, 'it was not refused');
  assert.equal(error.fault, 'usage');
  return error;
}

describe('profiles', () => {
  test('bench is what the manual says', async () => {
    const { ref, settings } = await loadProfile(catalogPorts, 'bench');
    assert.deepEqual(settings, {
      format: 'raw',
      segmentSize: 2 * 1024 ** 3,
      hashes: ['md5', 'sha256'],
      engine: 'auto',
      reader: 'dd',
      blockSize: 4 * 1024 ** 2,
      pieceSize: 16 * 1024 ** 2,
      readBack: true,
      verifySource: false,
      protection: 'operator-attested',
      probe: true,
      vendorQuery: false,
      recovery: 'in-line',
      retries: 0,
      maxBad: null,
      readTimeout: null,
      waitForDevice: 600,
    });
    assert.deepEqual(ref, { name: 'bench', version: 1, sha256: createHash('sha256').update(bench).digest('hex') });
  });

  test('every profile that comes with the program is valid, and named as its file', async () => {
    const names = await knownProfiles(catalogPorts);
    assert.deepEqual(names, ['bench', 'remote-frozen', 'remote-live', 'rescue', 'usb']);
    for (const name of names) assert.equal((await loadProfile(catalogPorts, name)).ref.name, name);
  });

  test('a file of one’s own, by its path', async () => {
    const path = written(
      bench.replace('profile: bench', 'profile: mine').replace('block-size: 4M', 'block-size: 65536'),
    );
    const { ref, settings } = await loadProfile(catalogPorts, path);
    assert.equal(ref.name, 'mine');
    assert.equal(settings.blockSize, 65536);
  });

  test('an unknown name is refused with the known ones', async () => {
    for (const name of ['benhc', '', '..', 'request.schema', '\u001b[31m']) {
      const error = await refused(name);
      assert.equal(error.code, 'usage.unknown-profile');
      assert.match(error.hint ?? '', /Known are: bench, remote-frozen, remote-live, rescue, usb\./);
      assert.ok(!error.message.includes('\u001b'));
    }
  });

  test('a file that is not there, too large, or not text', async () => {
    assert.equal((await refused(join(folder, 'none.yaml'))).code, 'usage.unreadable-file');
    assert.equal((await refused(folder + '/')).code, 'usage.unreadable-file');
    assert.match((await refused(written(Buffer.alloc(2 ** 20 + 1, '#')))).message, /larger than/);
    assert.match((await refused(written(Buffer.from([0x70, 0xff, 0xfe])))).message, /not UTF-8/);
  });

  test('all faults of a file in one message, by line and column', async () => {
    const path = written(
      [
        'profile: Bench',
        'version: 2',
        'description: ""',
        'format: e01',
        'segment-size: 100K',
        'hashes: [md5, md5]',
        'engine: gpu',
        'reader: dd',
        'blocksize: 4M',
        'block-size: 3000',
        'piece-size: 3M',
        'read-back: maybe',
        'retries: 101',
        'max-bad: some',
        'read-timeout: 1',
        'wait-for-device: -1',
        '',
      ].join('\n'),
    );
    const error = await refused(path);
    assert.equal(error.code, 'profile.invalid');
    assert.equal(
      error.message.replaceAll(path, 'own.yaml'),
      [
        'own.yaml is not a profile:',
        'own.yaml:1:1: verify-source: is missing',
        'own.yaml:1:1: write-protection: is missing',
        'own.yaml:1:1: probe: is missing',
        'own.yaml:1:1: vendor-query: is missing',
        'own.yaml:1:1: recovery: is missing',
        'own.yaml:1:10: profile: must be a name of small letters, digits and -, 40 at most',
        'own.yaml:2:10: version: must be 1: no other version of profiles is known to this program',
        'own.yaml:3:14: description: is empty',
        'own.yaml:4:9: format: must be one of raw, split',
        'own.yaml:5:15: segment-size: is 102400 bytes; it must be a multiple of 4096, and at least 1M',
        'own.yaml:6:9: hashes: names md5 twice',
        'own.yaml:7:9: engine: must be one of auto, wasm, native',
        'own.yaml:9:1: blocksize: not a key that is known here',
        'own.yaml:10:13: block-size: is 3000 bytes; it must be a multiple of 4096 between 4K and 16M',
        'own.yaml:11:13: piece-size: is 3145728 bytes; it must be a power of two between 1M and 1G',
        'own.yaml:12:12: read-back: must be true or false',
        'own.yaml:13:10: retries: is 101; it must be a whole number from 0 to 100',
        'own.yaml:14:10: max-bad: must be a whole number, or none',
        'own.yaml:15:15: read-timeout: is 1 seconds; it must be from 2 seconds to an hour, or none to wait for the kernel',
        'own.yaml:16:18: wait-for-device: is -1 seconds; it must be from 0 (does not wait) to seven days',
      ].join('\n'),
    );
  });

  const rows: [string, string, RegExp][] = [
    [
      'hashes: [md5, sha256]',
      'hashes: [md5]',
      /hashes: must contain sha256: SHA256SUMS and the commands of VERIFY.txt need it/,
    ],
    ['hashes: [md5, sha256]', 'hashes: []', /hashes: must contain sha256/],
    ['hashes: [md5, sha256]', 'hashes: [sha256, crc32]', /hashes.1: must be one of md5, sha1, sha256, sha512/],
    ['block-size: 4M', 'block-size: 4.5M', /block-size: must be a size/],
    ['block-size: 4M', 'block-size: 4.5', /block-size: must be a size/],
    ['block-size: 4M', 'block-size: -4096', /block-size: is -4096 bytes/],
    [
      'block-size: 4M',
      'block-size: 12K',
      /piece-size: is 16777216 bytes; it must be a multiple of the block size, 12288 bytes/,
    ],
    ['description: A', 'description: "\\uD800"\n#', /description: holds half a surrogate pair/],
  ];
  for (const [from, to, expected] of rows) {
    test(`${from} → ${to.split('\n')[0] ?? ''}`, async () => {
      const error = await refused(written(bench.replace(from, to)));
      assert.match(error.message, expected);
      assert.equal(error.message.split('\n').length, 2, 'one fault, told once');
    });
  }
});
