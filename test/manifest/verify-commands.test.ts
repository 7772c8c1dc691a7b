import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before, describe } from 'node:test';
import { formatPieces } from '../../src/image/pieces.ts';
import { formatAllowedSigners } from '../../src/manifest/allowed-signers.ts';
import { encodeManifest } from '../../src/manifest/encode.ts';
import { parseManifest } from '../../src/manifest/parse.ts';
import type { Manifest } from '../../src/manifest/schema.ts';
import { formatSums } from '../../src/manifest/sums.ts';
import { formatVerifyText } from '../../src/manifest/verify-text.ts';
import { incompleteManifest, sampleManifest } from '../support/sample-manifest.ts';

const SIGNER = "Zoë O'Neil (Lab 2)";
const PIECE = 64 * 1024;
const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

/** The bash commands of a VERIFY.txt, as anyone would extract them. */
function commandsOf(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('    $ '))
    .map((line) => line.slice(6));
}

const work = mkdtempSync(join(tmpdir(), 'exhibit-verify-'));
const key = join(work, 'key');
after(() => {
  rmSync(work, { recursive: true });
});

function run(folder: string, command: string): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync('bash', ['-c', command], { cwd: folder, timeout: 60_000 });
  return { status, output: stdout.toString() + stderr.toString() };
}

function sign(file: string, namespace: string): void {
  rmSync(`${file}.sig`, { force: true });
  const { status, stderr } = spawnSync('ssh-keygen', ['-Y', 'sign', '-f', key, '-n', namespace, file]);
  assert.equal(status, 0, stderr.toString());
}

function sumUp(folder: string): void {
  const names = readdirSync(folder).filter((name) => !name.startsWith('SHA256SUMS'));
  writeFileSync(
    join(folder, 'SHA256SUMS'),
    formatSums(names.map((name) => ({ name, sha256: sha256(readFileSync(join(folder, name))) }))),
  );
}

/** A whole folder on disk, made in the order of the specification. */
function makeFolder(name: string, segmentSizes: readonly number[], signed: boolean, partial = ''): string {
  const folder = mkdtempSync(join(work, `${name}-`));
  const split = segmentSizes.length > 1;
  const image = randomBytes(segmentSizes.reduce((sum, size) => sum + size, 0));
  let offset = 0;
  const segments = segmentSizes.map((size, index) => {
    const bytes = image.subarray(offset, offset + size);
    const file = `ITEM-7.${split ? String(index + 1).padStart(3, '0') : 'dd'}${partial}`;
    writeFileSync(join(folder, file), bytes);
    offset += size;
    return { name: file, offset: offset - size, size, sha256: sha256(bytes) };
  });
  const pieces = Array.from({ length: Math.ceil(image.length / PIECE) }, (_, i) => {
    const bytes = image.subarray(i * PIECE, (i + 1) * PIECE);
    return { offset: i * PIECE, length: bytes.length, sha256: sha256(bytes) };
  });
  writeFileSync(join(folder, 'ITEM-7.pieces.sha256'), formatPieces(pieces));
  for (const file of ['ITEM-7.map', 'ITEM-7.journal.jsonl', 'ITEM-7.txt']) writeFileSync(join(folder, file), file);
  const manifest = manifestFor(folder, image, segments, pieces.length, partial !== '');
  const bytes = encodeManifest(manifest);
  const parsed = parseManifest(bytes);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  const file = join(folder, 'ITEM-7.manifest.json');
  writeFileSync(file, bytes);
  if (signed) {
    sign(file, 'exhibit-manifest');
    writeFileSync(join(folder, 'allowed_signers'), formatAllowedSigners(SIGNER, readFileSync(`${key}.pub`, 'utf8')));
  }
  const signer = signed ? { principal: SIGNER, fingerprint: 'SHA256:abc' } : null;
  writeFileSync(join(folder, 'VERIFY.txt'), formatVerifyText(manifest, { manifestSha256: sha256(bytes), signer }));
  sumUp(folder);
  if (signed) sign(join(folder, 'SHA256SUMS'), 'exhibit-sums');
  return folder;
}

function manifestFor(
  folder: string,
  image: Buffer,
  segments: Manifest['image']['segments'],
  count: number,
  stopped: boolean,
): Manifest {
  const sample = stopped ? incompleteManifest() : sampleManifest();
  const format = segments.length > 1 ? 'split' : 'raw';
  const sumOf = (name: string): string => sha256(readFileSync(join(folder, name)));
  const sizeOf = (name: string): number => readFileSync(join(folder, name)).length;
  return {
    ...sample,
    source: { ...sample.source, size: image.length },
    acquisition: { ...sample.acquisition, settings: { ...sample.acquisition.settings, format, piece_size: PIECE } },
    image: { ...sample.image, format, size: image.length, segments },
    digests: [
      { algorithm: 'md5', hex: createHash('md5').update(image).digest('hex'), engine: 'native' },
      { algorithm: 'sha256', hex: sha256(image), engine: 'native' },
    ],
    pieces: { ...sample.pieces, size: PIECE, count, sha256: sumOf('ITEM-7.pieces.sha256') },
    read_map: { ...sample.read_map, good: image.length, not_tried: 0 },
    files: [
      ...segments.map(({ name, size, sha256 }) => ({ name, size, sha256, role: 'image' as const })),
      ...sample.files
        .filter((file) => file.role !== 'image')
        .map((file) => ({ ...file, size: sizeOf(file.name), sha256: sumOf(file.name) })),
    ],
  };
}

