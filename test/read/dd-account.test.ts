import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { accountFault } from '../../src/read/dd-account.ts';

/** Standard error of GNU dd 9.1 with status=noxfer and bs=30. */
const account = (whole: number, partial: number): string =>
  `${whole}+${partial} records in\n${whole}+${partial} records out\n`;

describe("dd's own account", () => {
  for (const [what, stderr, delivered] of [
    ['whole blocks', account(2, 0), 60],
    ['a short last one', account(2, 1), 70],
    ['one of a single byte', account(2, 1), 61],
    ['one that lacks a byte', account(2, 1), 89],
    ['nothing', account(0, 0), 0],
    ['after a read error', `dd: error reading 'standard input': Input/output error\n${account(1, 0)}`, 30],
    ['after one that was asked for by a signal', `${account(1, 0)}${account(2, 0)}`, 60],
    ['none', 'dd: something else\n', 60],
    ['a name that looks like one', "dd: failed to open '9+9 records in'\n", 60],
  ] as const) {
    test(`fits: ${what}`, () => {
      assert.equal(accountFault(stderr, 30, delivered), null);
    });
  }

  for (const [what, stderr, delivered, told] of [
    ['a block too many', account(2, 0), 90, 'read 2+0 blocks of 30 bytes; 90 bytes'],
    ['a byte too few', account(2, 0), 59, 'read 2+0 blocks of 30 bytes; 59 bytes'],
    ['a partial block that would be whole', account(2, 1), 90, 'read 2+1 blocks of 30 bytes; 90 bytes'],
    ['a partial block of nothing', account(2, 1), 60, 'read 2+1 blocks of 30 bytes; 60 bytes'],
    ['less read than written', '1+1 records in\n2+0 records out\n', 60, 'read 1+1 blocks'],
    ['less written than read', '2+0 records in\n1+0 records out\n', 60, 'wrote 1+0 blocks'],
  ] as const) {
    test(`does not fit: ${what}`, () => {
      assert.match(accountFault(stderr, 30, delivered) ?? 'fits', new RegExp(told.replaceAll('+', '\\+')));
    });
  }
});
