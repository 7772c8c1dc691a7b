import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import fc from 'fast-check';
import { SlotFiller } from '../../src/read/slot-filler.ts';
import { Ring } from '../../src/ring/ring.ts';
import { diskBytes } from '../support/loop.ts';
import { TestClock } from '../support/ports.ts';

describe('slot filler', () => {
  test('a slot that waited for a second is published as it is, an unwatched moment does not publish it', async () => {
    const clock = new TestClock();
    const ring = new Ring(8, 4096, 1);
    const filler = new SlotFiller(ring, 100, 1, clock);
    await filler.append(new Uint8Array(10));
    await clock.advance(999);
    assert.equal(ring.published, 0);
    await clock.advance(1);
    assert.equal(ring.published, 1);
    assert.equal(filler.position, 110);
    await filler.append(new Uint8Array(5));
    await clock.advance(500);
    await filler.append(new Uint8Array(4096));
    assert.equal(ring.published, 2, 'a full one at once');
    await clock.advance(999);
    assert.equal(ring.published, 2, 'the next one has its own second');
    await clock.advance(1);
    assert.equal(ring.published, 3);
    await filler.close(0);
    const input = ring.reader(0);
    ring.end();
    const lengths: number[] = [];
    for (let chunk = await input.next(); chunk !== null; chunk = await input.next()) {
      lengths.push(chunk.bytes.length);
      input.release();
    }
    assert.deepEqual(lengths, [10, 4096, 5]);
  });

  /** Gives lengths, and what the ring holds in the end. */
  async function packed(
    parts: readonly number[],
    { sector, slot, end }: { sector: number; slot: number; end: number },
    flushes: (index: number) => boolean = () => false,
  ): Promise<{ offsets: number[]; bytes: Buffer }> {
    const ring = new Ring(64, slot, 1);
    const filler = new SlotFiller(ring, 0, sector, new TestClock());
    const content = diskBytes(parts.reduce((sum, part) => sum + part, 0));
    let at = 0;
    for (const [index, part] of parts.entries()) {
      await filler.append(content.subarray(at, (at += part)));
      assert.equal(filler.position, at);
      if (flushes(index)) filler.flush();
    }
    await filler.close(end);
    ring.end();
    const input = ring.reader(0);
    const found = { offsets: [] as number[], bytes: Buffer.alloc(0) };
    for (let chunk = await input.next(); chunk !== null; chunk = await input.next()) {
      assert.equal(chunk.offset, found.bytes.length, 'without a gap');
      found.offsets.push(chunk.offset);
      found.bytes = Buffer.concat([found.bytes, chunk.bytes]);
      input.release();
    }
    assert.ok(found.bytes.equals(content.subarray(0, found.bytes.length)));
    return found;
  }

  test('stopped in the middle of a sector, it gives the whole ones: nobody can read a disk on from there', async () => {
    const { bytes } = await packed([700, 1000], { sector: 512, slot: 4096, end: 9000 });
    assert.equal(bytes.length, 1536);
  });

  test('a source that ends in the middle of a sector is given to its last byte, also when that was held back', async () => {
    assert.equal((await packed([700, 1000], { sector: 512, slot: 4096, end: 1700 })).bytes.length, 1700);
    assert.equal((await packed([4096, 100], { sector: 512, slot: 4096, end: 4196 }, () => true)).bytes.length, 4196);
    const waited = await packed([700, 300], { sector: 512, slot: 4096, end: 1000 }, (index) => index === 0);
    assert.deepEqual([waited.offsets, waited.bytes.length], [[0, 512], 1000]);
  });

  test('whatever comes in whatever parts: all of it, and no chunk begins in the middle of a sector', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 3000 }), fc.boolean()), { minLength: 1, maxLength: 40 }),
        fc.boolean(),
        async (steps, whole) => {
          const parts = steps.map(([length]) => length);
          const total = parts.reduce((sum, part) => sum + part, 0);
          const end = whole ? total : total + 1;
          const found = await packed(parts, { sector: 512, slot: 4096, end }, (index) => steps[index]?.[1] === true);
          assert.ok(found.offsets.every((offset) => offset % 512 === 0));
          assert.equal(found.bytes.length, whole ? total : total - (total % 512));
        },
      ),
      { numRuns: 200 },
    );
  });

  test('less than a sector that waits is waited with, and wakes nobody', async () => {
    const clock = new TestClock();
    const ring = new Ring(8, 4096, 1);
    const filler = new SlotFiller(ring, 0, 512, clock);
    await filler.append(new Uint8Array(100));
    await clock.advance(5000);
    assert.equal(ring.published, 0);
    await filler.append(new Uint8Array(500));
    await clock.advance(1000);
    assert.deepEqual([ring.published, filler.position], [1, 600]);
    await filler.close(9000);
  });
});
