import assert from 'node:assert/strict';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { transcript, transcriptHere } from '../cli/transcript.ts';
import { badDisk } from '../support/bad-disk.ts';
import { contentOf } from '../support/content.ts';
import { imageBytes, recordsOf, requirePromises, requireSessions, requireWhole, truthOf } from '../support/cut-off.ts';
import { newDesk, startExhibit } from '../support/exhibit.ts';
import { Gate } from '../support/gate.ts';
import { exhibitHere, startHere } from '../support/in-process.ts';
import { diskBytes, freshFileSystem, sh } from '../support/loop.ts';
import { testPorts } from '../support/ports.ts';
import { stoppedJob, type Stopped } from '../support/stopped.ts';

const MIB = 1_048_576;
const JOURNAL = 'HDD-01.journal.jsonl';

describe('stopped, and gone on with', { concurrency: 2 }, () => {
  for (const [name, options] of [
    ['dd, native', ['--reader', 'dd', '--hash-engine', 'native']],
    ['direct, wasm', ['--reader', 'direct', '--hash-engine', 'wasm', '--hash', 'md5,sha256']],
  ] as const) {
    test(`Ctrl-C, then resume (${name}): the hashes of an uninterrupted run`, async (t) => {
      const content = diskBytes(12 * MIB, 21);
      const disk = await badDisk(t, { content, rate: 4 * MIB });
      if (disk === null) return;
      const desk = newDesk(t);
      const common = ['--block-size', '1M', '--piece-size', '2M', '--no-probe'];
      const job = startExhibit(t, desk.acquire(disk.node, ...common, ...options));
      const told = (): boolean => recordsOf(desk.evidence()).some(({ type }) => type === 'checkpoint');
      await job.until(told, 'its first checkpoint');
      job.kill('SIGINT');
      const stopped = await job.ended;
      assert.equal(stopped.code, 130, stopped.stderr);
      const truth = truthOf(content, [], 2 * MIB);
      const { position } = requirePromises(desk.evidence(), 'HDD-01', truth);
      assert.ok(position > 0 && position < 12 * MIB, `${position}`);
      disk.setRate(1000 * MIB);
      const resumed = await transcript(['resume', desk.evidence(), '--key', desk.key], {
        exit: 0,
        prints: [/ACQUIRED/],
        says: [new RegExp(`Session 2: going on at byte ${position} of`)],
      });
      assert.match(resumed.stderr, /Stopped acquisition\n(.*\n)* {2}ended +stopped by the operator/);
      await requireWhole(desk, desk.evidence(), 'HDD-01', truth, 2);
      requireSessions(desk.evidence(), 'HDD-01', 2, [
        { how: 'stopped', from: 0 },
        { how: 'finished', from: position },
      ]);
    });
  }

  test('the destination is full: 12; room is made, and it goes on, as often as it is cut off', async (t) => {
    const to = freshFileSystem(t, 'ext4', 96 * MIB, '-m', '0');
    if (to === null) return;
    const desk = newDesk(t);
    const gate = new Gate(desk.folder, 'read');
    const source = desk.file('disk.img', 24 * MIB);
    const job = startHere(desk.acquire(source, '--to', to, '--piece-size', '4M'), gate);
    await gate.meanwhile(job, () => {
      const free =
        Number(sh('stat', '--file-system', '--format=%a', to)) * Number(sh('stat', '--file-system', '--format=%S', to));
      sh('fallocate', `--length=${free - 8 * MIB}`, join(to, 'filler'));
    });
    assert.equal((await job.ended).code, 12, job.stderr);
    const folder = join(to, 'C-1/HDD-01');
    const truth = truthOf(readFileSync(source), [], 4 * MIB);
    requirePromises(folder, 'HDD-01', truth);
    const argv = ['resume', folder, '--key', desk.key];
    const full = await exhibitHere(argv);
    assert.equal(full.code, 12, full.stderr);
    rmSync(join(to, 'filler'));
    // The failed session's map told of more than its last checkpoint: that is nobody else's work, now and later.
    const killed = startExhibit(t, argv);
    await killed.until(() => recordsOf(folder).some(({ type }) => type === 'resumed'), 'it had the folder');
    killed.kill('SIGKILL');
    await killed.ended;
    await transcriptHere(argv, { exit: 0, prints: [/ACQUIRED/], says: [/Session \d/] });
    await requireWhole(desk, folder, 'HDD-01', truth, null);
  });

  test('the folder is moved and renamed, with the person, the station and the program: each session says its own', async (t) => {
    const stopped = await stoppedJob(t);
    const { desk } = stopped;
    const folder = join(desk.folder, 'another place', 'item seven');
    mkdirSync(join(desk.folder, 'another place'));
    renameSync(stopped.folder, folder);
    const ports = testPorts({}, { hostname: 'station-2', toolVersion: '9.9.9' });
    const argv = ['resume', folder, stopped.source, '--key', desk.key, '--examiner', 'Grace Hopper'];
    await transcriptHere(argv, { exit: 0, prints: [/ACQUIRED/], says: [/Session 2/] }, ports);
    await requireWhole(desk, folder, 'HDD-01', stopped.truth, 2);
    requireSessions(folder, 'HDD-01', 2, [
      { how: 'stopped', examiner: 'Ada Byron', station: hostname(), verdict: 'not-applicable' },
      { how: 'finished', examiner: 'Grace Hopper', station: 'station-2', version: '9.9.9', verdict: 'not-applicable' },
    ]);
  });

  test('two at once: the second is refused, and does not disturb the first', async (t) => {
    const stopped = await stoppedJob(t);
    const gate = new Gate(stopped.desk.folder, 'read-back');
    const first = startHere(stopped.resume(), gate);
    await gate.meanwhile(first, async () => {
      const before = contentOf(stopped.folder);
      const second = await exhibitHere(stopped.resume());
      assert.equal(second.code, 12, second.stderr);
      assert.match(second.stderr, /Another job is at work in/);
      assert.equal(contentOf(stopped.folder), before);
    });
    assert.equal((await first.ended).code, 0, first.stderr);
    await requireWhole(stopped.desk, stopped.folder, 'HDD-01', stopped.truth, 2);
  });
});

