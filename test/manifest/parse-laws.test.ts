import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { encodeManifest } from '../../src/manifest/encode.ts';
import { parseManifest } from '../../src/manifest/parse.ts';
import type { Manifest } from '../../src/manifest/schema.ts';
import { withSessions } from '../support/told.ts';
import {
  incompleteManifest,
  mismatchManifest,
  sampleManifest,
  unreadableManifest,
} from '../support/sample-manifest.ts';

function faultsOf(manifest: Manifest): string[] {
  const result = parseManifest(encodeManifest(manifest));
  return result.ok ? [] : result.faults;
}

function reasons({ outcome, incomplete_reason }: Manifest): Pick<Manifest, 'outcome' | 'incomplete_reason'> {
  return { outcome, incomplete_reason };
}

describe('laws across fields', () => {
  const S = sampleManifest();
  const U = unreadableManifest();
  const I = incompleteManifest();
  const M = mismatchManifest();
  const hash = 'f'.repeat(64);
  const [image, ...sidecars] = S.files;
  const settings = (changes: Partial<Manifest['acquisition']['settings']>): Manifest['acquisition'] => ({
    ...S.acquisition,
    settings: { ...S.acquisition.settings, ...changes },
  });
  const cache = { avoided: 'yes' as const, how: 'O_DIRECT', file_system: 'ext4' };
  const range = U.read_map.ranges[0]!;
  /** Everything was read and read back; then it stopped. */
  const stopped: Manifest = withSessions({
    ...S,
    outcome: 'incomplete',
    incomplete_reason: 'power cut',
    image: { ...S.image, complete: false },
  });
  const table: Record<string, [Manifest, RegExp]> = {
    'a path for a name': [
      { ...S, files: [...S.files, { ...image!, name: '../x' }] },
      /"\.\.\/x" is not a plain file name/,
    ],
    'a hidden file': [{ ...S, files: [...S.files, { ...image!, name: '.x' }] }, /"\.x" is not a plain file name/],
    'a file twice, in other letters': [
      { ...S, files: [...S.files, { ...image!, name: 'item-7.DD' }] },
      /stands there twice/,
    ],
    'no report': [{ ...S, files: S.files.slice(0, -1) }, /role report must be one file/],
    'two maps': [{ ...S, files: [...S.files, { ...sidecars[1]!, name: 'other.map' }] }, /role map must be one file/],
    'the map of another item': [
      { ...S, read_map: { ...S.read_map, file: 'ITEM-8.map' } },
      /read_map\.file is not ITEM-7\.map/,
    ],
    'the journal of another item': [{ ...S, journal: { ...S.journal, file: 'x.jsonl' } }, /journal\.file is not/],
    'a pieces file of another name': [{ ...S, pieces: { ...S.pieces, file: 'x' } }, /pieces\.file is not/],
    'another hash of the pieces file': [
      { ...S, pieces: { ...S.pieces, sha256: hash } },
      /pieces\.sha256 is not the one in files/,
    ],
    'an image that files does not list': [{ ...S, files: sidecars }, /no image file like the segment/],
    'an image too many': [
      { ...S, files: [...S.files, { ...image!, name: 'ITEM-7.002' }] },
      /files lists 2 image files/,
    ],
    'another size of the image': [{ ...S, files: [{ ...image!, size: 9999 }, ...sidecars] }, /no image file like/],
    'segments with a gap': [
      { ...S, image: { ...S.image, segments: [{ ...S.image.segments[0]!, offset: 1 }] } },
      /starts at 1/,
    ],
    'segments that end early': [
      { ...S, image: { ...S.image, segments: [{ ...S.image.segments[0]!, size: 1 }] } },
      /image\.segments end at 1/,
    ],
    'no segments': [{ ...S, image: { ...S.image, segments: [] } }, /there are none/],
    'a segment of another stem': [
      { ...S, image: { ...S.image, segments: [{ ...S.image.segments[0]!, name: 'a.dd' }] } },
      /must be named ITEM-7\.dd/,
    ],
    'split names for raw': [{ ...S, image: { ...S.image, format: 'split' } }, /must be named ITEM-7\.001/],
    'an image hash that is not the digest': [
      { ...S, digests: [{ ...S.digests[1]!, hex: hash }] },
      /only segment does not have/,
    ],
    'a partial image of a complete outcome': [{ ...S, image: M.image, files: M.files }, /\.partial names, though/],
    'a published image that did not read back': [{ ...M, image: S.image, files: S.files }, /names without \.partial/],
    'a piece too many': [
      { ...S, pieces: { ...S.pieces, count: 4 } },
      /pieces\.count is 4; an image of 10000 bytes has 3/,
    ],
    'an odd piece size': [{ ...S, pieces: { ...S.pieces, size: 4095 } }, /not a power of two/],
    'piece size zero': [{ ...S, pieces: { ...S.pieces, size: 0 } }, /not a power of two/],
    'a piece size nobody set': [
      { ...S, acquisition: settings({ piece_size: 8192 }) },
      /not acquisition\.settings\.piece_size/,
    ],
    'fill that is not marked': [{ ...U, pieces: S.pieces }, /with_unreadable does not follow/],
    'ranges that do not add up': [
      { ...U, read_map: { ...U.read_map, unreadable: 512, good: 9488 } },
      /add up to 1024 bytes/,
    ],
    'ranges twice': [{ ...U, read_map: { ...U.read_map, ranges: [range, range] } }, /out of order/],
    'an empty range': [{ ...U, read_map: { ...U.read_map, ranges: [{ ...range, end: 4096 }] } }, /is empty/],
    'a range outside': [
      { ...U, read_map: { ...U.read_map, ranges: [{ ...range, end: 10_001 }] } },
      /outside the source/,
    ],
    'sectors that do not fit': [
      { ...U, read_map: { ...U.read_map, ranges: [{ ...range, end_sector: 11 }] } },
      /sectors do not fit/,
    ],
    'sectors of no size': [{ ...U, source: { ...U.source, logical_sector: 0 } }, /logical_sector is 0/],
    'bytes gone missing': [{ ...S, read_map: { ...S.read_map, good: 9000 } }, /is not source\.size/],
    'a complete image that is short': [
      { ...S, source: { ...S.source, size: 10_001 } },
      /image\.size is not source\.size/,
    ],
    'complete, yet not tried': [
      { ...S, read_map: { ...S.read_map, good: 9000, not_tried: 1000 } },
      /not_tried is not 0/,
    ],
    'incomplete, with more than the image holds': [
      { ...I, read_map: { ...I.read_map, good: 7000, not_tried: 3000 } },
      /than the image holds/,
    ],
    'unreadable, behind the end of a stopped image': [
      {
        ...I,
        pieces: { ...I.pieces, with_unreadable: [4096] },
        read_map: {
          ...U.read_map,
          good: 4096,
          not_tried: 4880,
          ranges: [{ ...range, start: 5632, end: 6656, first_sector: 11, end_sector: 13 }],
        },
      },
      /behind the end of the image are said to be unreadable/,
    ],
    'a part that was read back': [{ ...I, read_back: S.read_back }, /a check was made, though the image does not hold/],
    'a part of which the source was read again': [
      {
        ...I,
        acquisition: settings({ verify_source: true }),
        source_check: {
          state: 'match',
          cache: { avoided: 'yes', how: 'O_DIRECT', file_system: 'block device' },
          differing: [],
          unreadable: [],
        },
      },
      /a check was made, though the image does not hold/,
    ],
    'read back, and yet not proven': [
      { ...stopped, read_map: { ...S.read_map, good: 9000, not_tried: 1000 } },
      /not_tried is not 0, though a check was made/,
    ],
    'a stopped image that did not read back, published': [
      { ...stopped, read_back: M.read_back },
      /names without \.partial/,
    ],
    'complete, yet unreadable': [
      { ...U, outcome: 'complete' },
      /outcome is complete; from the other fields it is complete-with-unreadable/,
    ],
    'complete, yet mismatching': [{ ...M, outcome: 'complete' }, /from the other fields it is mismatch/],
    'a mismatch of nothing': [{ ...S, outcome: 'mismatch' }, /from the other fields it is complete/],
    'incomplete, called complete': [{ ...I, image: { ...I.image, complete: true } }, /image\.complete is true/],
    'incomplete without a reason': [{ ...I, incomplete_reason: null }, /incomplete_reason goes with/],
    'a reason for nothing': [{ ...S, incomplete_reason: 'x' }, /incomplete_reason goes with/],
    'waived against the settings': [{ ...S, read_back: { state: 'waived' } }, /read_back is waived exactly when/],
    'read back against the settings': [
      { ...S, acquisition: settings({ read_back: false }) },
      /read_back is waived exactly when/,
    ],
    'complete without read-back': [
      { ...S, read_back: { state: 'not-done', why: 'x' } },
      /read_back was not done, though/,
    ],
    'a second read nobody asked for': [
      { ...S, source_check: { state: 'match', cache, differing: [], unreadable: [] } },
      /verify_source is false/,
    ],
    'a match with differences': [
      { ...S, read_back: { ...M.read_back, state: 'match' } as Manifest['read_back'] },
      /is match, with 1 differing/,
    ],
    'a mismatch without': [
      { ...M, read_back: { ...S.read_back, state: 'mismatch' } as Manifest['read_back'] },
      /is mismatch, with 0 differing/,
    ],
    'an unreadable place outside, second read': [
      {
        ...S,
        acquisition: settings({ verify_source: true }),
        source_check: { state: 'match', cache, differing: [], unreadable: [{ ...range, start: 20_000, end: 20_512 }] },
      },
      /source_check\.unreadable\[0\].*outside/,
    ],
    'runs that were not counted': [
      { ...S, acquisition: { ...S.acquisition, reader: { ...S.acquisition.reader, run_count: 2 } } },
      /run_count does not fit/,
    ],
    'no SHA-256': [{ ...S, digests: S.digests.slice(0, 1) }, /there is no sha256/],
    'a digest twice': [{ ...S, digests: [...S.digests, ...S.digests] }, /stands there twice/],
    'a digest that was asked for': [{ ...S, digests: S.digests.slice(1) }, /md5 was asked for and is not there/],
    'an MD5 of the wrong length': [
      { ...S, digests: [{ ...S.digests[0]!, hex: 'ab' }, S.digests[1]!] },
      /md5 has the wrong length/,
    ],
  };
  for (const [name, [manifest, fault]] of Object.entries(table)) {
    test(name, () => {
      const faults = faultsOf(manifest);
      assert.ok(
        faults.some((line) => fault.test(line)),
        JSON.stringify(faults),
      );
    });
  }

  test('what a stopped run found out may stand beside incomplete', () => {
    const second = { state: 'mismatch' as const, cache, differing: [{ start: 0, end: 4096 }], unreadable: [] };
    for (const manifest of [
      stopped,
      { ...stopped, acquisition: settings({ verify_source: true }), source_check: second },
      { ...M, sessions: stopped.sessions, ...reasons(stopped), image: { ...M.image, complete: false } },
      {
        ...M,
        sessions: stopped.sessions,
        ...reasons(stopped),
        image: { ...M.image, complete: false },
        read_map: { ...M.read_map, good: 0, not_tried: 10_000 },
      },
    ])
      assert.deepEqual(faultsOf(manifest), []);
  });

  test('a split image, and a stopped one without a byte, keep them', () => {
    const segments = [
      { name: 'ITEM-7.001', offset: 0, size: 6000, sha256: hash },
      { name: 'ITEM-7.002', offset: 6000, size: 4000, sha256: hash },
    ];
    const files = [
      ...segments.map(({ name, size, sha256 }) => ({ name, size, sha256, role: 'image' as const })),
      ...sidecars,
    ];
    const split = {
      ...S,
      acquisition: settings({ format: 'split' }),
      image: { ...S.image, format: 'split' as const, segments },
      files,
    };
    assert.deepEqual(faultsOf(split), []);
    const nothing: Manifest = {
      ...I,
      image: { ...I.image, size: 0, segments: [] },
      pieces: { ...I.pieces, count: 0 },
      read_map: { ...I.read_map, good: 0, not_tried: 10_000 },
      files: sidecars,
    };
    assert.deepEqual(faultsOf(nothing), []);
  });
});