describe(
  'the commands of VERIFY.txt',
  { skip: spawnSync('ssh-keygen', ['-?']).error === undefined ? false : 'ssh-keygen is not installed' },
  () => {
    const folders: Record<string, string> = {};
    before(() => {
      assert.equal(spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]).status, 0);
      folders['raw'] = makeFolder('raw', [300_000], true);
      folders['split'] = makeFolder('split', [100_000, 100_000, 50_001], true);
      folders['many'] = makeFolder(
        'many',
        Array.from({ length: 12 }, () => 30_000),
        true,
      );
      folders['unsigned'] = makeFolder('unsigned', [200_000], false);
      folders['stopped'] = makeFolder('stopped', [300_000], true, '.partial');
    });

    for (const [name, count] of [
      ['raw', 9],
      ['split', 9],
      ['many', 9],
      ['unsigned', 7],
      ['stopped', 9],
    ] as const) {
      test(`${name}: all pass as they stand`, () => {
        const folder = folders[name]!;
        const commands = commandsOf(readFileSync(join(folder, 'VERIFY.txt'), 'utf8'));
        assert.equal(commands.length, count);
        for (const command of commands) {
          const { status, output } = run(folder, command);
          assert.equal(status, 0, `${command}\n${output}`);
          assert.doesNotMatch(output, /No such|DIFFERENT|error/i);
        }
      });
    }

    /** Statuses of all commands after something was done to a copy of the folder. */
    function failing(name: string, tamper: (folder: string) => void): { failed: string[]; output: string } {
      const folder = mkdtempSync(join(work, 'tampered-'));
      cpSync(folders[name]!, folder, { recursive: true });
      const commands = commandsOf(readFileSync(join(folder, 'VERIFY.txt'), 'utf8'));
      tamper(folder);
      const results = commands.map((command) => ({ command, ...run(folder, command) }));
      return {
        failed: results.filter((result) => result.status !== 0).map((result) => result.command),
        output: results.map((result) => result.output).join(''),
      };
    }

    function flip(folder: string, file: string, at: number): void {
      const bytes = readFileSync(join(folder, file));
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      writeFileSync(join(folder, file), bytes);
    }

    for (const [name, file] of [
      ['raw', 'ITEM-7.dd'],
      ['split', 'ITEM-7.002'],
      ['many', 'ITEM-7.005'],
      ['stopped', 'ITEM-7.dd.partial'],
    ] as const) {
      test(`${name}: a flipped bit in the image fails sums, stream and pieces, and is located`, () => {
        const { failed, output } = failing(name, (folder) => {
          flip(folder, file, 1000);
        });
        assert.equal(failed.length, name === 'raw' || name === 'stopped' ? 4 : 3);
        const at = name === 'split' ? 101_000 : name === 'many' ? 121_000 : 1000;
        assert.match(output, new RegExp(`bytes ${Math.floor(at / PIECE) * PIECE}\\+${PIECE}: DIFFERENT`));
      });
    }

    test('segments swapped fail', () => {
      const { failed } = failing('split', (folder) => {
        renameSync(join(folder, 'ITEM-7.001'), join(folder, 'x'));
        renameSync(join(folder, 'ITEM-7.002'), join(folder, 'ITEM-7.001'));
        renameSync(join(folder, 'x'), join(folder, 'ITEM-7.002'));
      });
      assert.ok(failed.some((command) => command.startsWith('sha256sum --strict')));
      assert.ok(failed.some((command) => command.includes('cat ITEM-7.001')));
    });

    test('the image swapped and the sums made anew: the signature fails', () => {
      const { failed } = failing('raw', (folder) => {
        writeFileSync(join(folder, 'ITEM-7.dd'), randomBytes(300_000));
        sumUp(folder);
      });
      assert.ok(failed.some((command) => command.includes('-n exhibit-sums')));
    });

    test('the manifest rewritten, the sums made anew: both signatures fail', () => {
      const { failed } = failing('raw', (folder) => {
        const file = join(folder, 'ITEM-7.manifest.json');
        writeFileSync(file, readFileSync(file, 'utf8').replace('laptop', 'phone'));
        sumUp(folder);
      });
      assert.equal(failed.filter((command) => command.startsWith('ssh-keygen')).length, 2);
      assert.ok(failed.some((command) => command.startsWith('echo ')));
    });

    test('one signature can not pass for the other', () => {
      const { failed } = failing('raw', (folder) => {
        cpSync(join(folder, 'ITEM-7.manifest.json'), join(folder, 'SHA256SUMS'));
        cpSync(join(folder, 'ITEM-7.manifest.json.sig'), join(folder, 'SHA256SUMS.sig'));
      });
      assert.ok(failed.some((command) => command.includes('-n exhibit-sums')));
    });

    test('a missing file fails', () => {
      const { failed } = failing('raw', (folder) => {
        rmSync(join(folder, 'ITEM-7.map'));
      });
      assert.deepEqual(failed, ['sha256sum --strict -c SHA256SUMS']);
    });
  },
);