describe('what is to be finished', { concurrency: 2 }, () => {
  for (const [format, names] of [
    ['raw', ['HDD-01.dd']],
    ['split', ['HDD-01.001', 'HDD-01.002']],
  ] as const) {
    test(`killed while it was published (${format}): .partial is given back, and it is read back and published anew`, async (t) => {
      const done = await publishedJob(t, format);
      for (const unlinked of [false, true]) {
        const copy = done.copy(`copy-${String(unlinked)}`);
        const { folder } = copy;
        const [last = ''] = names.slice(-1);
        // Cut off between link and unlink, or between two files.
        if (unlinked) renameSync(join(folder, last), join(folder, `${last}.partial`));
        else linkSync(join(folder, last), join(folder, `${last}.partial`));
        await transcriptHere(copy.resume(), { exit: 0, prints: [/ACQUIRED/], says: [/Session 2/] });
        await requireWhole(done.desk, folder, 'HDD-01', done.truth, 2);
        const [, resumed] = recordsOf(folder).filter(({ type }) => type === 'begin' || type === 'resumed');
        const renamed = (resumed?.data as { renamed?: string[] } | undefined)?.renamed;
        assert.deepEqual(renamed, unlinked ? names.slice(0, -1) : names);
      }
    });
  }

  test("a file of the image's name that is not the image: 12, and neither is touched", async (t) => {
    const stopped = await stoppedJob(t);
    writeFileSync(join(stopped.folder, 'HDD-01.dd'), 'mine');
    const before = imageBytes(stopped.folder);
    await transcriptHere(stopped.resume(), { exit: 12, says: [/HDD-01\.dd/] });
    assert.equal(readFileSync(join(stopped.folder, 'HDD-01.dd'), 'utf8'), 'mine');
    assert.ok(imageBytes(stopped.folder).equals(before));
  });

  test('sealed already: said, and nothing is touched', async (t) => {
    const desk = newDesk(t);
    await transcriptHere(desk.acquire(desk.file('disk.img', MIB)), { exit: 0, prints: [/ACQUIRED/] });
    const before = contentOf(desk.evidence());
    await transcriptHere(['resume', desk.evidence(), '--key', desk.key], {
      exit: 2,
      says: [/has its manifest: only its closing is to be finished/, /is sealed already/],
    });
    assert.equal(contentOf(desk.evidence()), before);
  });
});

