import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import fc from 'fast-check';
import { readingState, type ReadingState } from '../../src/manifest/reading-state.ts';
import type { MapEntry, ReadStatus } from '../../src/model/read-map.ts';
import {
  bad,
  begin,
  checkpoint,
  extent,
  failed,
  fold,
  mapText,
  mark,
  PIECES,
  read,
  records,
  resumed,
  runs,
  sha256,
  SIZE,
  type Told,
} from './reading-support.ts';

describe('where reading stands', () => {
  test('of a journal without a checkpoint: at the start, and proven as far as its end tells', () => {
    const { state, faults } = fold(begin(), failed(6000, { unreadable: [bad(512, 1024), bad(5632, 6656)] }));
    assert.deepEqual(faults, []);
    assert.equal(state.position, 0);
    assert.equal(mapText(state.map.entries), '0-10000 not-tried');
    assert.equal(state.proven.end, 6000);
    assert.equal(
      mapText(state.proven.map.entries),
      '0-512 good, 512-1024 unreadable, 1024-5632 good, 5632-6000 unreadable, 6000-10000 not-tried',
    );
    assert.deepEqual(state.proven.unreadable, [bad(512, 1024), bad(5632, 6000)]);
  });

  test('of one that ended without a word: at its last checkpoint', () => {
    const states = [{ algorithm: 'md5', version: '4.12.0', state: 'ab' }];
    const { state, faults } = fold(begin(), checkpoint(0, 5000), checkpoint(5000, 9000, { states }));
    assert.deepEqual(faults, []);
    assert.deepEqual([state.position, state.proven.end, state.finished], [9000, 9000, null]);
    assert.deepEqual(state.states, states);
    assert.deepEqual(state.pieces, PIECES.slice(0, 2));
    assert.deepEqual(state.tail, { offset: 8192, length: 808, sha256: sha256('tail') });
    assert.equal(mapText(state.map.entries), '0-9000 good, 9000-10000 not-tried');
  });

  test('of one that read everything: at the end, with its hashes; also without a checkpoint', () => {
    for (const told of [
      [read()],
      [checkpoint(0, 5000), checkpoint(5000, SIZE), read()],
      [checkpoint(0, 5000), read()],
    ]) {
      const { state, faults } = fold(begin(), ...told);
      assert.deepEqual(faults, []);
      assert.equal(state.position, SIZE);
      assert.equal(mapText(state.map.entries), '0-10000 good');
      assert.equal(state.finished?.digests[0]?.hex, sha256('all'));
      assert.deepEqual(state.finished.segments_sha256, [sha256('all')]);
    }
  });

  test('resumed, it is the last checkpoint again, whatever was read behind it', () => {
    const stopped = read({ position: 7000, complete: false });
    const { state, faults } = fold(begin(), checkpoint(0, 5000), stopped, resumed(5000));
    assert.deepEqual(faults, []);
    assert.deepEqual([state.position, state.proven.end], [5000, 5000]);
    const before = fold(begin(), checkpoint(0, 5000), stopped).state;
    assert.deepEqual([before.position, before.proven.end], [5000, 7000]);
    const again = fold(begin(), checkpoint(0, 5000), stopped, resumed(5000), checkpoint(5000, SIZE), read());
    assert.deepEqual(again.faults, []);
    assert.equal(again.state.finished?.position, SIZE);
  });

  test('resumed to check and close only, what was read stays; resumed to read on, it is history', () => {
    const done = [begin(), checkpoint(0, 5000), read()];
    assert.notEqual(fold(...done, resumed(SIZE)).state.finished, null);
    assert.deepEqual(fold(...done, resumed(SIZE)).faults, []);
    const { state, faults } = fold(...done, resumed(5000));
    assert.deepEqual([state.finished, state.position, faults], [null, 5000, []]);
  });

  test('a sector that was read later is no longer unreadable; one that failed again has its new count', () => {
    const { state, faults } = fold(
      begin('deferred'),
      checkpoint(0, 0, { marks: [mark(1024, 2048, 'unreadable')], unreadable: [bad(1024, 2048, 1)] }),
      checkpoint(0, 0, {
        marks: [mark(1024, 1536, 'good')],
        extents: [extent(1024, 1536)],
        unreadable: [bad(1536, 2048, 4)],
      }),
    );
    assert.deepEqual(faults, []);
    assert.deepEqual(state.unreadable, [bad(1536, 2048, 4)]);
    assert.deepEqual(state.extents, [extent(1024, 1536)]);
  });

  test('what another program read is told apart, and how its places failed is not known', () => {
    const ranges = [mark(0, 512, 'good'), mark(512, 1024, 'good'), mark(1024, 1536, 'unreadable')];
    const data = { map_sha256: sha256('map'), comment: 'GNU ddrescue', ranges, extents: [extent(0, 1024)] };
    const { state, faults } = fold(begin('deferred'), ['adopted', data]);
    assert.deepEqual(faults, []);
    assert.deepEqual(state.adopted, [{ start: 0, end: 1024 }]);
    assert.deepEqual(state.unreadable, [{ start: 1024, end: 1536, errno: 'unknown', attempts: 0 }]);
    assert.equal(mapText(state.map.entries), '0-1024 good, 1024-1536 unreadable, 1536-10000 not-tried');
  });

  test('counts run on; the same unstable sector told twice is one', () => {
    const unstable = [{ start: 0, end: 512, first: sha256('a'), again: sha256('b'), when: 'reconnected' }];
    const again = [{ start: 512, end: 1024, why: 'a second try' }];
    const { state } = fold(
      begin(),
      checkpoint(0, 5000, {
        unstable,
        read_again: again,
        failed_reads: { count: 1, ms: 20 },
        reader_runs: 2,
        ...runs(2),
      }),
      checkpoint(5000, 6000, { unstable, failed_reads: { count: 2, ms: 30 }, reader_runs: 3, ...runs(1) }),
    );
    assert.deepEqual([state.unstable, state.readAgain], [unstable, again]);
    assert.deepEqual([state.failedReads, state.readerRuns, state.runs.length], [{ count: 2, ms: 30 }, 3, 3]);
  });

  test('what an end told of the reader is not forgotten when the next session reads its last bytes again', () => {
    const counted = { failed_reads: { count: 2, ms: 30 }, reader_runs: 2, ...runs(2) };
    const told = [
      begin(),
      checkpoint(0, 5000),
      failed(6000, { ...counted, read_again: [{ start: 0, end: 512, why: 'x' }] }),
    ];
    for (const { state, faults } of [fold(...told), fold(...told, resumed(5000))]) {
      assert.deepEqual(faults, []);
      assert.deepEqual([state.failedReads.count, state.readerRuns, state.readAgain.length], [2, 2, 1]);
    }
    const after = fold(...told, resumed(5000), checkpoint(5000, 7000, { ...counted, reader_runs: 3, ...runs(1) }));
    assert.deepEqual([after.faults, after.state.readerRuns, after.state.runs.length], [[], 3, 3]);
  });
});

