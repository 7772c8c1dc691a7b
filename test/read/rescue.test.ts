import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import type { Range } from '../../src/model/range.ts';
import { ReadMap } from '../../src/model/read-map.ts';
import { rescue } from '../../src/read/rescue/rescue.ts';
import { badDisk } from '../support/bad-disk.ts';
import { childrenOf, until } from '../support/children.ts';
import { diskBytes } from '../support/loop.ts';
import { assertCode, hold, MIB, sectors } from './read-all.ts';
import { assertRescued, Rescued, rescueOrder } from './rescue-support.ts';

const SIZE = 8 * MIB;
const SECTORS = SIZE / 512;
const content = diskBytes(SIZE);

const cases: readonly (readonly [string, readonly Range[]])[] = [
  ['none', []],
  ['one', [sectors(1001)]],
  ['the first and the last', [sectors(0), sectors(SECTORS - 1)]],
  ['runs that cross the edges of blocks', [sectors(2040, 20), sectors(6000, 5), sectors(126, 4)]],
  ['every 150th of a block', Array.from({ length: 14 }, (_, index) => sectors(4096 + index * 150))],
  ['a quarter of a MiB', [{ start: 3 * MIB + 65_536, end: 3 * MIB + 327_680 }]],
];

describe('rescue', { timeout: 60_000 }, () => {
  for (const [what, bad] of cases) {
    test(`bad sectors: ${what}`, async (t) => {
      const disk = await badDisk(t, { content, bad });
      if (disk === null) return;
      const log = new Rescued(new ReadMap(SIZE));
      await rescue(rescueOrder(await hold(t, disk.node), log));
      assertRescued(log, content, bad);
    });
  }

  test('sectors of 4096 bytes, blocks larger than one answer, an end that fills none', async (t) => {
    const odd = content.subarray(0, SIZE - 4096);
    const bad = [sectors(0, 1, 4096), sectors(700, 2, 4096), sectors(2046, 1, 4096)];
    const disk = await badDisk(t, { content: odd, sector: 4096, bad });
    if (disk === null) return;
    const log = new Rescued(new ReadMap(odd.length));
    await rescue(rescueOrder(await hold(t, disk.node, 4096), log, { blockBytes: 16 * MIB }));
    assertRescued(log, odd, bad);
  });

  test('what a single bad sector costs: two failing reads; what is easy comes before it', async (t) => {
    const bad = [sectors(5001)];
    const disk = await badDisk(t, { content, bad, behaviour: {} });
    if (disk === null) return;
    const log = new Rescued(new ReadMap(SIZE));
    await rescue(rescueOrder(await hold(t, disk.node), log));
    assertRescued(log, content, bad);
    assert.equal(disk.reads().filter(({ failed }) => failed).length, 2);
    assert.deepEqual([...log.unreadables.values()], [{ ...bad[0], errno: 'EIO', attempts: 2 }]);
    assert.deepEqual(
      log.passes.map(({ name, notTried, failedLarge }) => [name, notTried, failedLarge]),
      [
        ['forward', SIZE, 0],
        ['backward', 65_536, MIB],
        ['edges', 0, MIB],
      ],
    );
  });

  test('bad the first k times: retry passes save it, and say so', async (t) => {
    const flaky = [{ range: sectors(5000), times: 4 }];
    const bad = [sectors(9000)];
    const disk = await badDisk(t, { content, bad, behaviour: { flaky } });
    if (disk === null) return;
    const log = new Rescued(new ReadMap(SIZE));
    await rescue(rescueOrder(await hold(t, disk.node), log, { retries: 4 }));
    assertRescued(log, content, bad);
    assert.deepEqual(log.again, [[sectors(5000), 'read on try 5 after 4 failures']]);
    assert.equal(log.unreadables.get(9000 * 512)?.attempts, 6);
  });

  test('a slow area is left for later', async (t) => {
    const slow = [{ range: { start: MIB, end: MIB + 512 }, ms: 1100 }];
    const disk = await badDisk(t, { content, behaviour: { slow } });
    if (disk === null) return;
    const log = new Rescued(new ReadMap(SIZE));
    await rescue(rescueOrder(await hold(t, disk.node), log));
    assertRescued(log, content, []);
    assert.deepEqual(
      log.passes.map(({ name, notTried }) => [name, notTried]),
      [
        ['forward', SIZE],
        ['backward', 65_536],
      ],
    );
  });

  test('a read that hangs is left behind; its sector counts as failed, all others are read', async (t) => {
    const slow = [{ range: sectors(5001), ms: 600 }];
    const disk = await badDisk(t, { content, behaviour: { slow } });
    if (disk === null) return;
    const log = new Rescued(new ReadMap(SIZE));
    await rescue(rescueOrder(await hold(t, disk.node), log, { readTimeoutMs: 400 }));
    assertRescued(log, content, [sectors(5001)]);
    assert.equal(log.unreadables.get(5001 * 512)?.errno, 'ETIMEDOUT');
  });

  test('the heads die: silent, nothing is marked for it; with them back it goes on from the same map', async (t) => {
    const bad = [sectors(3000, 3)];
    const dying = await badDisk(t, { content, bad, behaviour: { deadAfter: 30 } });
    const healed = await badDisk(t, { content, bad });
    if (dying === null || healed === null) return;
    const log = new Rescued(new ReadMap(SIZE));
    await assert.rejects(rescue(rescueOrder(await hold(t, dying.node), log)), (error) => {
      assertCode(error, 'source', 'source.silent');
      return true;
    });
    assert.deepEqual(log.bad, []);
    assert.ok(log.map.bytes('good') > MIB);
    await rescue(rescueOrder(await hold(t, healed.node), log));
    assertRescued(log, content, bad);
  });

  test('gone: nothing is marked for it', async (t) => {
    const disk = await badDisk(t, { content });
    if (disk === null) return;
    const source = await hold(t, disk.node);
    const log = new Rescued(new ReadMap(SIZE));
    const gone = new Error('gone');
    log.onDeliver = () => disk.unplug();
    const checkPresent = (): Promise<void> => Promise.reject(gone);
    await assert.rejects(rescue(rescueOrder(source, log, { checkPresent })), gone);
    assert.ok(log.map.entries.every(({ status }) => status === 'good' || status === 'not-tried'));
  });

  test('too many bad sectors: those of the map count', async (t) => {
    const bad = [sectors(10), sectors(3000, 5)];
    const disk = await badDisk(t, { content, bad });
    if (disk === null) return;
    const before = [{ ...sectors(10), status: 'unreadable' as const }];
    const log = new Rescued(new ReadMap(SIZE, before));
    await assert.rejects(rescue(rescueOrder(await hold(t, disk.node), log, { maxBadSectors: 3 })), (error) => {
      assertCode(error, 'source', 'source.too-bad');
      return true;
    });
    assert.equal(log.map.bytes('unreadable'), 4 * 512);
  });

  test('stopped while a read hangs: in time, nothing is marked, nobody is left', async (t) => {
    const disk = await badDisk(t, { content });
    if (disk === null) return;
    const source = await hold(t, disk.node);
    await disk.pause();
    const log = new Rescued(new ReadMap(SIZE));
    const began = performance.now();
    await rescue(rescueOrder(source, log, { stop: AbortSignal.timeout(400) }));
    assert.ok(performance.now() - began < 2000);
    assert.deepEqual(log.map.ranges('not-tried'), [{ start: 0, end: SIZE }]);
    await disk.unplug();
    await until(() => childrenOf(process.pid).every(({ command }) => !command.includes('probe-child')), 'no child');
  });
});
