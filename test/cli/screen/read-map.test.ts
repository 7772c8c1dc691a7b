import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { allGood, mapLines } from '../../../src/cli/screen/read-map.ts';

const CELLS = `${'+'.repeat(100)}-${'*'.repeat(27)}${'?'.repeat(128)}`;

describe('the read map on a screen', () => {
  test('without colours: rows of ddrescue’s letters, and what they mean', () => {
    const lines = mapLines(CELLS, 256 * 1_048_576, 80, false);
    assert.deepEqual(lines, [
      '+'.repeat(64),
      `${'+'.repeat(36)}-${'*'.repeat(27)}`,
      '?'.repeat(64),
      '?'.repeat(64),
      '+ read  - unreadable  * failed  ? not tried  (each the worst of 1.0 MiB)',
    ]);
  });

  test('in colours: a run is one escape, and each ends', () => {
    const lines = mapLines('++-?', 4096, 80, true);
    assert.equal(lines[0], '\u001b[32m██\u001b[0m\u001b[31m▄\u001b[0m\u001b[2m░\u001b[0m');
    assert.ok(lines[1]?.includes('\u001b[31m▄\u001b[0m unreadable'));
  });

  test('a narrow terminal gets fewer cells, and the bad one is still there', () => {
    const lines = mapLines(`${'+'.repeat(255)}-`, 1e12, 40, false);
    assert.ok(
      lines.slice(0, -1).every((line) => line.length <= 32),
      lines.join('\n'),
    );
    assert.equal(lines.at(-2)?.at(-1), '-');
  });

  test('nothing of nothing; all good is nothing to look at', () => {
    assert.deepEqual(mapLines('', 0, 80, false), []);
    assert.deepEqual([allGood(''), allGood('++'), allGood('+?')], [true, true, false]);
  });
});