describe('what can not be resumed', { concurrency: 2 }, () => {
  test('--no-read-back: 2; begun with it, it is read back all the same', async (t) => {
    const stopped = await stoppedJob(t, ['--no-read-back']);
    await transcriptHere(stopped.resume('--no-read-back'), { exit: 2, says: [/--no-read-back is refused/] });
    await transcriptHere(stopped.resume(), { exit: 0, prints: [/was read back/], says: [/Read the image back: done/] });
    await requireWhole(stopped.desk, stopped.folder, 'HDD-01', stopped.truth, 2);
  });

  test('what never began, and what is no evidence folder', async (t) => {
    const desk = newDesk(t);
    mkdirSync(desk.evidence(), { recursive: true });
    const argv = ['resume', desk.evidence(), '--key', desk.key];
    await transcriptHere(argv, { exit: 2, says: [/is not an evidence folder/] });
    await transcriptHere(['resume', join(desk.folder, 'nowhere')], { exit: 2, says: [/is not a folder/] });
    writeFileSync(join(desk.evidence(), JOURNAL), '');
    await transcriptHere(argv, { exit: 13, says: [/does not say what was being acquired/] });
    writeFileSync(join(desk.evidence(), JOURNAL), '{"at":"2026');
    await transcriptHere(argv, { exit: 13, says: [/does not say what was being acquired/] });
    assert.equal(readFileSync(join(desk.evidence(), JOURNAL), 'utf8'), '{"at":"2026');
  });

  test('wrong arguments: 2, all of them at once', async (t) => {
    const stopped = await stoppedJob(t);
    const before = contentOf(stopped.folder);
    await transcriptHere(['resume'], { exit: 2, says: [/folder/] });
    await transcriptHere(stopped.resume(stopped.source, 'and more'), { exit: 2, says: [/argument/i] });
    await transcriptHere(stopped.resume('--reader', 'direct'), { exit: 2, says: [/unknown option/] });
    await transcriptHere(
      stopped.resume('--unsigned', '--retries', 'many', '--max-bad', '-1', '--wait-for-device', 'x'),
      {
        exit: 2,
        says: [/--key and --unsigned exclude each other/, /--retries/, /--max-bad/, /--wait-for-device/],
      },
    );
    assert.equal(contentOf(stopped.folder), before);
  });

  test('--dry-run: shown, and nothing is touched', async (t) => {
    const stopped = await stoppedJob(t);
    const before = contentOf(stopped.folder);
    await transcriptHere(stopped.resume('--dry-run'), {
      exit: 0,
      prints: [/Dry run: nothing was read or written/],
      says: [/goes on at +byte 4194304/, /HDD-01/],
    });
    assert.equal(contentOf(stopped.folder), before);
  });
});

/** A job that was cut off when its image had its names, and nothing that closes it was written. */
async function publishedJob(t: Parameters<typeof stoppedJob>[0], format: 'raw' | 'split'): Promise<Stopped> {
  const more = format === 'split' ? ['--format', 'split', '--segment-size', '7M'] : [];
  const stopped = await stoppedJob(t, more);
  const { desk, source, folder } = stopped;
  rmSync(folder, { recursive: true });
  await transcriptHere(desk.acquire(source, '--piece-size', '2M', '--block-size', '1M', ...more), {
    exit: 0,
    prints: [/ACQUIRED/],
  });
  const closing = [
    'HDD-01.txt',
    'HDD-01.manifest.json',
    'HDD-01.manifest.json.sig',
    'SHA256SUMS',
    'SHA256SUMS.sig',
    'VERIFY.txt',
    'allowed_signers',
  ];
  for (const name of closing) rmSync(join(folder, name));
  return stopped;
}
