import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { normalise, type Range } from '../../src/model/range.ts';
import { transcriptHere } from '../cli/transcript.ts';
import { badDisk, type BadDisk } from '../support/bad-disk.ts';
import { journalOf, manifestOf, newDesk, startExhibit, type Desk } from '../support/exhibit.ts';
import { diskBytes, lacks, sh } from '../support/loop.ts';

const MIB = 1_048_576;
const SIZE = 12 * MIB;
const BAD: readonly Range[] = [
  { start: 100 * 512, end: 101 * 512 },
  { start: 5 * MIB + 4096, end: 5 * MIB + 4096 + 3 * 512 },
  { start: SIZE - 512, end: SIZE },
];

/** A disk with bad sectors, and what a right image of it holds. */
async function disk(t: TestContext, rate?: number): Promise<{ disk: BadDisk; due: Buffer } | null> {
  if (lacks(t, 'ddrescue', 'ddrescuelog')) return null;
  const content = diskBytes(SIZE, 3);
  const made = await badDisk(t, { content, bad: BAD, ...(rate === undefined ? {} : { rate }) });
  if (made === null) return null;
  const due = Buffer.from(content);
  for (const { start, end } of BAD) due.fill(0, start, end);
  return { disk: made, due };
}

function ddrescue(...argv: string[]): void {
  const { status, stderr } = spawnSync('ddrescue', ['--force', ...argv], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}

async function judge(desk: Desk, folder: string, item: string, due: Buffer): Promise<void> {
  const image = join(folder, `${item}.dd`);
  assert.ok(readFileSync(image).equals(due), 'the image is not the disk');
  sh('ddrescuelog', '-t', join(folder, `${item}.map`));
  const manifest = manifestOf(folder, item);
  assert.equal(manifest.outcome, 'complete-with-unreadable');
  assert.deepEqual(normalise(manifest.read_map.ranges), BAD);
  await transcriptHere(['verify', folder, '--signers', desk.signers], { exit: 0, prints: [/VERIFIED/] });
}

describe('GNU ddrescue', { concurrency: 2 }, () => {
  test('an image that ddrescue began is taken over where it lies, and finished', async (t) => {
    const made = await disk(t);
    if (made === null) return;
    const desk = newDesk(t);
    const folder = join(desk.to, 'item');
    mkdirSync(folder);
    // It copied a part in large blocks, and tried nothing twice.
    const [image, map] = [join(folder, 'drive.img'), join(folder, 'drive.map')];
    ddrescue('-d', '-n', '-i', '1Mi', '-s', '7Mi', made.disk.node, image, map);
    const before = readFileSync(map, 'utf8');
    await transcriptHere(desk.takeOver(folder, made.disk.node, map), {
      exit: 3,
      prints: [/ACQUIRED, WITH GAPS: 2,560 bytes in 3 ranges/],
    });
    await judge(desk, folder, 'HDD-01', made.due);
    const { read_map } = manifestOf(folder);
    assert.ok(
      read_map.adopted.length > 0 && read_map.adopted.every(({ start, end }) => start >= MIB && end <= 8 * MIB),
    );
    const adopted = journalOf(folder).find(({ type }) => type === 'adopted');
    assert.match(String(adopted?.data['comment']), /GNU ddrescue/);
    assert.equal(readFileSync(map, 'utf8'), before, "ddrescue's own map is kept");
    assert.ok(!existsSync(image));
    assert.match(readFileSync(join(folder, 'HDD-01.txt'), 'utf8'), /[Rr]ead by another program/);
  });

  for (const options of [['--profile', 'rescue'], []]) {
    test(`an image of ours (${options.join(' ') || 'in line'}) is gone on with by ddrescue -d, and taken back`, async (t) => {
      // Slow enough to be killed in the middle.
      const made = await disk(t, 6 * MIB);
      if (made === null) return;
      const desk = newDesk(t);
      const job = startExhibit(t, desk.acquire(made.disk.node, '--no-probe', '--block-size', '64K', ...options));
      await job.until(() => existsSync(join(desk.evidence(), 'HDD-01.map')), 'a checkpoint was made');
      job.kill('SIGKILL');
      await job.ended;
      made.disk.setRate(2000 * MIB);
      const [image, map] = [join(desk.evidence(), 'HDD-01.dd.partial'), join(desk.evidence(), 'HDD-01.map')];
      if (!existsSync(image)) {
        t.skip('it was done before it was killed');
        return;
      }
      sh('ddrescuelog', '-t', map);
      ddrescue('-d', made.disk.node, image, map);
      const resume = ['resume', desk.evidence(), made.disk.node, '--key', desk.key];
      await transcriptHere(resume, { exit: 13, says: [/another program has gone on with the image/] });
      await transcriptHere([...resume, '--adopt-map', map], { exit: 3, prints: [/ACQUIRED, WITH GAPS/] });
      await judge(desk, desk.evidence(), 'HDD-01', made.due);
      assert.ok(manifestOf(desk.evidence()).read_map.adopted.length > 0);
    });
  }

  test('an image of another disk, a map of another size, a text that is no map: refused, nothing is touched', async (t) => {
    const made = await disk(t);
    if (made === null) return;
    const desk = newDesk(t);
    const folder = join(desk.to, 'item');
    mkdirSync(folder);
    const other = desk.file('other.img', SIZE);
    const [image, map] = [join(folder, 'drive.img'), join(folder, 'drive.map')];
    ddrescue('-s', '4Mi', other, image, map);
    const names = readdirSync(folder).sort();
    const taken = (file: string): string[] => desk.takeOver(folder, made.disk.node, file);
    await transcriptHere(taken(map), { exit: 11, says: [/is another disk, or was written to/] });
    await transcriptHere(taken(image), { exit: 2, says: [/is not a mapfile/] });
    await transcriptHere(taken(join(folder, 'none')), { exit: 2, says: [/can't be read/] });
    const whose = ['resume', folder, made.disk.node, '--adopt-map', map];
    await transcriptHere(whose, { exit: 2, says: [/--case is missing/] });
    assert.deepEqual(readdirSync(folder).sort(), names);
  });
});
