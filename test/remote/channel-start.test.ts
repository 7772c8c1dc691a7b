import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { withWayOn } from '../../src/acquire/stopped/way-on.ts';
import type { ExhibitError } from '../../src/model/errors.ts';
import { noAnswer } from '../../src/model/remote-faults.ts';
import { ReaderChannel } from '../../src/remote/reader-channel.ts';
import { until } from '../support/children.ts';
import { TestClock } from '../support/ports.ts';
import { madeUpOrder, madeUpShell, THERE } from './made-up.ts';
import { code } from './ranges-support.ts';

describe('a program over there that does not begin', () => {
  test('hangs on its disk, and does not end when its channel is closed: it is left in time', async (t) => {
    const clock = new TestClock();
    const { shell, opened } = madeUpShell();
    const channel = new ReaderChannel(madeUpOrder(shell, clock));
    const { sent, answer } = channel.order({ start: 0, end: 512 }, 512, () => 'none');
    const [hello, read] = [assert.rejects(channel.hello, code('remote.reader-died')), assert.rejects(answer)];
    await until(() => opened.length === 1, 'it was opened');
    await clock.advance(30_000);
    await inTime(Promise.all([hello, read, sent]), t.signal);
    assert.deepEqual([channel.usable, opened[0]?.killed()], [false, 1]);
  });

  test('is not waited for once nobody wants it, and is ended when it begins later', async (t) => {
    let open = (): void => undefined;
    const opening = new Promise<void>((resolve) => {
      open = resolve;
    });
    const { shell, opened } = madeUpShell(() => opening);
    const channel = new ReaderChannel(madeUpOrder(shell, new TestClock()));
    channel.close();
    await inTime(assert.rejects(channel.hello, code('remote.closed')), t.signal);
    open();
    await until(() => opened.length === 1, 'it was opened');
    await until(() => opened[0]?.killed() === 1, 'it was ended');
  });
});

test('a program that holds something else: another disk is looked for again, a machine that was started anew is not', async () => {
  for (const [said, expected] of [
    [{ boot: 'c' }, 'source.rebooted'],
    [{ node: '8:1' }, 'source.changed'],
    [{ size: '512' }, 'source.changed'],
  ] as const) {
    const { shell, opened } = madeUpShell();
    const channel = new ReaderChannel(madeUpOrder(shell, new TestClock()));
    await until(() => opened.length === 1, 'it was opened');
    opened[0]?.greet({ ...THERE, ...said });
    await assert.rejects(channel.hello, code(expected));
    assert.equal(opened[0]?.killed(), 1);
  }
});

test('that nothing is begun there says nothing of an acquisition: there may be none', () => {
  const error = noAnswer({ user: 'root', host: 'box', port: null }, 20_000);
  assert.doesNotMatch(error.hint ?? '', /resume/);
  const onward = withWayOn(error, '/evidence') as ExhibitError;
  assert.match(onward.hint ?? '', /Then go on: exhibit resume \/evidence$/);
});

async function inTime<T>(work: Promise<T>, over: AbortSignal): Promise<T> {
  const late = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => {
      reject(new Error('it still waits'));
    }, 3000);
    over.addEventListener('abort', () => {
      clearTimeout(timer);
    });
    void work.finally(() => {
      clearTimeout(timer);
    });
  });
  return Promise.race([work, late]);
}
