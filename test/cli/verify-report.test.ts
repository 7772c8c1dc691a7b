import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { labelBlock, manifestSummary } from '../../src/cli/screen/manifest-summary.ts';
import { verifyJson, verifyText } from '../../src/cli/screen/verify-report.ts';
import { REQUIRED, type VerifyReport } from '../../src/verify/report.ts';
import {
  incompleteManifest,
  sampleManifest,
  stoppedMismatchManifest,
  unreadableManifest,
} from '../support/sample-manifest.ts';
import { sentManifest } from '../support/sent.ts';

const SEAL = 'ab'.repeat(32);

function report(changes: Partial<VerifyReport> = {}): VerifyReport {
  return {
    folder: '/evidence/2026-17/ITEM-7',
    stem: 'ITEM-7',
    caseNumber: '2026-17',
    evidenceId: 'ITEM-7',
    outcome: 'complete',
    exit: 0,
    checks: REQUIRED.map((name) => ({ name, status: 'ok', message: `${name} is right.` })),
    damage: [],
    notCovered: [],
    notes: [],
    signer: { fingerprint: 'SHA256:abc', keyType: 'ssh-ed25519', trustedAs: 'Ann Lee', claimed: 'Ann Lee' },
    sealHex: SEAL,
    image: {
      whole: true,
      ranges: [{ start: 0, end: 10_000 }],
      cache: { avoided: 'no', how: 'the file system is tmpfs', fileSystem: '0x1021994' },
      seed: null,
    },
    ...changes,
  };
}

const DAMAGE = {
  kind: 'differs',
  start: 65_536,
  end: 131_072,
  firstSector: 128,
  endSector: 256,
  places: [
    { file: 'ITEM-7.001', offset: 65_536, length: 1024 },
    { file: 'ITEM-7.002', offset: 0, length: 64_512 },
  ],
} as const;

describe('verifyText', () => {
  test('says VERIFIED for exit 0 only, and first', () => {
    // What no list names is told apart: the headline must not speak for it.
    assert.match(verifyText(report()), /^VERIFIED: every listed file, /);
    assert.match(
      verifyText(report({ outcome: 'complete-with-unreadable' })),
      /^VERIFIED, WITH UNREADABLE SECTORS: every listed file /,
    );
    assert.match(verifyText(report({ exit: 4 })), /^NOTHING CONTRADICTS, BUT NOT EVERYTHING IS ESTABLISHED/);
    assert.match(verifyText(report({ exit: 13 })), /^DAMAGED/);
    assert.match(verifyText(report({ exit: 14 })), /^NOT VALID/);
    for (const exit of [4, 13, 14] as const) assert.doesNotMatch(verifyText(report({ exit })), /VERIFIED/);
  });

  test('says what is missing and what to type', () => {
    const hint = 'Name the signers that you trust: --signers FILE';
    const text = verifyText(
      report({
        exit: 4,
        checks: [
          { name: 'sums-signature', status: 'unestablished', message: 'Who signed is not established.', hint },
          { name: 'manifest-signature', status: 'unestablished', message: 'Nor here.', hint },
          { name: 'map', status: 'ok', message: 'The read map agrees.' },
        ],
      }),
    );
    assert.match(text, /Not established:\n {2}Who signed is not established\.\n {2}Nor here\.\n {2}→ Name the signers/);
    assert.equal(text.split('→').length, 2, 'a hint is said once');
    assert.match(text, /Checked and right:\n {2}The read map agrees\./);
  });

  test('names damage by bytes, sectors and files', () => {
    const text = verifyText(report({ exit: 13, damage: [DAMAGE] }));
    assert.match(
      text,
      /differs somewhere in bytes 65,536 to 131,071 \(64\.0 KiB\), sectors 128 to 255; ITEM-7\.001 from byte 65,536 to ITEM-7\.002/,
    );
    const many = verifyText(report({ exit: 13, damage: Array.from({ length: 1000 }, () => DAMAGE) }));
    assert.match(many, /and 940 more \(--json lists all\)/);
  });

  test('says where the image was read from, the seed, and what is not covered', () => {
    const image = report().image;
    assert.ok(image !== null);
    const text = verifyText(
      report({ image: { ...image, seed: 'abc' }, notCovered: ['notes.txt'], notes: ['A note.'] }),
    );
    assert.match(
      text,
      /10,000 bytes \(9\.8 KiB\) of the image, from memory, possibly not from the medium \(the file system is tmpfs\)/,
    );
    assert.match(text, /Seed {6}abc/);
    assert.match(text, /Not covered by any list \(changes no verdict\):\n {2}notes\.txt/);
    assert.match(text, /Notes:\n {2}A note\./);
    assert.doesNotMatch(verifyText(report({ signer: { ...report().signer!, trustedAs: null } })), /named by your/);
  });
});

