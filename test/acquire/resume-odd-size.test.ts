import assert from 'node:assert/strict';
import test from 'node:test';
import { readFileSync, readdirSync } from 'node:fs';
import { requireWhole, truthOf } from '../support/cut-off.ts';
import { newDesk, startExhibit } from '../support/exhibit.ts';
import { Gate } from '../support/gate.ts';
import { exhibitHere } from '../support/in-process.ts';
import { lacks } from '../support/loop.ts';

const MIB = 1_048_576;

test('a source whose last piece is short, killed while its image is read back: the short piece is not forgotten', async (t) => {
  if (lacks(t, 'setpriv')) return;
  const desk = newDesk(t);
  const source = desk.file('disk.img', 5 * MIB + 512);
  const gate = new Gate(desk.folder, 'read-back');
  const job = startExhibit(t, desk.acquire(source, '--piece-size', '2M', '--block-size', '1M'), { env: gate.env });
  await gate.atGate(job);
  job.kill('SIGKILL');
  await job.ended;
  const folder = desk.evidence();
  const { code, stdout, stderr } = await exhibitHere(['resume', folder, '--key', desk.key]);
  assert.equal(code, 0, stdout + stderr + readdirSync(folder).join(' '));
  await requireWhole(desk, folder, 'HDD-01', truthOf(readFileSync(source), [], 2 * MIB), 2);
});
