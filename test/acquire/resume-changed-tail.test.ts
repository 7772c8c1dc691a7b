import assert from 'node:assert/strict';
import test from 'node:test';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { badDisk } from '../support/bad-disk.ts';
import { recordsOf } from '../support/cut-off.ts';
import { newDesk, startExhibit } from '../support/exhibit.ts';
import { exhibitHere } from '../support/in-process.ts';
import { diskBytes } from '../support/loop.ts';

const MIB = 1_048_576;

test('an image whose piece under way was changed is refused again and again: a refusal never becomes what was read', async (t) => {
  const disk = await badDisk(t, { content: diskBytes(12 * MIB, 7), rate: 4 * MIB });
  if (disk === null) return;
  const desk = newDesk(t);
  const folder = desk.evidence();
  const options = ['--no-probe', '--block-size', '1M', '--piece-size', '64M', '--hash-engine', 'native'];
  const job = startExhibit(t, desk.acquire(disk.node, ...options));
  const position = () => recordsOf(folder).findLast(({ type }) => type === 'checkpoint')?.data.position ?? 0;
  await job.until(() => position() > MIB, 'a checkpoint was made');
  job.kill('SIGKILL');
  await job.ended;
  await job.leftAfter(5000);
  disk.setRate(2000 * MIB);

  const at = 700_000;
  const image = openSync(join(folder, 'HDD-01.dd.partial'), 'r+');
  const byte = Buffer.alloc(1);
  readSync(image, byte, 0, 1, at);
  writeSync(image, Buffer.of((byte[0] ?? 0) ^ 1), 0, 1, at);
  closeSync(image);
  for (const round of [1, 2, 3]) {
    const { code, stderr } = await exhibitHere(['resume', folder, '--key', desk.key]);
    assert.equal(code, 13, `round ${round}: ${stderr}`);
    assert.match(stderr, /was changed after the acquisition stopped/);
  }
  assert.deepEqual(
    recordsOf(folder).filter(({ type, data }) => type === 'read' && data.complete === true),
    [],
  );
  const { code } = await exhibitHere(['seal', folder, '--incomplete', 'changed', '--key', desk.key]);
  assert.equal(code, 13);
});
