import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import type { Manifest } from '../../src/manifest/schema.ts';
import { formatVerifyText } from '../../src/manifest/verify-text.ts';
import {
  incompleteManifest,
  mismatchManifest,
  sampleManifest,
  stoppedMismatchManifest,
  unreadableManifest,
} from '../support/sample-manifest.ts';

const facts = {
  manifestSha256: 'e'.repeat(64),
  signer: { principal: "Zoë O'Neil (Lab 2)", fingerprint: 'SHA256:abc' },
};

function commandsOf(text: string): string[] {
  return text.split('\n').filter((line) => line.startsWith('    $ '));
}

describe('VERIFY.txt says aloud', () => {
  const top = (manifest: Manifest, signer: typeof facts.signer | null = facts.signer): string =>
    formatVerifyText(manifest, { ...facts, signer }).split('LINUX')[0] ?? '';

  test('first of all, what allowed_signers does not prove', () => {
    assert.match(
      formatVerifyText(sampleManifest(), facts),
      /^allowed_signers CAME WITH THIS FOLDER AND PROVES NOTHING ABOUT WHO SIGNED IT\.\n/,
    );
    assert.doesNotMatch(top(sampleManifest()), /INCOMPLETE|MISMATCH|UNREADABLE|NOT SIGNED|partial/);
  });

  test('unsigned', () => {
    const text = formatVerifyText(sampleManifest({ signing: { state: 'unsigned' } }), { ...facts, signer: null });
    assert.match(text, /^THIS FOLDER IS NOT SIGNED\.\n/);
    assert.doesNotMatch(text, /ssh-keygen -Y|allowed_signers/);
  });

  test('signed later', () => {
    assert.match(top(sampleManifest({ signing: { state: 'unsigned' } })), /SIGNED LATER/);
  });

  test('incomplete, and why, escaped', () => {
    const text = top(incompleteManifest());
    assert.match(text, /INCOMPLETE: .* holds 6,000 bytes \(5\.9 KiB\) of 10,000 bytes/);
    assert.match(text, /the drive died\\u\{1b\}\[2J/);
    assert.match(text, /\.partial/);
  });

  test('a mismatch, and which checks must fail', () => {
    assert.match(top(mismatchManifest()), /MISMATCH: the image does not read back[^]*MUST fail/);
    const cache = { avoided: 'yes' as const, how: 'O_DIRECT', file_system: 'ext4' };
    const source_check = { state: 'mismatch' as const, cache, differing: [{ start: 0, end: 512 }], unreadable: [] };
    assert.match(
      top(sampleManifest({ outcome: 'mismatch', source_check })),
      /MISMATCH: the source gave different data/,
    );
  });

  test('a mismatch of a stopped run: its hashes are of the image, and the checks say nothing of the data read', () => {
    const text = top(stoppedMismatchManifest());
    assert.match(text, /INCOMPLETE: [^]*MISMATCH: the image does not read back[^]*nothing of the data as it was read/);
    assert.doesNotMatch(text, /MUST fail/);
  });

  test('unreadable places', () => {
    assert.match(top(unreadableManifest()), /UNREADABLE: 1,024 bytes/);
  });

  test('no image at all: no command waits for standard input', () => {
    const nothing = incompleteManifest();
    const text = formatVerifyText({ ...nothing, image: { ...nothing.image, segments: [] } }, facts);
    assert.ok(commandsOf(text).every((command) => !command.includes('cat ')));
    assert.match(text, /There is no image file/);
  });

  test("names in each shell's quotes", () => {
    const text = formatVerifyText(sampleManifest(), facts);
    assert.match(text, /^ {4}\$ ssh-keygen .* -I 'Zoë O'\\''Neil \(Lab 2\)' -n exhibit-sums /m);
    assert.match(text, /^ {4}C:\\> ssh-keygen .* -I "Zoë O'Neil \(Lab 2\)" -n exhibit-sums .* < SHA256SUMS$/m);
    assert.match(text, /^ {4}PS> cmd \/c 'ssh-keygen .* -I "Zoë O''Neil \(Lab 2\)" -n exhibit-sums .* < SHA256SUMS'$/m);
    assert.doesNotMatch(
      formatVerifyText(sampleManifest(), { ...facts, signer: { principal: '100%', fingerprint: 'x' } }),
      /C:\\>/,
    );
  });

  test('a name that does not show is a bug', () => {
    assert.throws(
      () => formatVerifyText(sampleManifest(), { ...facts, signer: { principal: 'a\nb', fingerprint: 'x' } }),
      { code: 'internal.bug' },
    );
  });
});
