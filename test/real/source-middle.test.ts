import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { normalise } from '../../src/model/range.ts';
import { transcript, transcriptHere } from '../cli/transcript.ts';
import { badDisk } from '../support/bad-disk.ts';
import { journalOf, manifestOf, newDesk, startExhibit, type Desk, type Running } from '../support/exhibit.ts';
import { Gate } from '../support/gate.ts';
import { startHere, type JobHere } from '../support/in-process.ts';
import { attachLoop, detachLoop, diskBytes, exchangeBacking, lacks, sh } from '../support/loop.ts';
import { failingCommands } from '../support/stock-tools.ts';
import { atEnd } from '../support/temp.ts';

const MIB = 1_048_576;

describe('bad sectors', { concurrency: 2 }, () => {
  for (const options of [
    ['--reader', 'dd'],
    ['--reader', 'direct'],
    ['--profile', 'rescue'],
    ['--profile', 'rescue', '--format', 'split', '--segment-size', '2M'],
  ]) {
    test(`${options.join(' ')}: exit 3, zeros in their place, the rest to the byte; verified, with signers, 0`, async (t) => {
      const content = diskBytes(9 * MIB, 7);
      const bad = [
        { start: 100 * 512, end: 101 * 512 },
        { start: 4 * MIB - 512, end: 4 * MIB + 1024 },
        { start: 9 * MIB - 512, end: 9 * MIB },
      ];
      const disk = await badDisk(t, { content, bad });
      if (disk === null) return;
      const desk = newDesk(t);
      await transcript(desk.acquire(disk.node, ...options, '--piece-size', '4M', '--verify-source'), {
        exit: 3,
        prints: [/ACQUIRED, WITH GAPS: 2,560 bytes in 3 ranges/, /second reading gave the same where the source could/],
      });
      const due = Buffer.from(content);
      for (const { start, end } of bad) due.fill(0, start, end);
      const names = readdirSync(desk.evidence())
        .filter((name) => /\.(dd|\d{3})$/.test(name))
        .sort();
      const image = Buffer.concat(names.map((name) => readFileSync(join(desk.evidence(), name))));
      assert.ok(image.equals(due));
      const manifest = manifestOf(desk.evidence());
      assert.equal(manifest.outcome, 'complete-with-unreadable');
      assert.deepEqual(normalise(manifest.read_map.ranges), bad);
      assert.deepEqual([manifest.read_map.ranges[0]?.first_sector, manifest.read_map.ranges[0]?.errno], [100, 'EIO']);
      assert.deepEqual(manifest.pieces.with_unreadable, [0, 4 * MIB, 8 * MIB]);
      assert.deepEqual(failingCommands(desk.evidence()), []);
      if (!lacksDdrescuelog()) sh('ddrescuelog', '-t', join(desk.evidence(), 'HDD-01.map'));
      await transcriptHere(['verify', desk.evidence(), '--signers', desk.signers], { exit: 0, prints: [/VERIFIED/] });
    });
  }
});

