import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { SlotFiller } from '../../src/read/slot-filler.ts';
import { Ring } from '../../src/ring/ring.ts';
import { TestClock } from '../support/ports.ts';

describe('slot filler', () => {
  test('a slot that waited for a second is published as it is, an unwatched moment does not publish it', async () => {
    const clock = new TestClock();
    const ring = new Ring(8, 4096, 1);
    const filler = new SlotFiller(ring, 100, clock);
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
    filler.close();
    const input = ring.reader(0);
    ring.end();
    const lengths: number[] = [];
    for (let chunk = await input.next(); chunk !== null; chunk = await input.next()) {
      lengths.push(chunk.bytes.length);
      input.release();
    }
    assert.deepEqual(lengths, [10, 4096, 5]);
  });
});
