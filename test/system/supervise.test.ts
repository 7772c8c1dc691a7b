import assert from 'node:assert/strict';
import test from 'node:test';
import { asksForDirect } from '../../src/system/supervise.ts';

test('the command line asks for --reader direct', () => {
  const rows: [string, boolean][] = [
    ['acquire /dev/sdb --reader direct --to x', true],
    ['acquire --reader=direct /dev/sdb', true],
    ['acquire /dev/sdb --reader dd --reader direct', true],
    ['acquire /dev/sdb --reader direct --reader dd', false],
    ['acquire /dev/sdb --reader', false],
    ['acquire /dev/sdb', false],
    ['verify --reader direct', false],
    ['', false],
  ];
  for (const [words, due] of rows) assert.equal(asksForDirect(words.split(' ')), due, words);
});
