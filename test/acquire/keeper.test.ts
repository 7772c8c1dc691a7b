import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { Keeper } from '../../src/acquire/remote/keeper.ts';
import type { GivenUp } from '../../src/remote/channel-pool.ts';
import { until } from '../support/children.ts';
import { TestClock } from '../support/ports.ts';
import { madeUpOrder, madeUpShell, THERE, type MadeUp } from '../remote/made-up.ts';
import { code } from '../remote/ranges-support.ts';

function keeper() {
  const { shell, opened, lost } = madeUpShell();
  const givenUp: GivenUp[] = [];
  const account = { position: 0, gaveUp: (program: GivenUp) => void givenUp.push(program) };
  const kept = new Keeper(madeUpOrder(shell, new TestClock()), account);
  const nth = async (n: number): Promise<MadeUp> => {
    await until(() => opened.length >= n, `program ${n} was opened`);
    return opened[n - 1] as MadeUp;
  };
  const held = async (): Promise<void> => {
    const holding = kept.hold(new AbortController().signal);
    (await nth(1)).greet();
    await holding;
  };
  return { kept, account, givenUp, opened, lost, nth, held };
}

describe('the program that holds a disk over there open', () => {
  test('is replaced when it ends, by whatever: on record, where the reading stood', async () => {
    const { account, givenUp, nth, held, kept } = keeper();
    await held();
    account.position = 1024;
    (await nth(1)).end();
    const second = await nth(2);
    second.greet();
    await new Promise(setImmediate);
    account.position = 2048;
    second.stdout.write('You have new mail.\n');
    await nth(3);
    assert.deepEqual(
      givenUp.map(({ code: what, at }) => [what, at]),
      [
        ['remote.reader-died', 1024],
        ['remote.reader-died', 2048],
      ],
    );
    assert.match(givenUp[0]?.why ?? '', /^the program that held the disk open: .* status 137/);
    kept.close();
  });

  test('is not replaced without an end, nor by one that holds another disk', async () => {
    const dies = keeper();
    await dies.held();
    (await dies.nth(1)).end();
    (await dies.nth(2)).end();
    (await dies.nth(3)).end();
    await until(() => dies.givenUp.length === 3, 'all are on record');
    const changed = keeper();
    await changed.held();
    (await changed.nth(1)).end();
    (await changed.nth(2)).greet({ ...THERE, size: '512' });
    await until(() => changed.givenUp.length === 2, 'both are on record');
    await new Promise(setImmediate);
    assert.deepEqual([dies.opened.length, changed.opened.length], [3, 2]);
    assert.match(changed.givenUp[1]?.why ?? '', /it has 512 bytes, not 4096/);
  });

  test('is no matter of record when we ended it, when the link is gone, or when nobody waits for it', async () => {
    const ours = keeper();
    await ours.held();
    ours.kept.close();
    const lost = keeper();
    await lost.held();
    lost.lost.abort(new Error('the link is gone'));
    (await lost.nth(1)).end({ exit: null, signal: null });
    const left = keeper();
    const stop = new AbortController();
    const holding = left.kept.hold(stop.signal);
    await left.nth(1);
    stop.abort();
    await assert.rejects(holding, code('remote.closed'));
    await new Promise(setImmediate);
    for (const { opened, givenUp } of [ours, lost, left]) assert.deepEqual([opened.length, givenUp.length], [1, 0]);
  });
});
