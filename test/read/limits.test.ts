import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { badDisk } from '../support/bad-disk.ts';
import { childrenOf, until } from '../support/children.ts';
import { diskBytes } from '../support/loop.ts';
import { assertCode, assertExact, hold, Log, MIB, readAll, READERS, sectors } from './read-all.ts';

const SIZE = 4 * MIB;
const SECTORS = SIZE / 512;
const content = diskBytes(SIZE);

for (const [name, reader] of READERS) {
  describe(`reader ${name}: what failing reads cost, and how much of them is borne`, { timeout: 60_000 }, () => {
    // Where both readers do the same, one is enough.
    const once = { skip: name === 'dd' && 'the same code as below' };

    for (const [failMs, most] of [
      [0, 4],
      // Two, and one more on a station so busy that small reads are dear.
      [300, 3],
    ] as const) {
      test(`single bad sectors, ${failMs} ms a failing read: ${most} failing reads each at most, and all are told`, async (t) => {
        const bad = [sectors(1001), sectors(5000)];
        const disk = await badDisk(t, { content, bad, behaviour: { failMs } });
        if (disk === null) return;
        const result = await readAll(reader, await hold(t, disk.node), { blockBytes: 32_768 });
        assertExact(result, content, bad);
        const failed = disk.reads().filter((read) => read.failed);
        assert.ok(failed.length <= most * bad.length, `${failed.length} failing reads`);
        assert.equal(result.log.failures.length, failed.length);
        for (const ms of result.log.failures) assert.ok(ms >= failMs * 0.9, `${ms} ms`);
        assert.ok(result.log.bad.every(({ attempts }) => attempts <= most));
      });
    }

    test('retries: a sector that gives its bytes at last is good, and its failures are told', async (t) => {
      const flaky = [{ range: sectors(700), times: 5 }];
      const disk = await badDisk(t, { content, bad: [sectors(900)], behaviour: { flaky } });
      if (disk === null) return;
      const result = await readAll(reader, await hold(t, disk.node), { retries: 4 });
      assertExact(result, content, [sectors(900)]);
      assert.deepEqual(result.log.again, [sectors(700)]);
      assert.deepEqual(result.log.whys, ['read on try 6 after 5 failures']);
      const alone = disk.reads().filter(({ start, end, failed }) => failed && start === 900 * 512 && end === 901 * 512);
      assert.equal(alone.length, 5, 'once when it was found, four times more');
    });

    test('more bad sectors than the job may have: it ends with what it has', async (t) => {
      const bad = [sectors(10), sectors(3000, 5), sectors(7000)];
      const disk = await badDisk(t, { content, bad });
      if (disk === null) return;
      const source = await hold(t, disk.node);
      assertExact(await readAll(reader, source, { maxBadSectors: 7 }), content, bad);
      const result = await readAll(reader, source, { maxBadSectors: 8, badSectorsBefore: 5 });
      assertCode(result.error, 'source', 'source.too-bad');
      assert.match(String(result.error), /9 unreadable sectors of 512 bytes so far; the limit is 8 \(--max-bad\)/);
      assertExact({ ...result, error: null }, content.subarray(0, result.bytes.length), [
        sectors(10),
        sectors(3000, 3),
      ]);
    });

    test('the heads die: not one sector is called bad for it, and what came before is kept', async (t) => {
      const bad = [sectors(100)];
      // Enough for the beginning and its bad place, not for all.
      const disk = await badDisk(t, { content, bad, behaviour: { deadAfter: 600 } });
      if (disk === null) return;
      const result = await readAll(reader, await hold(t, disk.node), { blockBytes: 4096, slotBytes: 4096 });
      assertCode(result.error, 'source', 'source.silent');
      assert.match(String(result.error), /not even where it did before/);
      assertExact({ ...result, error: null }, content.subarray(0, result.bytes.length), bad);
      assert.ok(result.bytes.length > sectors(101).end);
    });

    test('they die in the middle of a bad place: what was doubtful stays open', once, async (t) => {
      const bad = [{ start: MIB, end: 2 * MIB }];
      const disk = await badDisk(t, { content, bad, behaviour: { deadAfter: 400 } });
      if (disk === null) return;
      const result = await readAll(reader, await hold(t, disk.node), { blockBytes: 65_536, slotBytes: 65_536 });
      assertCode(result.error, 'source', 'source.silent');
      assert.ok(result.bytes.length >= MIB && result.bytes.length < 2 * MIB);
      const known = [{ start: MIB, end: result.bytes.length }].filter(({ start, end }) => end > start);
      assertExact({ ...result, error: null }, content.subarray(0, result.bytes.length), known);
    });

    test('a disk that gave nothing from the beginning: silent, not bad all over', once, async (t) => {
      const disk = await badDisk(t, { content, bad: [{ start: 0, end: SIZE }] });
      if (disk === null) return;
      const result = await readAll(reader, await hold(t, disk.node));
      assertCode(result.error, 'source', 'source.silent');
      assert.match(String(result.error), /not at its start, its middle or its end/);
      assert.deepEqual([result.bytes.length, result.log.bad], [0, []]);
    });

    test('only the last sector answers: bad all over but there, and alive', once, async (t) => {
      const small = content.subarray(0, 131_072);
      const bad = [{ start: 0, end: small.length - 512 }];
      const disk = await badDisk(t, { content: small, bad });
      if (disk === null) return;
      assertExact(await readAll(reader, await hold(t, disk.node)), small, bad);
    });

    test('a place that earlier sessions read tells that the disk lives', once, async (t) => {
      const bad = [0, SECTORS / 2, SECTORS - 1].map((at) => sectors(at));
      const disk = await badDisk(t, { content, bad });
      if (disk === null) return;
      const source = await hold(t, disk.node);
      const range = { start: SIZE - 512, end: SIZE };
      const silent = await readAll(reader, source, { range });
      assertCode(silent.error, 'source', 'source.silent');
      const result = await readAll(reader, source, { range, goodBefore: [sectors(1, 3)] });
      assert.equal(result.error, null);
      assert.deepEqual(
        result.log.bad.map(({ start, end }) => ({ start, end })),
        [range],
      );
    });

    test('a read that hangs is left behind and counts as failed; the disk answers again', async (t) => {
      const disk = await badDisk(t, { content, behaviour: { slow: [{ range: sectors(3000), ms: 700 }] } });
      if (disk === null) return;
      const result = await readAll(reader, await hold(t, disk.node), { readTimeoutMs: 400 });
      assertExact(result, content, [sectors(3000)]);
      assert.equal(result.log.bad[0]?.errno, 'ETIMEDOUT');
      assert.ok(result.log.failures.length >= 2);
    });

    test('every read hangs: nobody waits for it, nothing is called bad', async (t) => {
      const disk = await badDisk(t, { content });
      if (disk === null) return;
      const source = await hold(t, disk.node);
      const log = new Log();
      await disk.pause();
      const began = performance.now();
      const result = await readAll(reader, source, { readTimeoutMs: 150, log });
      assertCode(result.error, 'source', 'source.silent');
      assert.ok(performance.now() - began < 5000);
      assert.deepEqual([result.bytes.length, log.bad], [0, []]);
      await disk.resume();
      await until(
        () => childrenOf(process.pid).every(({ command }) => !/(^|\/)dd |probe-child/.test(command)),
        'what was left behind ends when the disk answers',
      );
    });

    test('a range that begins and ends at any sector', async (t) => {
      const bad = [sectors(1003, 2), sectors(5000)];
      const disk = await badDisk(t, { content, bad });
      if (disk === null) return;
      const range = { start: sectors(1001).start, end: sectors(5003).start };
      const result = await readAll(reader, await hold(t, disk.node), { range });
      assert.ifError(result.error);
      const wanted = Buffer.from(content);
      for (const { start, end } of bad) wanted.fill(0, start, end);
      assert.ok(result.bytes.equals(wanted.subarray(range.start, range.end)));
    });
  });
}
