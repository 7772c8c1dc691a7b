import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import {
  bad,
  begin,
  checkpoint,
  extent,
  failed,
  fold,
  mark,
  read,
  resumed,
  runs,
  sha256,
  SIZE,
  type Told,
} from './reading-support.ts';

describe('a journal whose checkpoints contradict each other', () => {
  const U = (start: number, end: number) => ({
    marks: [mark(0, start, 'good'), mark(start, end, 'unreadable'), mark(end, 5000, 'good')],
    unreadable: [bad(start, end)],
  });
  const table: Record<string, [() => Told[], RegExp]> = {
    'a checkpoint that is none': [() => [['checkpoint', { position: 1 }]], /record 1 is not what .* checkpoint holds/],
    'a position that goes back': [
      () => [checkpoint(0, 5000), checkpoint(5000, 4000)],
      /a checkpoint at 4000, though one was at 5000/,
    ],
    'a position outside': [() => [checkpoint(0, SIZE + 1, { marks: [] })], /the source has 10000 bytes/],
    'a mark outside': [
      () => [checkpoint(0, 5000, { marks: [mark(0, SIZE + 1, 'good')] })],
      /a mark \[0, 10001\) is empty, or outside/,
    ],
    'an empty mark': [
      () => [checkpoint(0, 5000), checkpoint(5000, 5000, { marks: [mark(9, 9, 'good')] })],
      /a mark \[9, 9\) is empty/,
    ],
    'pieces that do not continue': [
      () => [checkpoint(0, 5000), checkpoint(5000, 6000, { pieces_from: 0 })],
      /its pieces begin at 0; those before end at 4096/,
    ],
    'pieces missing': [() => [checkpoint(0, 9000, { pieces: [] })], /do not end at its position, 9000/],
    'a piece too many': [
      () => [checkpoint(0, SIZE, { pieces: [1, 2, 3, 4].map((each) => sha256(`${each}`)) })],
      /more pieces than the source/,
    ],
    'a tail that ends elsewhere': [
      () => [checkpoint(0, 5000, { tail: { offset: 4096, length: 900, sha256: sha256('') } })],
      /and the one under way do not end at its position, 5000/,
    ],
    'a tail that begins elsewhere': [
      () => [checkpoint(0, 5000, { tail: { offset: 4097, length: 903, sha256: sha256('') } })],
      /do not end at its position/,
    ],
    'a tail longer than a piece': [
      () => [checkpoint(0, 5000, { pieces: [], tail: { offset: 0, length: 5000, sha256: sha256('') } })],
      /longer than a piece/,
    ],
    'no tail': [() => [checkpoint(0, 5000, { tail: null })], /its pieces do not end at its position/],
    'pieces of no known size': [() => [], /pieces of unknown size/],
    'good, and then not': [
      () => [checkpoint(0, 5000), checkpoint(5000, 5000, { marks: [mark(0, 512, 'unreadable')] })],
      /\[0, 512\) was read, and is unreadable by now/,
    ],
    'filled, hashed, and then read': [
      () => [checkpoint(0, 5000, U(512, 1024)), checkpoint(5000, 5000, { marks: [mark(512, 1024, 'good')] })],
      /is good by now, though it was hashed before/,
    ],
    'hashed and not tried': [
      () => [checkpoint(0, 5000, { marks: [mark(0, 4000, 'good')] })],
      /\[4000, 5000\) is hashed, and not-tried/,
    ],
    'read, and nowhere': [
      () => [checkpoint(0, 5000, { marks: [mark(0, 6000, 'good')] })],
      /\[5000, 6000\) is called read, and is neither hashed nor placed/,
    ],
    'unreadable, out of order': [
      () => [
        checkpoint(0, 5000, {
          marks: [mark(0, 5000, 'good'), mark(6000, 6512, 'unreadable')],
          unreadable: [bad(6000, 6512)],
        }),
      ],
      /though reading goes in order/,
    ],
    'unreadable, and nobody says how': [
      () => [checkpoint(0, 5000, { ...U(512, 1024), unreadable: [] })],
      /not those of which it tells how they failed/,
    ],
    'failed, and not marked': [
      () => [checkpoint(0, 5000, { unreadable: [bad(512, 1024)] })],
      /not those of which it tells how they failed/,
    ],
    'an unreadable range outside': [
      () => [checkpoint(0, 5000, { unreadable: [bad(9999, SIZE + 1)] })],
      /an unreadable range \[9999, 10001\) is empty, or outside/,
    ],
    'extents that overlap': [
      () => [
        checkpoint(0, 5000, {
          marks: [mark(0, 9000, 'good')],
          extents: [extent(5000, 7000), extent(6000, 9000)],
        }),
      ],
      /the extent \[6000, 9000\) lies on another/,
    ],
    'an extent that is not read': [
      () => [checkpoint(0, 5000, { extents: [extent(5000, 7000)] })],
      /the extent \[5000, 7000\) is not all read/,
    ],
    'an extent in what was hashed': [
      () => [checkpoint(0, 5000), checkpoint(5000, 5000, { extents: [extent(4000, 5000)] })],
      /the extent \[4000, 5000\) lies in what was hashed before/,
    ],
    'an extent outside': [
      () => [checkpoint(0, 5000, { extents: [extent(9000, SIZE + 1)] })],
      /an extent \[9000, 10001\)/,
    ],
    'counts that shrink': [
      () => [checkpoint(0, 5000, { failed_reads: { count: 2, ms: 9 } }), checkpoint(5000, 6000)],
      /it counts less than the checkpoint before/,
    ],
    'runs that nobody told': [
      () => [checkpoint(0, 5000, { reader_runs: 2, ...runs(1) })],
      /it counts 2 runs of the reader; 1 were told/,
    ],
    'an end with runs that nobody told': [
      () => [failed(6000, { reader_runs: 2, ...runs(1) })],
      /counts 2 runs .*; 1 were/,
    ],
    'a checkpoint after the end': [
      () => [checkpoint(0, 5000), read(), checkpoint(5000, 6000)],
      /after reading had ended/,
    ],
    'two ends': [() => [read(), read()], /reading ended a second time/],
    'an end before a checkpoint': [
      () => [checkpoint(0, 5000), failed(4000)],
      /ended at 4000, before the last checkpoint, which is at 5000/,
    ],
    'more than there is': [() => [failed(SIZE + 1)], /it read more than the source has: 10001 of 10000/],
    'a part that is everything': [() => [read({ position: 6000 })], /everything was read; its end is at 6000/],
    'an end that counts less': [
      () => [checkpoint(0, 5000, { reader_runs: 2, ...runs(2) }), failed(6000)],
      /it counts less than the last checkpoint/,
    ],
    'an end with other bad places': [
      () => [checkpoint(0, 5000, U(512, 1024)), read()],
      /unreadable ranges before the last checkpoint are others/,
    ],
    'an end with bad places more': [
      () => [checkpoint(0, 5000), failed(6000, { unreadable: [bad(512, 1024)] })],
      /unreadable ranges before the last checkpoint are others/,
    ],
    'an end with other pieces': [
      () => [checkpoint(0, SIZE), read({ pieces_sha256: sha256('others') })],
      /not those of which reading gives the hash/,
    ],
    'resumed elsewhere': [
      () => [checkpoint(0, 5000), resumed(4096)],
      /resumed from 4096; the last checkpoint is at 5000/,
    ],
    'resumed from where nothing is known': [() => [failed(4096), resumed(4096)], /the last checkpoint is at 0/],
    'hashes that become others though nothing was read': [
      () => [read(), resumed(SIZE), read({ digests: [{ algorithm: 'sha256', engine: 'native', hex: sha256('x') }] })],
      /became others, though nothing was read/,
    ],
    'an adopted range that was read': [
      () => [
        checkpoint(0, 5000),
        ['adopted', { map_sha256: sha256(''), comment: '', ranges: [mark(0, 512, 'unreadable')], extents: [] }],
      ],
      /was read, and is unreadable/,
    ],
    'an adopted range without a hash': [
      () => [['adopted', { map_sha256: sha256(''), comment: '', ranges: [mark(0, 512, 'good')], extents: [] }]],
      /called read, and is neither hashed nor placed/,
    ],
  };
  for (const [name, [told, fault]] of Object.entries(table)) {
    test(name, () => {
      const made = told();
      const { faults } = made.length === 0 ? fold(['begin', {}], checkpoint(0, 5000)) : fold(begin(), ...made);
      assert.match(faults.join('\n'), fault);
    });
  }
});
