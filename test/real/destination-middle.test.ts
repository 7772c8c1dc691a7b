import assert from 'node:assert/strict';
import { existsSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { transcriptHere } from '../cli/transcript.ts';
import { journalOf, manifestOf, newDesk, startExhibit, type Desk } from '../support/exhibit.ts';
import { Gate, type Place } from '../support/gate.ts';
import { startHere } from '../support/in-process.ts';
import { lacks, mount, sh, smallFileSystem } from '../support/loop.ts';

const MIB = 1_048_576;

describe('the destination fills in the middle', () => {
  const kinds: readonly (readonly [string, (t: TestContext, folder: string) => string, string[]])[] = [
    ['tmpfs', (t, folder) => mount(t, folder, '-t', 'tmpfs', '-o', 'size=64m', 'none'), ['mount']],
    [
      'ext4',
      (t, folder) => smallFileSystem(t, folder, ['mkfs.ext4', '-q', '-m', '0'], 96 * MIB),
      ['losetup', 'mkfs.ext4'],
    ],
  ];
  for (const [kind, make, tools] of kinds) {
    test(`${kind}: 12, the record says so, .partial stays, and it can be closed after room was made`, async (t) => {
      if (lacks(t, ...tools)) return;
      const desk = newDesk(t);
      const to = make(t, join(desk.folder, 'small'));
      const gate = new Gate(desk.folder, 'read');
      // The journal's first record fills its block of 4 KiB: the next one needs a new one.
      const words = ['--notes', 'n'.repeat(1000), '--description', 'd'.repeat(1000), '--authority', 'a'.repeat(1000)];
      const job = startExhibit(t, desk.acquire(desk.file('disk.img', 24 * MIB), '--to', to, ...words), gate);
      await gate.meanwhile(job, () => {
        // Everything but 8 MiB is taken by somebody else.
        const free =
          Number(sh('stat', '--file-system', '--format=%a', to)) *
          Number(sh('stat', '--file-system', '--format=%S', to));
        sh('fallocate', `--length=${free - 8 * MIB}`, join(to, 'filler'));
      });
      const ended = await job.ended;
      assert.equal(ended.code, 12, ended.stderr);
      assert.match(ended.stderr, /The destination is full: .*\n.*\.partial.*room/);
      assert.deepEqual(await job.leftAfter(1000), []);

      const folder = join(to, 'C-1/HDD-01');
      const partial = statSync(join(folder, 'HDD-01.dd.partial'));
      assert.ok(partial.size >= 4 * MIB && partial.size < 24 * MIB, `${partial.size} bytes`);
      assert.ok(!existsSync(join(folder, 'HDD-01.dd')) && !existsSync(join(folder, 'HDD-01.manifest.json')));
      const [failed, last] = journalOf(folder).slice(-2);
      assert.deepEqual([failed?.type, failed?.data['unreadable']], ['reading-failed', []]);
      assert.deepEqual([last?.type, last?.data['code']], ['stopped', 'destination.full']);
      assert.deepEqual(readdirSync(folder).sort(), ['HDD-01.dd.partial', 'HDD-01.journal.jsonl', 'HDD-01.map']);

      rmSync(join(to, 'filler'));
      await closedAsIncomplete(desk, folder, partial.size);
    });
  }
});

describe('the destination fills later', { concurrency: 2 }, () => {
  /** A job on a small file system that has not one block left from the gate on. */
  async function fullAt(t: TestContext, desk: Desk, place: Place): Promise<{ folder: string; makeRoom: () => void }> {
    const at = join(desk.folder, 'small');
    // Nothing empties a page cache on tmpfs, so that the read-back has no gate there.
    const to =
      place === 'read-back'
        ? smallFileSystem(t, at, ['mkfs.ext4', '-q', '-m', '0'], 72 * MIB)
        : mount(t, at, '-t', 'tmpfs', '-o', 'size=64m', 'none');
    const fill = 'for n in 1 2 3 4; do cat /dev/zero 2>/dev/null >> "$1"; sync --file-system "$1"; done; true';
    const gate = new Gate(desk.folder, place);
    const job = startHere(desk.acquire(desk.file('disk.img', 4 * MIB), '--to', to), gate);
    await gate.meanwhile(job, () => sh('sh', '-c', fill, 'sh', join(to, 'filler')));
    const ended = await job.ended;
    assert.equal(ended.code, 12, ended.stderr);
    assert.match(ended.stderr, /destination is full|No space left/i);
    if (place === 'manifest-signature') assert.match(ended.stderr, /finish it: exhibit seal \/.*\/HDD-01/);
    return {
      folder: join(to, 'C-1/HDD-01'),
      makeRoom: () => {
        rmSync(join(to, 'filler'));
      },
    };
  }

  test('when it is read back: 12, and it can be closed as incomplete', async (t) => {
    if (lacks(t, 'losetup', 'mkfs.ext4')) return;
    const desk = newDesk(t);
    const { folder, makeRoom } = await fullAt(t, desk, 'read-back');
    assert.ok(!existsSync(join(folder, 'HDD-01.manifest.json')));
    makeRoom();
    await closedAsIncomplete(desk, folder, 4 * MIB);
  });

  test('when it is signed: 12, no half-made file, and seal finishes it', async (t) => {
    if (lacks(t, 'losetup', 'mkfs.ext4')) return;
    const desk = newDesk(t);
    const { folder, makeRoom } = await fullAt(t, desk, 'manifest-signature');
    assert.ok(!existsSync(join(folder, 'HDD-01.manifest.json.sig')) && !existsSync(join(folder, 'SHA256SUMS.sig')));
    makeRoom();
    await transcriptHere(['seal', folder, '--key', desk.key], { exit: 0, prints: [/SEALED.*\(complete\)/] });
    await transcriptHere(['verify', folder, '--signers', desk.signers], { exit: 0, prints: [/VERIFIED/] });
  });
});

describe('the destination goes away in the middle', { concurrency: 2 }, () => {
  test('the evidence folder is renamed: 12, and what was read can be closed where it is now', async (t) => {
    const desk = newDesk(t);
    const gate = new Gate(desk.folder, 'read');
    const job = startHere(desk.acquire(desk.file('disk.img', 24 * MIB)), gate);
    await gate.meanwhile(job, () => {
      renameSync(desk.evidence(), desk.evidence('moved'));
    });
    const ended = await job.ended;
    assert.equal(ended.code, 12, ended.stderr);
    assert.match(ended.stderr, /HDD-01/);
    assert.ok(!existsSync(desk.evidence()), 'it made the folder anew');
    const { size } = statSync(join(desk.evidence('moved'), 'HDD-01.dd.partial'));
    await closedAsIncomplete(desk, desk.evidence('moved'), size);
  });

  test('the evidence folder is removed: 12', async (t) => {
    const desk = newDesk(t);
    const gate = new Gate(desk.folder, 'read');
    const job = startHere(desk.acquire(desk.file('disk.img', 24 * MIB)), gate);
    await gate.meanwhile(job, () => {
      rmSync(join(desk.to, 'C-1'), { recursive: true });
    });
    const ended = await job.ended;
    assert.equal(ended.code, 12, ended.stderr);
    assert.deepEqual(readdirSync(desk.to), []);
  });

  test('the image is replaced before it is read back: 12 or 13, and never published', async (t) => {
    const desk = newDesk(t);
    const gate = new Gate(desk.folder, 'read-back');
    const job = startHere(desk.acquire(desk.file('disk.img', 8 * MIB)), gate);
    await gate.meanwhile(job, () => {
      const partial = join(desk.evidence(), 'HDD-01.dd.partial');
      rmSync(partial);
      writeFileSync(partial, Buffer.alloc(8 * MIB));
    });
    const ended = await job.ended;
    assert.ok(ended.code === 12 || ended.code === 13, ended.stderr);
    assert.ok(!existsSync(join(desk.evidence(), 'HDD-01.dd')));
  });

  test('a bit flips on the destination before it is read back: a mismatch, signed as such', async (t) => {
    const desk = newDesk(t);
    const gate = new Gate(desk.folder, 'read-back');
    const job = startHere(desk.acquire(desk.file('disk.img', 8 * MIB), '--piece-size', '4M'), gate);
    await gate.meanwhile(job, () => {
      const at = 5 * MIB + 17;
      const partial = join(desk.evidence(), 'HDD-01.dd.partial');
      sh('sh', '-c', `printf X | dd of="$1" bs=1 seek=${at} conv=notrunc,fsync status=none`, 'sh', partial);
    });
    const ended = await job.ended;
    assert.equal(ended.code, 13, ended.stderr);
    assert.match(ended.stdout, /MISMATCH/);
    const manifest = manifestOf(desk.evidence());
    assert.equal(manifest.outcome, 'mismatch');
    assert.ok(manifest.read_back.state === 'mismatch');
    assert.deepEqual(manifest.read_back.differing, [{ start: 4 * MIB, end: 8 * MIB }]);
    assert.ok(
      existsSync(join(desk.evidence(), 'HDD-01.dd.partial')) && !existsSync(join(desk.evidence(), 'HDD-01.dd')),
    );
    await transcriptHere(['verify', desk.evidence(), '--signers', desk.signers], {
      exit: 13,
      prints: [/./],
    });
  });

  test('somebody has taken the name of the image: nothing of theirs is replaced', async (t) => {
    const desk = newDesk(t);
    const gate = new Gate(desk.folder, 'read-back');
    const job = startHere(desk.acquire(desk.file('disk.img', 4 * MIB)), gate);
    const theirs = join(desk.evidence(), 'HDD-01.dd');
    await gate.meanwhile(job, () => {
      writeFileSync(theirs, 'mine');
    });
    const ended = await job.ended;
    assert.equal(ended.code, 12, ended.stderr);
    assert.equal(statSync(theirs).size, 4);
    assert.equal(statSync(`${theirs}.partial`).size, 4 * MIB);
  });
});

/** `seal --incomplete`, then verify: nothing contradicts, not everything is established. */
async function closedAsIncomplete(desk: Desk, folder: string, size: number): Promise<void> {
  await transcriptHere(['seal', folder, '--incomplete', 'the destination failed', '--key', desk.key], {
    exit: 0,
    prints: [/SEALED.*incomplete/s],
  });
  const manifest = manifestOf(folder);
  assert.deepEqual(
    [manifest.outcome, manifest.incomplete_reason, manifest.image.size],
    ['incomplete', 'the destination failed', size],
  );
  assert.equal(manifest.read_map.good + manifest.read_map.not_tried, manifest.source.size);
  await transcriptHere(['verify', folder, '--signers', desk.signers], { exit: 4, prints: [/incomplete/i] });
}