describe('the source changes', { concurrency: 2 }, () => {
  test('another disk at the same node between plan and read: 11, nothing is made', async (t) => {
    if (lacks(t, 'losetup')) return;
    const desk = newDesk(t);
    const other = desk.file('other.img', 8 * MIB);
    const file = desk.file('disk.img', 8 * MIB);
    const node = attachLoop(t, file);
    const gate = new Gate(desk.folder, 'trial-signature');
    const job = startHere(desk.acquire(node), gate);
    await gate.meanwhile(job, () => exchangeBacking(t, node, { from: file, to: other }));
    const ended = await job.ended;
    assert.equal(ended.code, 11, ended.stderr);
    assert.match(ended.stderr, /is not the source that was planned: .*diskseq was/);
    assert.deepEqual(readdirSync(desk.to), []);
  });

  test('a file that is replaced between plan and read: 11, nothing is made', async (t) => {
    const desk = newDesk(t);
    const source = desk.file('disk.img', MIB);
    const gate = new Gate(desk.folder, 'trial-signature');
    const job = startHere(desk.acquire(source), gate);
    await gate.meanwhile(job, () => sh('sh', '-c', 'cp "$1" "$1.new" && mv "$1.new" "$1"', 'sh', source));
    const ended = await job.ended;
    assert.equal(ended.code, 11, ended.stderr);
    assert.match(ended.stderr, /is not the source that was planned: .*node was/);
    assert.deepEqual(readdirSync(desk.to), []);
  });

  test('the device is gone between plan and read: 11', async (t) => {
    if (lacks(t, 'losetup')) return;
    const desk = newDesk(t);
    const file = desk.file('disk.img', MIB);
    const node = attachLoop(t, file);
    const gate = new Gate(desk.folder, 'trial-signature');
    const job = startHere(desk.acquire(node), gate);
    await gate.meanwhile(job, () => detachLoop(node, file));
    assert.equal((await job.ended).code, 11);
    assert.deepEqual(readdirSync(desk.to), []);
  });

  const files: readonly (readonly [string, string, string])[] = [
    ['cut', 'truncate --size=6M "$1"', 'source.ended-early'],
    ['appended to', 'echo more >> "$1"', 'source.changed'],
    ['written to', 'printf X | dd of="$1" bs=1 seek=10000000 conv=notrunc status=none', 'source.changed'],
    ['touched', 'touch --date=@1 "$1"', 'source.changed'],
  ];
  for (const [what, act, code] of files) {
    test(`a file that is ${what} while it is read: 11, and it is never called complete`, async (t) => {
      const desk = newDesk(t);
      const source = desk.file('disk.img', 12 * MIB);
      const gate = new Gate(desk.folder, 'read');
      const job = startHere(desk.acquire(source), gate);
      await gate.meanwhile(job, () => sh('sh', '-c', act, 'sh', source));
      await stoppedBy(desk, job, code);
    });
  }

  test('the read-only flag falls, and the person stops the job before anybody looked: contradicted all the same', async (t) => {
    if (lacks(t, 'losetup', 'blockdev')) return;
    const desk = newDesk(t);
    const node = flagged(t, desk.file('disk.img', 12 * MIB));
    const gate = new Gate(desk.folder, 'read');
    const job = startExhibit(t, desk.acquire(node), gate);
    await gate.atGate(job);
    sh('blockdev', '--setrw', node);
    job.kill('SIGINT');
    await stoppedBy(desk, job, 'guard.flag-flipped');
    assert.equal(manifestOf(desk.evidence()).guard.verdict, 'contradicted');
  });

  test('the capacity changes while it is read: 11, and contradicted, whoever saw it first', async (t) => {
    if (lacks(t, 'losetup', 'truncate')) return;
    const desk = newDesk(t);
    const file = desk.file('disk.img', 12 * MIB);
    const node = attachLoop(t, file);
    const gate = new Gate(desk.folder, 'read');
    const job = startHere(desk.acquire(node), gate);
    await gate.meanwhile(job, () => {
      sh('truncate', '--size=16M', file);
      sh('losetup', '--set-capacity', node);
    });
    await stoppedBy(desk, job, 'guard.capacity-changed');
    assert.equal(manifestOf(desk.evidence()).guard.verdict, 'contradicted');
  });

  test('the read-only flag falls while it is read: 11', async (t) => {
    if (lacks(t, 'losetup', 'blockdev')) return;
    const desk = newDesk(t);
    const node = flagged(t, desk.file('disk.img', 12 * MIB));
    const gate = new Gate(desk.folder, 'read');
    const job = startHere(desk.acquire(node), gate);
    await gate.meanwhile(job, () => sh('blockdev', '--setrw', node));
    await stoppedBy(desk, job, 'guard.protection-lost');
    assert.match(job.stderr, /write protection of the source changed while it was read/);
    const { guard, source } = manifestOf(desk.evidence());
    assert.equal(guard.verdict, 'contradicted');
    assert.ok(guard.evidence_after.length > 0);
    assert.deepEqual(source.identity_after, source.identity_before);
  });

  test('dd is killed in the middle: told, not taken for the end', async (t) => {
    const desk = newDesk(t);
    const gate = new Gate(desk.folder, 'read');
    const job = startExhibit(t, desk.acquire(desk.file('disk.img', 12 * MIB)), gate);
    await gate.atGate(job);
    const dd = job.left().find((line) => / iflag=\S+ skip=0 /.test(line) && !line.includes('gate-read'));
    assert.ok(dd !== undefined, job.left().join('\n'));
    process.kill(Number(dd.split(' ')[0]), 'SIGKILL');
    gate.open();
    const ended = await job.ended;
    // The wrapper of the test passes the signal on as a status of 137; a dd of its own gives the signal.
    assert.equal(ended.code, 1, ended.stderr);
    assert.match(ended.stderr, /dd (was killed|ended with status 137)/);
    assert.ok(!existsSync(join(desk.evidence(), 'HDD-01.manifest.json')));
  });

  test('the source differs when it is read a second time: a mismatch, signed as such', async (t) => {
    if (lacks(t, 'losetup')) return;
    const desk = newDesk(t);
    const file = desk.file('disk.img', 12 * MIB);
    const node = attachLoop(t, file, { directIo: true });
    const gate = new Gate(desk.folder, 'second-read');
    const job = startHere(desk.acquire(node, '--verify-source', '--piece-size', '4M'), gate);
    await gate.meanwhile(job, () => {
      sh('sh', '-c', 'printf X | dd of="$1" bs=1 seek=9000000 conv=notrunc,fsync status=none', 'sh', file);
    });
    const ended = await job.ended;
    assert.equal(ended.code, 13, ended.stderr);
    const manifest = manifestOf(desk.evidence());
    assert.ok(manifest.source_check.state === 'mismatch');
    assert.deepEqual(manifest.source_check.differing, [{ start: 8 * MIB, end: 12 * MIB }]);
    assert.equal(manifest.outcome, 'mismatch');
    assert.doesNotMatch(ended.stdout + readFileSync(join(desk.evidence(), 'HDD-01.txt'), 'utf8'), /hashes match/i);
    await transcriptHere(['verify', desk.evidence(), '--signers', desk.signers], { exit: 13, prints: [/./] });
  });
});

