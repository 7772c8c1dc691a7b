import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { ClockWatch } from '../../src/system/clock-watch.ts';
import { systemClock, utc } from '../../src/system/clock.ts';
import { TestClock } from '../support/ports.ts';

const HOUR = 3_600_000;

describe('clock watch', () => {
  test('nothing happened, nothing seen; small drift is no step', async () => {
    const clock = new TestClock();
    const watch = new ClockWatch(clock);
    for (let second = 0; second < 20; second += 1) {
      clock.step(second % 2 === 0 ? 900 : -900);
      await clock.advance(1000);
    }
    assert.deepEqual(watch.stop(), []);
  });

  test('a suspend: for how long, and when it was noticed', async () => {
    const clock = new TestClock();
    const watch = new ClockWatch(clock);
    await clock.advance(1000);
    clock.suspend(2 * HOUR);
    await clock.advance(1000);
    assert.deepEqual(watch.stop(), [{ at: utc(clock.wallMs()), kind: 'suspend', milliseconds: 2 * HOUR }]);
  });

  for (const step of [HOUR, -HOUR]) {
    test(`the wall clock is set by ${step} ms`, async () => {
      const clock = new TestClock();
      const watch = new ClockWatch(clock);
      clock.step(step);
      await clock.advance(1000);
      assert.deepEqual(watch.stop(), [{ at: utc(clock.wallMs()), kind: 'clock-step', milliseconds: step }]);
    });
  }

  test('both at once are told apart; each is told once', async () => {
    const clock = new TestClock();
    const watch = new ClockWatch(clock);
    clock.suspend(10_000);
    clock.step(-5000);
    await clock.advance(1000);
    await clock.advance(1000);
    await clock.advance(1000);
    assert.deepEqual(
      watch.stop().map(({ kind, milliseconds }) => [kind, milliseconds]),
      [
        ['suspend', 10_000],
        ['clock-step', -5000],
      ],
    );
  });

  test('what happens just before the end is seen; after it, nothing is', async () => {
    const clock = new TestClock();
    const watch = new ClockWatch(clock);
    clock.step(HOUR);
    assert.equal(watch.stop().length, 1);
    clock.step(HOUR);
    await clock.advance(1000);
    assert.equal(watch.stop().length, 2, 'asked again, it looks again');
  });

  test('the real clocks: monotonic does not go back, boot time runs with it', async () => {
    const [mono, boot] = [systemClock.monotonicMs(), systemClock.bootMs()];
    await systemClock.sleep(50);
    const passed = systemClock.monotonicMs() - mono;
    assert.ok(passed >= 45, `${passed}`);
    assert.ok(Math.abs(systemClock.bootMs() - boot - passed) < 500);
    assert.ok(Math.abs(systemClock.wallMs() - Date.now()) < 500);
  });

  test('a real sleep ends when it is told to', async () => {
    const started = performance.now();
    await systemClock.sleep(30_000, AbortSignal.timeout(20));
    await systemClock.sleep(30_000, AbortSignal.abort());
    assert.ok(performance.now() - started < 5000);
  });
});
