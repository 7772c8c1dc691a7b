import assert from 'node:assert/strict';
import test from 'node:test';
import { RemoteRanges } from '../../src/remote/range-reader.ts';
import { until } from '../support/children.ts';
import { TestClock } from '../support/ports.ts';
import { madeUpOrder, madeUpShell } from './made-up.ts';
import { proofs } from './ranges-support.ts';

test('what reads over there took: the good ones and the one that failed each for itself, and no start of a program', async () => {
  const clock = new TestClock();
  const { shell, opened } = madeUpShell();
  const ranges = new RemoteRanges(madeUpOrder(shell, clock), proofs());
  const reading = ranges.read({ start: 512, end: 8192 }, 4096);
  await until(() => opened.length === 1, 'a program was opened');
  const [program] = opened;
  assert.ok(program !== undefined);
  await clock.advance(5000);
  program.greet();
  await until(() => program.orders().length === 1, 'up to where reads can be cut');
  await clock.advance(100);
  program.answer(1, new Uint8Array(3584), ['3584 bytes copied', 'exit 0']);
  await until(() => program.orders().length === 2, 'and the rest');
  await clock.advance(300);
  program.answer(2, new Uint8Array(0), [
    "dd: error reading '/dev/fd/9': Input/output error",
    '0 bytes copied',
    'exit 1',
  ]);
  const { bytes, failure, goodMs } = await reading;
  assert.deepEqual([bytes.length, failure, goodMs], [3584, { errno: 'EIO', ms: 300 }, 100]);
  ranges.close();
});
