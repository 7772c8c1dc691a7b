import assert from 'node:assert/strict';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { badDisk } from '../support/bad-disk.ts';
import { journalOf, manifestOf, newDesk, type Desk } from '../support/exhibit.ts';
import { Gate } from '../support/gate.ts';
import { startHere } from '../support/in-process.ts';
import { diskBytes, lacks, mount, sh } from '../support/loop.ts';
import { assertGood, mapOf, seal, verified } from '../support/sealed-folder.ts';

const MIB = 1_048_576;
const PIECES = ['--block-size', '1M', '--piece-size', '1M'];

describe('a full destination, closed as incomplete, calls good what is good', () => {
  const SIZE = 24 * MIB;
  /** A bad sector in every 256 KiB from the middle on, so that the place where it fills has some before and behind. */
  const bad = Array.from({ length: 48 }, (_, index) => SIZE / 2 - 3 * MIB + index * 262_144 + 1536).map((start) => ({
    start,
    end: start + 512,
  }));

  for (const reader of ['dd', 'direct'] as const) {
    test(`${reader}, with bad sectors: none that was only filled in memory is called good`, async (t) => {
      if (lacks(t, 'mount', 'ddrescuelog')) return;
      const content = diskBytes(SIZE, 11);
      const disk = await badDisk(t, { content, bad });
      if (disk === null) return;
      const { desk, folder } = await fillDestination(t, disk.node, reader);
      const truth = join(desk.folder, 'truth.img');
      writeFileSync(truth, content);
      const { position, size } = await closeFull(desk, folder);
      const { good, unreadable } = mapOf(folder);
      assert.deepEqual(
        unreadable,
        bad.filter(({ start }) => start < position),
      );
      assert.ok(unreadable.length > 0, 'it filled before the first bad sector');
      const behind = bad.filter(({ start }) => start >= position && start < size);
      t.diagnostic(`${size - position} bytes behind byte ${position}, ${behind.length} bad sectors in them`);
      assertGood(folder, truth, good);
    });
  }

  test('a plain file: what was half written when it filled is not called good', async (t) => {
    if (lacks(t, 'mount', 'ddrescuelog')) return;
    const { desk, folder, source } = await fillDestination(t, null, 'dd');
    const { position } = await closeFull(desk, folder);
    const { good, unreadable } = mapOf(folder);
    assert.deepEqual([good, unreadable], [[{ start: 0, end: position }], []]);
    assertGood(folder, source, good);
  });

  /** A job whose destination runs full in the middle of a write. */
  async function fillDestination(
    t: TestContext,
    node: string | null,
    reader: 'dd' | 'direct',
  ): Promise<{ desk: Desk; folder: string; source: string }> {
    const desk = newDesk(t);
    const source = node ?? desk.file('disk.img', SIZE);
    const to = mount(t, join(desk.folder, 'small'), '-t', 'tmpfs', '-o', 'size=64m', 'none');
    const gate = new Gate(desk.folder, 'trial-signature');
    const job = startHere(desk.acquire(source, '--to', to, '--reader', reader, ...PIECES), gate);
    await gate.meanwhile(job, () => {
      // Room for the image up to 13.7 MiB, and for the last words.
      sh('fallocate', `--length=${49 * MIB}`, join(to, 'filler'));
    });
    const ended = await job.ended;
    assert.equal(ended.code, 12, ended.stderr);
    assert.match(ended.stderr, /The destination is full/);
    rmSync(join(to, 'filler'));
    return { desk, folder: join(to, 'C-1/HDD-01'), source };
  }

  async function closeFull(desk: Desk, folder: string): Promise<{ position: number; size: number }> {
    const failed = journalOf(folder).find(({ type }) => type === 'reading-failed');
    const position = Number(failed?.data['position']);
    const { size } = statSync(join(folder, 'HDD-01.dd.partial'));
    assert.ok(position > 4 * MIB && position < size && size < SIZE, `${position} of ${size}`);
    await seal(desk, folder, 0);
    const manifest = manifestOf(folder);
    const { read_map: map } = manifest;
    assert.deepEqual([map.good + map.unreadable, map.not_tried], [position, SIZE - position]);
    assert.deepEqual([manifest.outcome, manifest.image.size], ['incomplete', size]);
    assert.deepEqual(manifest.read_back, { state: 'not-done', why: 'the acquisition stopped before it' });
    assert.ok(manifest.acquisition.findings.some(({ code }) => code === 'destination.full'));
    assert.ok(manifest.acquisition.reader.run_count > 0);
    await verified(desk, folder, 4);
    return { position, size };
  }
});
