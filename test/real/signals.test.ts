import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { transcript, transcriptHere } from '../cli/transcript.ts';
import { badDisk } from '../support/bad-disk.ts';
import {
  exhibit,
  jsonLines,
  journalOf,
  manifestOf,
  newDesk,
  startExhibit,
  type Desk,
  type Ended,
  type Running,
} from '../support/exhibit.ts';
import { Gate, type Place } from '../support/gate.ts';
import { diskBytes } from '../support/loop.ts';

const MIB = 1_048_576;

describe('SIGINT or SIGTERM, once', { concurrency: 2 }, () => {
  const stages: readonly (readonly [Place, string, NodeJS.Signals, string[]])[] = [
    ['read', 'read', 'SIGINT', []],
    ['read', 'read', 'SIGTERM', ['--format', 'split', '--segment-size', '3M']],
    ['read-back', 'read-back', 'SIGINT', []],
    ['second-read', 'verify-source', 'SIGTERM', ['--verify-source']],
  ];
  for (const [place, stage, signal, options] of stages) {
    test(`${signal} at ${place}${options.length > 0 ? ` (${options.join(' ')})` : ''}: 130, state on disk, nothing left alive`, async (t) => {
      const desk = newDesk(t);
      const gate = new Gate(desk.folder, place);
      const job = startExhibit(t, desk.acquire(desk.file('disk.img', 16 * MIB), ...options), gate);
      if (place === 'read') await partialHolds(desk, job, 3 * MIB);
      await gate.atGate(job);
      job.kill(signal);
      // A helper that exhibit waits for (here: to empty the page cache) is no hanging source.
      if (place === 'read-back') gate.open();
      await stoppedWell(desk, job, stage);
      const { source, image } = await closedAsIncomplete(desk);
      assert.equal(image.size, place === 'read' ? image.size : source.size);
      assert.ok(image.size > 0 && (place === 'read') === image.size < source.size, `${image.size} bytes`);
    });
  }

  test('while a helper waits: 130 all the same, within 5 s', async (t) => {
    const desk = newDesk(t);
    const gate = new Gate(desk.folder, 'read-back');
    const job = startExhibit(t, desk.acquire(desk.file('disk.img', 4 * MIB)), gate);
    await gate.atGate(job);
    job.kill('SIGINT');
    const ended = await job.ended;
    assertInterrupted(ended);
    assert.deepEqual(await job.leftAfter(2000), []);
    await closedAsIncomplete(desk);
  });

  test('before anything is read: nothing is made', async (t) => {
    const desk = newDesk(t);
    const gate = new Gate(desk.folder, 'trial-signature');
    const job = startExhibit(t, desk.acquire(desk.file('disk.img', 4 * MIB)), gate);
    await gate.atGate(job);
    job.kill('SIGINT');
    gate.open();
    assertInterrupted(await job.ended);
    assert.ok(!existsSync(desk.evidence()) || !existsSync(join(desk.evidence(), 'HDD-01.dd.partial')));
  });

  test('while the folder is closed: it is closed', async (t) => {
    const desk = newDesk(t);
    const gate = new Gate(desk.folder, 'manifest-signature');
    const job = startExhibit(t, desk.acquire(desk.file('disk.img', 4 * MIB)), gate);
    await gate.atGate(job);
    job.kill('SIGTERM');
    gate.open();
    const ended = await job.ended;
    assert.equal(ended.code, 0, ended.stderr);
    await transcriptHere(['verify', desk.evidence(), '--signers', desk.signers], { exit: 0, prints: [/VERIFIED/] });
  });

  test('while a signature hangs: it ends within 5 s, and seal finishes what is missing', async (t) => {
    const desk = newDesk(t);
    const gate = new Gate(desk.folder, 'sums-signature');
    const job = startExhibit(t, desk.acquire(desk.file('disk.img', 4 * MIB)), gate);
    await gate.atGate(job);
    job.kill('SIGINT');
    assertInterrupted(await job.ended);
    assert.deepEqual(await job.leftAfter(2000), []);
    assert.ok(!existsSync(join(desk.evidence(), 'SHA256SUMS.sig')));
    const unfinished = await exhibit(['verify', desk.evidence(), '--signers', desk.signers]);
    assert.ok(unfinished.code === 4 || unfinished.code === 14, unfinished.stdout);
    await transcriptHere(['seal', desk.evidence(), '--key', desk.key], { exit: 0, prints: [/SEALED/] });
    await transcriptHere(['verify', desk.evidence(), '--signers', desk.signers], { exit: 0, prints: [/VERIFIED/] });
  });

  test('--json: the result says stopped, and where', async (t) => {
    const desk = newDesk(t);
    const gate = new Gate(desk.folder, 'read');
    const job = startExhibit(t, desk.acquire(desk.file('disk.img', 16 * MIB), '--json'), gate);
    await partialHolds(desk, job, 4 * MIB);
    job.kill('SIGINT');
    const ended = await job.ended;
    assertInterrupted(ended);
    const result = jsonLines(ended.stdout).at(-1);
    assert.deepEqual(
      [result?.['type'], result?.['ok'], result?.['exit'], result?.['ended']],
      ['result', false, 130, 'stopped'],
    );
    assert.equal(result?.['position'], statSync(join(desk.evidence(), 'HDD-01.dd.partial')).size);
  });

  test('verify and seal are stopped too', async (t) => {
    const desk = newDesk(t);
    await transcript(desk.acquire(desk.file('disk.img', 4 * MIB)), { exit: 0, prints: [/ACQUIRED/] });
    const gate = new Gate(desk.folder, 'read-back');
    const check = startExhibit(t, ['verify', desk.evidence(), '--signers', desk.signers], gate);
    await gate.atGate(check);
    check.kill('SIGINT');
    gate.open();
    assertInterrupted(await check.ended);
    assert.doesNotMatch(check.stdout, /VERIFIED/);
    assert.deepEqual(await check.leftAfter(2000), []);
  });
});

