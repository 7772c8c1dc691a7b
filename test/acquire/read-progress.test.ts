import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { ReadProgress } from '../../src/acquire/reading/read-progress.ts';
import { ReadRecorder } from '../../src/acquire/reading/read-recorder.ts';
import type { Event } from '../../src/model/event.ts';
import type { Plan } from '../../src/model/plan.ts';
import type { Recovery } from '../../src/model/request.ts';
import { TestClock } from '../support/ports.ts';

const SIZE = 1000 * 512;

function reading(recovery: Recovery, position = 0) {
  const clock = new TestClock();
  const recorder = new ReadRecorder(SIZE);
  const events: Event[] = [];
  const emit = (event: Event): void => void events.push(event);
  const plan = { size: SIZE, request: { settings: { recovery } } } as unknown as Plan;
  const progress = new ReadProgress({ ports: { clock }, plan, emit }, recorder, position);
  const of = <T extends Event['type']>(type: T) =>
    events.filter((event): event is Extract<Event, { type: T }> => event.type === type);
  return { clock, recorder, progress, events, of };
}

describe('what is told of a reading', () => {
  test('in order: where the stream is, also while it stands still; the map once a second', async () => {
    const { clock, recorder, progress, of } = reading('in-line', 512);
    progress.tick();
    recorder.good({ start: 0, end: 5120 });
    progress.written(5120);
    recorder.unreadable({ start: 5120, end: 5632, errno: 'EIO', attempts: 3 });
    recorder.failedRead(900);
    await clock.advance(999);
    progress.tick();
    assert.deepEqual(
      of('progress').map(({ done, unreadable, failedReads }) => [done, unreadable, failedReads?.count]),
      [
        [512, 0, 0],
        [5120, 0, 0],
        [5120, 512, 1],
      ],
    );
    assert.equal(of('map').length, 1);
    await clock.advance(1);
    progress.tick();
    assert.match(of('map')[1]?.cells ?? '', /^\+\+-\?+$/);
  });

  test('out of order: good and unreadable are done, what failed is only tried; each pass at once', () => {
    const { recorder, progress, of } = reading('deferred');
    progress.tick();
    assert.deepEqual(of('progress'), [], 'before the first pass there is nothing to tell');
    progress.pass('forward');
    recorder.good({ start: 0, end: 512 });
    recorder.good({ start: 2048, end: 2560 });
    recorder.mark({ start: 512, end: 2048 }, 'failed-large');
    recorder.unreadable({ start: 4096, end: 4608, errno: 'EIO', attempts: 2 });
    progress.tick();
    assert.equal(of('progress').length, 1, 'not more often than five times a second');
    progress.pass('backward');
    const last = of('progress').at(-1);
    assert.deepEqual([last?.done, last?.rescue], [1536, { pass: 'backward', tried: 3072, good: 1024 }]);
    // What is written of the stream says little: most lies beside it.
    progress.written(512);
    assert.equal(of('progress').length, 2);
  });

  test('the catch-up is a stage of its own', () => {
    const { progress, events, of } = reading('deferred');
    progress.pass('forward');
    progress.catchUp();
    progress.written(SIZE);
    assert.equal(progress.caughtUp, true);
    assert.deepEqual(
      of('stage').map(({ stage, status }) => `${stage} ${status}`),
      ['read done', 'hash start'],
    );
    const last = events.at(-1);
    assert.ok(last?.type === 'progress' && last.stage === 'hash' && last.done === SIZE);
  });
});