describe('the fold of many checkpoints', () => {
  /** A step of a reader in order: so many bytes, read or not; and whether a checkpoint follows. */
  const step = fc.record({
    length: fc.integer({ min: 1, max: 3000 }),
    good: fc.boolean(),
    mark: fc.boolean(),
  });

  test('in order: the same as what was done', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const told: Told[] = [begin()];
        const truth: ReadStatus[] = Array.from({ length: SIZE }, () => 'not-tried');
        let at = 0;
        let last = 0;
        let done: ReadStatus[] = [...truth];
        let marks: MapEntry[] = [];
        for (const { length, good, mark: due } of steps) {
          const end = Math.min(SIZE, at + length);
          if (end > at) marks.push(mark(at, end, good ? 'good' : 'unreadable'));
          truth.fill(good ? 'good' : 'unreadable', at, end);
          at = end;
          if (!due) continue;
          const unreadable = marks.filter(({ status }) => status === 'unreadable').map((m) => bad(m.start, m.end));
          told.push(checkpoint(last, at, { marks, unreadable }));
          [last, marks, done] = [at, [], [...truth]];
        }
        const { state, faults } = fold(...told);
        assert.deepEqual(faults, []);
        assert.equal(state.position, last);
        assert.deepEqual(bytesOf(state), done);
        const covered = state.pieces.reduce((sum, piece) => sum + piece.length, 0) + (state.tail?.length ?? 0);
        assert.equal(covered, last);
        assert.deepEqual(state.map.ranges('unreadable'), rangesOf(state.unreadable));
      }),
      { numRuns: 200 },
    );
  });

  test('out of order, with retries: the same as what was done', () => {
    const cell = 512;
    const cells = Math.floor(SIZE / cell);
    const act = fc.record({
      at: fc.integer({ min: 0, max: cells - 1 }),
      good: fc.boolean(),
      mark: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(act, { maxLength: 80 }), (acts) => {
        const told: Told[] = [begin('deferred')];
        const truth: ReadStatus[] = Array.from({ length: cells }, () => 'not-tried');
        const tries = new Array<number>(cells).fill(0);
        let done = [...truth];
        let counted = [...tries];
        let [marks, extents, unreadable]: [MapEntry[], object[], object[]] = [[], [], []];
        for (const { at, good, mark: due } of acts) {
          const [start, end] = [at * cell, at * cell + cell];
          if (truth[at] !== 'good') {
            truth[at] = good ? 'good' : 'unreadable';
            tries[at] = (tries[at] ?? 0) + 1;
            marks.push(mark(start, end, truth[at]));
            if (good) extents.push(extent(start, end));
            else unreadable.push(bad(start, end, tries[at]));
          }
          if (!due) continue;
          // A place that failed and was read since the last record is told as read.
          unreadable = unreadable.filter((each) => truth[(each as { start: number }).start / cell] !== 'good');
          told.push(checkpoint(0, 0, { marks, extents, unreadable }));
          [marks, extents, unreadable] = [[], [], []];
          [done, counted] = [[...truth], [...tries]];
        }
        const { state, faults } = fold(...told);
        assert.deepEqual(faults, []);
        const bytes = bytesOf(state);
        assert.deepEqual(
          done.map((_, index) => bytes[index * cell]),
          done,
        );
        const good = done.flatMap((status, at) => (status === 'good' ? [extent(at * cell, at * cell + cell)] : []));
        assert.deepEqual(state.extents, good);
        for (const { start, end, attempts } of state.unreadable)
          for (let at = start / cell; at < end / cell; at += 1) assert.equal(attempts, counted[at]);
        assert.deepEqual(state.map.ranges('unreadable'), rangesOf(state.unreadable));
      }),
      { numRuns: 200 },
    );
  });

  test("a terabyte's journal is folded in seconds", () => {
    const size = 2 ** 40;
    const piece = 2 ** 24;
    const told: Told[] = [
      ['begin', { head: { acquisition: { settings: { piece_size: piece, recovery: 'in-line' } } } }],
    ];
    const step = Math.ceil(size / 1500);
    const hex = sha256('x');
    for (let at = 0, pieces = 0; at < size; at += step) {
      const position = Math.min(size, at + step);
      const full = position === size ? Math.ceil(size / piece) : Math.floor(position / piece);
      const tail =
        full * piece < position ? { offset: full * piece, length: position - full * piece, sha256: hex } : null;
      const list = Array.from({ length: full - pieces }, () => hex);
      const own = { pieces_from: pieces * piece, pieces: list, tail, marks: [mark(at, position, 'good')] };
      told.push(checkpoint(0, 0, { position, ...own }));
      pieces = full;
    }
    const journal = records(told);
    const before = performance.now();
    const { state, faults } = readingState(journal, size);
    assert.deepEqual(faults, []);
    assert.equal(state.pieces.length, 65_536);
    assert.ok(performance.now() - before < 5000);
  });
});

function rangesOf(list: readonly { start: number; end: number }[]): { start: number; end: number }[] {
  const out: { start: number; end: number }[] = [];
  for (const { start, end } of list) {
    const last = out.at(-1);
    if (last?.end === start) last.end = end;
    else out.push({ start, end });
  }
  return out;
}

function bytesOf(state: ReadingState): ReadStatus[] {
  return state.map.entries.flatMap(({ start, end, status }) => Array.from({ length: end - start }, () => status));
}
