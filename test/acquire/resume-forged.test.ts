import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { journalOf as madeJournal, type Told } from '../support/told.ts';
import { journalOf, newDesk, startExhibit, type Desk } from '../support/exhibit.ts';
import { Gate } from '../support/gate.ts';
import { exhibitHere } from '../support/in-process.ts';
import { lacks } from '../support/loop.ts';

/** An acquisition that was killed while its image was read back. */
async function stopped(t: TestContext): Promise<{ desk: Desk; folder: string; told: Told[] }> {
  const desk = newDesk(t);
  const gate = new Gate(desk.folder, 'read-back');
  const job = startExhibit(t, desk.acquire(desk.file('disk.img', 65_536)), { env: gate.env });
  await gate.atGate(job);
  job.kill('SIGKILL');
  await job.ended;
  const folder = desk.evidence();
  const told = journalOf(folder).map(({ type, data }) => ({ type, data: structuredClone(data) }));
  return { desk, folder, told };
}

test('a journal that somebody made names image files elsewhere: nothing is renamed, linked or written there', async (t) => {
  if (lacks(t, 'setpriv')) return;
  const { desk, folder, told } = await stopped(t);
  const victim = join(desk.to, 'victim');
  const content = readFileSync(join(folder, 'HDD-01.dd.partial'));
  const [begin] = told;
  assert.ok(begin);
  const names = ['../../victim', victim, 'HDD-01.map'];
  for (const name of names) {
    writeFileSync(victim, content);
    const segments = [{ name, offset: 0, length: 65_536 }];
    const forged = [{ ...begin, data: { ...begin.data, segments } }, ...told.slice(1)];
    writeFileSync(join(folder, 'HDD-01.journal.jsonl'), madeJournal(forged).bytes);
    const before = readdirSync(folder);
    for (const argv of [
      ['resume', folder],
      ['seal', folder, '--incomplete', 'x'],
    ]) {
      const { code, stderr } = await exhibitHere([...argv, '--key', desk.key]);
      assert.equal(code, 13, stderr);
      assert.match(stderr, /image files are not those of its size and settings/);
    }
    assert.ok(existsSync(victim) && !existsSync(`${victim}.partial`), readdirSync(desk.to).join(' '));
    assert.deepEqual(readdirSync(folder), before);
  }
});

test('a journal that tells of another item than its name is not gone on with', async (t) => {
  if (lacks(t, 'setpriv')) return;
  const { desk, folder, told } = await stopped(t);
  const [begin] = told;
  assert.ok(begin);
  const forged = [{ ...begin, data: { ...begin.data, stem: 'HDD-02' } }, ...told.slice(1)];
  writeFileSync(join(folder, 'HDD-01.journal.jsonl'), madeJournal(forged).bytes);
  const { code, stderr } = await exhibitHere(['resume', folder, '--key', desk.key]);
  assert.equal(code, 13, stderr);
  assert.match(stderr, /tells of HDD-02/);
});
