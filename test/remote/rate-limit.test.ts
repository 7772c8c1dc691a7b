import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { ModeChooser } from '../../src/remote/mode-chooser.ts';
import { RateLimit, rangesFor } from '../../src/remote/rate-limit.ts';
import { remoteReader } from '../../src/remote/in-order-reader.ts';
import { systemClock, type Clock } from '../../src/system/clock.ts';
import { diskBytes, lacks } from '../support/loop.ts';
import { lacksSshd } from '../support/sshd.ts';
import { assertExact, readAll } from '../read/read-all.ts';
import { held, loopDisk, MIB, orderOn, proofs } from './ranges-support.ts';

/** Sleeping takes no time, and is told. */
function fastClock(): Clock & { slept: () => number } {
  let now = 0;
  return {
    ...systemClock,
    monotonicMs: () => now,
    sleep: (ms) => {
      now += ms;
      return Promise.resolve();
    },
    slept: () => now,
  };
}

describe('so many bytes a second', () => {
  test('orders go when their time has come, in the order they were asked in', async () => {
    const clock = fastClock();
    const limit = new RateLimit(clock, 1000);
    const at: number[] = [];
    for (const bytes of [500, 1000, 250, 0, 10]) {
      await limit.take(bytes);
      at.push(clock.monotonicMs());
    }
    assert.deepEqual(at, [0, 500, 1500, 1750, 1750]);
    await new RateLimit(clock, null).take(1e12);
    assert.equal(clock.monotonicMs(), 1750);
  });

  test('what was not asked for while nobody asked is not made up for', async () => {
    const clock = fastClock();
    const limit = new RateLimit(clock, 1000);
    await limit.take(1000);
    await clock.sleep(60_000);
    const since = clock.monotonicMs();
    for (let orders = 0; orders < 3; orders += 1) await limit.take(1000);
    assert.equal(clock.monotonicMs() - since, 2000);
  });

  test('ranges are about half a second’s worth, and never larger than without a limit', () => {
    assert.deepEqual(
      [null, 1e9, 10 * MIB, 200_000, 16_384].map((rate) => rangesFor('dd', rate).rangeBytes),
      [8 * MIB, 8 * MIB, 4 * MIB, 65_536, 65_536],
    );
  });

  test('a disk is read no faster, whole, over several channels', async (t) => {
    if (lacksSshd(t) || lacks(t, 'losetup')) return;
    const bytes = diskBytes(4 * MIB);
    const clock = fastClock();
    const proof = proofs();
    const limit = new RateLimit(clock, MIB);
    const channel = await orderOn(t, loopDisk(t, bytes), { change: { limit } });
    const modes = new ModeChooser(['none'], 3);
    const { rangeBytes } = rangesFor('dd', MIB);
    const got = await readAll(
      remoteReader({ channel, proof: proof, connections: 3, rangeBytes, modes, ahead: 2 }),
      held(bytes.length),
    );
    assertExact(got, bytes, []);
    // All but the last range were paid for before it was ordered.
    assert.equal(clock.slept(), 3500);
    assert.equal(proof.seen.taken.length, 8);
  });
});
