import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { type AcquireFlags, buildRequest, profileName } from '../../src/catalog/merge.ts';
import type { Profile } from '../../src/catalog/profiles.ts';
import { ExhibitError } from '../../src/model/errors.ts';
import { request } from '../plan/facts.ts';

const profile: Profile = {
  ref: { name: 'bench', version: 1, sha256: 'a'.repeat(64) },
  description: 'made up',
  settings: request.settings,
};

const least: AcquireFlags = { source: '/dev/sdx', to: '/mnt', case: 'C1', evidence: 'E1', examiner: 'R. Ames' };

function refused(flags: AcquireFlags): ExhibitError {
  try {
    buildRequest(flags, null, profile);
  } catch (error) {
    assert.ok(error instanceof ExhibitError);
    assert.equal(error.fault, 'usage');
    assert.equal(error.code, 'usage.request');
    return error;
  }
  assert.fail('it was not refused');
}

describe('merge', () => {
  test('command line over request file over profile', () => {
    const file = { case: 'C0', evidence: 'E0', examiner: 'file', notes: 'kept', labelSize: '500GB', profile: 'usb' };
    const request = buildRequest(
      { ...least, case: 'C1', evidence: undefined, format: 'split', readBack: false },
      file,
      profile,
    );
    assert.equal(request.caseInfo.caseNumber, 'C1');
    assert.equal(request.caseInfo.evidenceId, 'E0');
    assert.equal(request.caseInfo.notes, 'kept');
    assert.equal(request.label.size, 500_000_000_000);
    assert.deepEqual(request.settings, { ...profile.settings, format: 'split', readBack: false });
    assert.deepEqual(
      Object.entries(request.origins).filter(([, origin]) => origin === 'command-line'),
      [
        ['format', 'command-line'],
        ['readBack', 'command-line'],
      ],
    );
  });

  test('which profile: command line, request file, bench', () => {
    assert.equal(profileName({ profile: 'a' }, { profile: 'b' }), 'a');
    assert.equal(profileName({}, { profile: 'b' }), 'b');
    assert.equal(profileName({}, {}), 'bench');
    assert.equal(profileName({}, null), 'bench');
  });

  test('commander’s default of --no-read-back says nothing', () => {
    const quiet: Profile = { ...profile, settings: { ...profile.settings, readBack: false } };
    const request = buildRequest({ ...least, readBack: true }, null, quiet);
    assert.equal(request.settings.readBack, false);
    assert.equal(request.origins.readBack, 'profile');
  });

  test('ids, notes and description stand unchanged, whatever they hold', () => {
    for (const text of ['..', 'a/b', 'x\ny', 'Дело 7', '\u001b[31mred', 'CON', ' padded ']) {
      const { caseInfo } = buildRequest(
        { ...least, case: text, evidence: text, notes: text, description: text },
        null,
        profile,
      );
      assert.deepEqual(
        [caseInfo.caseNumber, caseInfo.evidenceId, caseInfo.notes, caseInfo.description],
        [text, text, text, text],
      );
    }
  });

  test('every missing field is named at once', () => {
    const { message } = refused({});
    assert.deepEqual(
      message
        .split('\n')
        .slice(1)
        .map((line) => line.split(' ')[1]),
      ['SOURCE', '--to', '--case', '--evidence', '--examiner'],
    );
  });

  test('all faults at once, as they are printed', () => {
    const { message } = refused({
      source: '/dev/sdx',
      to: '',
      case: ' ',
      evidence: 'x'.repeat(1001),
      examiner: 'a\nb',
      labelSize: 'big',
      format: 'e01',
      segmentSize: '1000',
      hash: 'md5,crc32',
      blockSize: '5K',
      pieceSize: '16X',
      reader: '\u001b[0m',
      allowUnblocked: '',
      labelMismatch: '',
      key: 'k',
      unsigned: true,
    });
    const reason = ' It takes the reason in words; it stands in the manifest.';
    assert.equal(
      message,
      [
        '14 faults in the request:',
        '- --to is empty. Name the folder that the evidence goes to: --to DIR.',
        '- --case is empty.',
        '- --evidence has 1001 letters; at most 1000 are taken.',
        '- --examiner holds a line break or a control character; it must be one line.',
        '- --label-size: "big" is not a size. Write bytes, or a whole number with K, M, G or T, such as 4M.',
        `- --label-mismatch is empty.${reason}`,
        '- --format: "e01" is not known; write one of raw, split.',
        '- --segment-size is 1000 bytes; it must be a multiple of 4096, and at least 1M.',
        '- --hash names "crc32"; known are md5, sha1, sha256, sha512.',
        '- --reader: "\\u{1b}[0m" is not known; write one of dd, direct.',
        '- --block-size is 5120 bytes; it must be a multiple of 4096 between 4K and 16M.',
        '- --piece-size: "16X" is not a size. Write bytes, or a whole number with K, M, G or T, such as 4M.',
        `- --allow-unblocked is empty.${reason}`,
        '- --key and --unsigned exclude each other. Leave one of them out.',
      ].join('\n'),
    );
  });

  const rows: [string, AcquireFlags, RegExp][] = [
    [
      'no sha256',
      { hash: 'md5,sha1' },
      /--hash must contain sha256: SHA256SUMS and the commands of VERIFY\.txt need it/,
    ],
    ['a hash twice', { hash: 'sha256,sha256' }, /--hash names sha256 twice/],
    ['an empty hash', { hash: 'sha256,' }, /--hash names ""/],
    ['block too large', { blockSize: '32M' }, /--block-size is 33554432 bytes/],
    ['block of nothing', { blockSize: '0' }, /--block-size is 0 bytes/],
    ['retries that are no number', { retries: 'many' }, /--retries: "many" is no whole number/],
    ['too many retries', { retries: '101' }, /--retries is 101; it must be a whole number from 0 to 100/],
    ['a limit in bytes', { maxBad: '4K' }, /--max-bad: "4K" is no whole number/],
    [
      'a time limit that a spinning-up disk breaks',
      { readTimeout: '1s' },
      /--read-timeout is 1 seconds; it must be from 2/,
    ],
    ['no length of time', { readTimeout: '5 minutes' }, /--read-timeout: "5 minutes" is no length of time/],
    ['nine days', { waitForDevice: '216h' }, /--wait-for-device is 777600 seconds; it must be/],
    ['piece no power of two', { pieceSize: '24M' }, /--piece-size is 25165824 bytes; it must be a power of two/],
    ['piece too large', { pieceSize: '2G' }, /--piece-size is 2147483648 bytes/],
    [
      'piece smaller than a block',
      { blockSize: '16M', pieceSize: '8M' },
      /--piece-size is 8388608 bytes; it must be a multiple of the block size/,
    ],
    [
      'block that does not divide the profile’s piece',
      { blockSize: '12K' },
      /--piece-size is 16777216 bytes; it must be a multiple of the block size, 12288/,
    ],
    ['segment off the grid', { segmentSize: '1048577' }, /--segment-size is 1048577 bytes/],
    ['engine', { hashEngine: 'gpu' }, /--hash-engine: "gpu" is not known/],
    ['half a surrogate pair', { notes: 'a\ud800b' }, /--notes holds half a surrogate pair/],
    [
      'control characters in a serial',
      { labelSerial: 'a\u0007' },
      /--label-serial holds a line break or a control character/,
    ],
    ['a path with a zero byte', { key: 'a\0' }, /--key holds letters that no path can hold/],
    ['empty folder name', { folderName: '' }, /--folder-name is empty/],
  ];
  for (const [what, flags, expected] of rows) {
    test(what, () => {
      const { message } = refused({ ...least, ...flags });
      assert.match(message, expected);
      assert.equal(message.split('\n').length, 1, 'one fault, told once');
    });
  }
});