test('verifyJson holds all of it, also what the text cuts', () => {
  const json = verifyJson(report({ exit: 13, damage: Array.from({ length: 100 }, () => DAMAGE), sealHex: null })) as {
    ok: boolean;
    exit: number;
    verdict: string;
    damage: object[];
    seal_sha256: null;
    checks: { name: string; hint: null }[];
  };
  assert.deepEqual(
    [json.ok, json.exit, json.verdict, json.damage.length, json.seal_sha256],
    [false, 13, 'damaged', 100, null],
  );
  assert.equal(json.checks.length, REQUIRED.length);
  assert.deepEqual(JSON.parse(JSON.stringify(json)), json);
});

describe('manifestSummary', () => {
  const facts = { folder: '/e/ITEM-7', sealHex: SEAL, fingerprint: 'SHA256:abc' };

  test('says that it verifies nothing, then what the manifest says', () => {
    const text = manifestSummary(sampleManifest(), facts);
    assert.match(text, /^NOT VERIFIED/);
    for (const line of [
      /^case +2026-17$/m,
      /^serial +S123$/m,
      /^outcome +complete$/m,
      /^held by +open with O_EXCL: .*not kept away$/m,
      /^protection +kernel-flag-only/m,
      /^SHA256 +0123456789abcdef/m,
      new RegExp(`^seal +${SEAL}$`, 'm'),
      /^signing +"J\. O'Neil", ssh-ed25519 SHA256:abc$/m,
    ])
      assert.match(text, line);
    assert.doesNotMatch(text, /unreadable/);
  });

  test('says of a disk that was sent no more than is known of it', () => {
    const text = manifestSummary(sentManifest(sampleManifest()), facts);
    assert.match(text, /^sector +not known; counted in 512 bytes$/m);
    assert.match(text, /^re-read +the source was sent once$/m);
    assert.match(manifestSummary(sampleManifest(), facts), /^sector +512 bytes logical, \d+ physical$/m);
  });

  test('says of both second readings whether they came from the cache', () => {
    const cache = { avoided: 'no' as const, how: 'tmpfs\u001b[2J', file_system: '0x1021994' };
    const read_back = { state: 'match' as const, cache, differing: [] };
    const text = manifestSummary(sampleManifest({ read_back, source_check: { ...read_back, unreadable: [] } }), facts);
    assert.match(text, /^read-back +match, page cache avoided: no \(tmpfs\\u\{1b\}\[2J\)$/m);
    assert.match(text, /^re-read +of the source: match, page cache avoided: no \(tmpfs/m);
  });

  test('shows unreadable ranges, and what an incomplete one lacks, with hostile words escaped', () => {
    assert.match(manifestSummary(unreadableManifest(), facts), /bytes 4096 to 5119, sectors 8 to 9, EIO/);
    const text = manifestSummary(incompleteManifest(), { ...facts, sealHex: null });
    assert.match(text, /the drive died\\u\{1b\}\[2J/);
    assert.match(text, /^not read +4,000 bytes/m);
    assert.match(text, /no SHA256SUMS/);
  });

  test('the label is short and has id, seal and key', () => {
    const text = labelBlock(sampleManifest(), facts);
    assert.ok(text.split('\n').every((line) => line.length <= 80));
    assert.match(text, new RegExp(`ITEM-7\\nSHA256SUMS ${SEAL}\\nkey {8}SHA256:abc\\n`));
    assert.match(text, /not verified/);
    const odd = labelBlock(incompleteManifest(), { ...facts, fingerprint: null });
    assert.match(odd, /UNSIGNED/);
    assert.match(odd, /outcome {4}incomplete$/m);
    assert.match(labelBlock(stoppedMismatchManifest(), facts), /^outcome {4}incomplete, MISMATCH$/m);
  });
});
