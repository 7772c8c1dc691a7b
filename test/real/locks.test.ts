import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { refusedHere, transcriptHere } from '../cli/transcript.ts';
import { manifestOf, newDesk, startExhibit, type Running } from '../support/exhibit.ts';
import { Gate } from '../support/gate.ts';
import { exhibitHere, startHere, type JobHere } from '../support/in-process.ts';
import { attachLoop, lacks, mount, sh } from '../support/loop.ts';

const MIB = 1_048_576;

describe('two jobs never meet', { concurrency: 2 }, () => {
  for (const kind of ['a loop device', 'a plain file'] as const) {
    test(`${kind} that another job reads: 11, and nothing is left of the second`, async (t) => {
      if (kind === 'a loop device' && lacks(t, 'losetup')) return;
      const desk = newDesk(t);
      const file = desk.file('disk.img', 12 * MIB);
      const source = kind === 'a plain file' ? file : attachLoop(t, file);
      const gate = new Gate(desk.folder, 'read');
      const first = startExhibit(t, desk.acquire(source), gate);
      await gate.meanwhile(first, async () => {
        for (const reader of ['dd', 'direct']) {
          const argv = desk.acquire(source, '--evidence', 'HDD-02', '--reader', reader);
          const ended = await exhibitHere(argv);
          assert.equal(ended.code, 11, ended.stderr);
          assert.match(ended.stderr, /is in use: another job reads it/);
        }
        assert.deepEqual(readdirSync(join(desk.to, 'C-1')), ['HDD-01']);
        if (kind === 'a loop device')
          assert.throws(
            () => sh('mount', '-o', 'ro', source, desk.to),
            /busy|already mounted/i,
            'the source can be mounted',
          );
      });
      assert.equal((await first.ended).code, 0);
      // The lock did not outlive its job.
      await transcriptHere(desk.acquire(source, '--evidence', 'HDD-02', '--no-read-back'), {
        exit: 0,
        prints: [/ACQUIRED/],
      });
    });
  }

  test('a folder that another job writes to: 12, and the first is not disturbed', async (t) => {
    const desk = newDesk(t);
    const gate = new Gate(desk.folder, 'read');
    const first = startExhibit(t, desk.acquire(desk.file('a.img', 12 * MIB)), gate);
    await gate.meanwhile(first, async () => {
      // The first makes its map meanwhile, with its first checkpoint.
      const names = (): string[] => readdirSync(desk.evidence()).filter((name) => !name.includes('.map'));
      const before = names().sort();
      const argv = desk.acquire(desk.file('b.img', 4 * MIB));
      await transcriptHere(argv, { exit: 12, says: [/exists and is not empty/] });
      await transcriptHere(['seal', desk.evidence(), '--incomplete', 'it hangs', '--key', desk.key], {
        exit: 12,
        says: [/Another job is at work in .*HDD-01/, /its lock ends with it/],
      });
      assert.deepEqual(names().sort(), before);
    });
    assert.equal((await first.ended).code, 0);
    await transcriptHere(['verify', desk.evidence(), '--signers', desk.signers], { exit: 0, prints: [/VERIFIED/] });
  });

  test('both at once into one folder, again and again: one wins, the other gets 12', async (t) => {
    const desk = newDesk(t);
    const sources = [desk.file('a.img', 65_536), desk.file('b.img', 65_536)];
    for (let round = 0; round < 3; round += 1) {
      const item = `HDD-1${round}`;
      const gate = new Gate(desk.folder, 'trial-signature');
      const argv = sources.map((source) => desk.acquire(source, '--evidence', item, '--no-read-back'));
      const jobs = two(t, argv, gate);
      await Promise.all(jobs.map((job) => job.untilSaid(/^Findings$/m)));
      gate.open();
      const ended = await Promise.all(jobs.map((job) => job.ended));
      const codes = ended.map(({ code }) => code).sort();
      assert.deepEqual(codes, [0, 12], ended.map(({ stderr }) => stderr).join('\n'));
      const winner = sources[ended.findIndex(({ code }) => code === 0)]!;
      assert.equal(manifestOf(desk.evidence(item), item).source.path, winner);
      gate.remove();
    }
    await transcriptHere(['verify', desk.evidence('HDD-12'), '--signers', desk.signers], {
      exit: 0,
      prints: [/VERIFIED/],
    });
  });

  test('both at once on one source: one reads, the other gets 11 and leaves nothing', async (t) => {
    const desk = newDesk(t);
    const source = desk.file('a.img', 24 * MIB);
    for (let round = 0; round < 2; round += 1) {
      const items = [`A-${round}`, `B-${round}`];
      const start = new Gate(desk.folder, 'trial-signature');
      // Whoever reads goes on reading until the other has ended: else it could be done before the other comes.
      const reading = new Gate(desk.folder, 'read', start.env.PATH);
      const argv = items.map((item) => desk.acquire(source, '--evidence', item));
      const jobs = two(t, argv, reading);
      await Promise.all(jobs.map((job) => job.untilSaid(/^Findings$/m)));
      start.open();
      await Promise.race(jobs.map((job) => job.ended));
      reading.open();
      const ended = await Promise.all(jobs.map((job) => job.ended));
      assert.deepEqual(ended.map(({ code }) => code).sort(), [0, 11], ended.map(({ stderr }) => stderr).join('\n'));
      const loser = items[ended.findIndex(({ code }) => code === 11)]!;
      assert.ok(!existsSync(desk.evidence(loser)));
      for (const gate of [start, reading]) gate.remove();
    }
  });

  test('room that a running job still needs is not free', async (t) => {
    if (lacks(t, 'mount')) return;
    const desk = newDesk(t);
    // Each job may take 32 MiB for its records besides its image.
    const to = mount(t, join(desk.folder, 'small'), '-t', 'tmpfs', '-o', 'size=100m', 'none');
    const gate = new Gate(desk.folder, 'read');
    const first = startExhibit(t, desk.acquire(desk.file('a.img', 24 * MIB), '--to', to), gate);
    const second = desk.acquire(desk.file('b.img', 16 * MIB), '--to', to, '--evidence', 'HDD-02');
    await gate.meanwhile(first, async () => {
      await transcriptHere(second, {
        exit: 12,
        says: [/Not enough room .*other running jobs still need 5\d,\d{3},\d{3} bytes/],
      });
      assert.ok(!existsSync(join(to, 'C-1/HDD-02')));
    });
    assert.equal((await first.ended).code, 0);
    await transcriptHere([...second, '--no-read-back'], { exit: 0, prints: [/ACQUIRED/] });
  });

  test('a job that is refused leaves no empty folders behind', async (t) => {
    const desk = newDesk(t);
    const source = desk.file('a.img', 12 * MIB);
    const gate = new Gate(desk.folder, 'read');
    const first = startExhibit(t, desk.acquire(source, '--to', desk.folder), gate);
    await gate.meanwhile(first, async () => {
      await refusedHere(desk, desk.acquire(source), { exit: 11, says: [/is in use/] });
    });
    assert.equal((await first.ended).code, 0);
  });
});

/** Two jobs in two processes: one of them is this one. */
function two(t: TestContext, [here = [], there = []]: readonly string[][], gate: Gate): [JobHere, Running] {
  return [startHere(here, gate), startExhibit(t, there, gate)];
}