/** A loop device that nothing but the kernel's flag keeps from being written to. */
function flagged(t: TestContext, file: string): string {
  const node = attachLoop(t, file, { writable: true });
  sh('blockdev', '--setro', node);
  atEnd(t, () => sh('blockdev', '--setrw', node));
  return node;
}

/** Exit 11, a journal that says why, no manifest; and it can be closed, as incomplete. */
async function stoppedBy(desk: Desk, job: JobHere | Running, code: string): Promise<void> {
  const ended = await job.ended;
  assert.equal(ended.code, 11, ended.stderr);
  const last = journalOf(desk.evidence()).at(-1);
  assert.deepEqual([last?.type, last?.data['code']], ['stopped', code]);
  assert.ok(!existsSync(join(desk.evidence(), 'HDD-01.manifest.json')));
  assert.ok(!existsSync(join(desk.evidence(), 'HDD-01.dd')));
  await transcriptHere(['seal', desk.evidence(), '--incomplete', 'the source changed', '--key', desk.key], {
    exit: 0,
    prints: [/SEALED/],
  });
  assert.equal(manifestOf(desk.evidence()).outcome, 'incomplete');
}

function lacksDdrescuelog(): boolean {
  return !['/usr/bin/ddrescuelog', '/bin/ddrescuelog'].some((path) => existsSync(path));
}
