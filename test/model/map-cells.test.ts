import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { fewerCells, mapCells } from '../../src/model/map-cells.ts';
import { ReadMap } from '../../src/model/read-map.ts';

const TB = 1_000_204_886_016;

describe('the read map in cells', () => {
  test('a single bad sector in a terabyte shows, wherever it lies', () => {
    for (const start of [0, 512, Math.floor(TB / 1024) * 512, TB - 512]) {
      const map = new ReadMap(TB, [
        { start: 0, end: TB, status: 'good' },
        { start, end: start + 512, status: 'unreadable' },
      ]);
      const cells = mapCells(map);
      assert.equal(cells.length, 256);
      assert.equal(cells.replaceAll('+', ''), '-', `${start}`);
      assert.equal(cells.indexOf('-'), Math.floor(start / Math.ceil(TB / 256)));
      for (const width of [1, 7, 64, 100, 255]) assert.ok(fewerCells(cells, width).includes('-'), `${width}`);
    }
  });

  test('the worst of a cell wins: unreadable, failed, not tried, good', () => {
    const map = new ReadMap(8192, [
      { start: 0, end: 512, status: 'good' },
      { start: 1024, end: 2048, status: 'good' },
      { start: 1536, end: 2048, status: 'failed-large' },
      { start: 2048, end: 2560, status: 'failed-small' },
      { start: 3072, end: 4096, status: 'unreadable' },
      { start: 4096, end: 8192, status: 'good' },
    ]);
    assert.equal(mapCells(map, 8), '?*/-++++');
    assert.equal(mapCells(map, 4), '*-++');
    assert.equal(mapCells(map, 1), '-');
  });

  test('never more cells than bytes, none of nothing, and every byte in one of them', () => {
    assert.equal(mapCells(new ReadMap(0)), '');
    assert.equal(mapCells(new ReadMap(3)), '???');
    // 257 bytes: two a cell, the last with one.
    const map = new ReadMap(257, [
      { start: 0, end: 257, status: 'good' },
      { start: 256, end: 257, status: 'unreadable' },
    ]);
    assert.equal(mapCells(map), `${'+'.repeat(128)}-`);
  });

  test('fewer cells: every one of the old in one of the new', () => {
    for (let at = 0; at < 256; at += 1) {
      const cells = `${'+'.repeat(at)}-${'+'.repeat(255 - at)}`;
      for (const width of [1, 3, 72, 200]) {
        const fewer = fewerCells(cells, width);
        assert.equal(fewer.length, width);
        assert.ok(fewer.includes('-'));
      }
    }
    assert.equal(fewerCells('+?', 64), '+?');
  });
});