describe('a source that hangs', { concurrency: 2 }, () => {
  for (const [reader, signal] of [
    ['dd', 'SIGINT'],
    ['direct', 'SIGTERM'],
    ['direct', 'SIGINT'],
  ] as const) {
    test(`--reader ${reader}, ${signal}: 130 within 5 s, and when it answers again nothing is left`, async (t) => {
      const disk = await badDisk(t, { content: diskBytes(48 * MIB, 3) });
      if (disk === null) return;
      const desk = newDesk(t);
      await disk.pause();
      const job = startExhibit(t, desk.acquire(disk.node, '--reader', reader, '--no-probe'));
      await job.untilSaid(/Read and hash the source: start/);
      // Reads are under way, and hang.
      await job.until(
        () => job.left().length > 0 && existsSync(join(desk.evidence(), 'HDD-01.journal.jsonl')),
        'it reads',
      );
      await new Promise((resolve) => setTimeout(resolve, 500));
      job.kill(signal);
      const ended = await job.endedWithin(10_000).finally(() => disk.resume());
      assertInterrupted(ended);
      assert.deepEqual(await job.leftAfter(5000), []);
      await transcriptHere(['seal', desk.evidence(), '--incomplete', 'the drive hung', '--key', desk.key], {
        exit: 0,
        prints: [/SEALED/],
      });
      await transcriptHere(['verify', desk.evidence(), '--signers', desk.signers], {
        exit: 4,
        prints: [/incomplete/i],
      });
    });
  }
});

/** 130 to whoever called, within 5 s. After our patience is over the signal itself ends us; a shell makes 130 of it. */
function assertInterrupted(ended: Ended): void {
  const code = ended.signal === 'SIGINT' ? 130 : ended.code;
  assert.equal(code, 130, `${ended.code} ${ended.signal}\n${ended.stderr}`);
  assert.ok(ended.ms < 5000, `it took ${Math.round(ended.ms)} ms`);
}

async function partialHolds(desk: Desk, job: Running, bytes: number): Promise<void> {
  const first = ['HDD-01.dd.partial', 'HDD-01.001.partial'].map((name) => join(desk.evidence(), name));
  await job.until(
    () => first.some((path) => existsSync(path) && statSync(path).size >= bytes),
    `${bytes} bytes were written`,
  );
}

async function stoppedWell(desk: Desk, job: Running, stage: string): Promise<void> {
  const ended = await job.ended;
  assertInterrupted(ended);
  assert.match(ended.stdout, /STOPPED at .*seal .* --incomplete REASON/s);
  assert.deepEqual(await job.leftAfter(2000), []);
  const last = journalOf(desk.evidence()).at(-1);
  assert.deepEqual([last?.type, last?.data['code'], last?.data['stage']], ['stopped', 'interrupted', stage]);
  assert.ok(!existsSync(join(desk.evidence(), 'HDD-01.manifest.json')));
}

async function closedAsIncomplete(desk: Desk): Promise<ReturnType<typeof manifestOf>> {
  await transcriptHere(['seal', desk.evidence(), '--incomplete', 'stopped for lunch', '--key', desk.key], {
    exit: 0,
    prints: [/SEALED/],
  });
  const manifest = manifestOf(desk.evidence());
  assert.deepEqual([manifest.outcome, manifest.incomplete_reason], ['incomplete', 'stopped for lunch']);
  // What was read before it stopped is known, and nothing more is claimed.
  assert.deepEqual(
    [manifest.read_map.good, manifest.read_map.not_tried],
    [manifest.image.size, manifest.source.size - manifest.image.size],
  );
  await transcriptHere(['verify', desk.evidence(), '--signers', desk.signers], { exit: 4, prints: [/incomplete/i] });
  return manifest;
}
