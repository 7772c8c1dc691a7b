import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { newDesk } from '../support/exhibit.ts';
import { lacks, mount, sh, smallFileSystem } from '../support/loop.ts';
import { refused, refusedHere, transcript, transcriptHere } from './transcript.ts';

describe('a destination that will not do', { concurrency: 2 }, () => {
  test('missing, a file, a link to nowhere: most likely a disk that is not mounted', async (t) => {
    const desk = newDesk(t);
    const source = desk.file('d.img', 4096);
    symlinkSync('/nowhere/at-all', join(desk.folder, 'dangling'));
    for (const [name, says] of [
      ['none', /does not exist/],
      ['d.img', /is not a folder/],
      ['dangling', /does not exist|is not a folder/],
      ['d.img/below', /does not exist|can't be looked at/],
    ] as const) {
      await refusedHere(desk, desk.acquire(source, '--to', join(desk.folder, name)), {
        exit: 12,
        says: [says, /mount/i],
      });
    }
    assert.deepEqual(readdirSync(desk.folder).sort(), ['d.img', 'dangling', 'key', 'key.pub', 'signers', 'to']);
  });

  test('a folder that holds something: nothing in it is touched', async (t) => {
    const desk = newDesk(t);
    mkdirSync(desk.evidence(), { recursive: true });
    writeFileSync(join(desk.evidence(), 'note\u001b[2J.txt'), 'mine');
    await transcriptHere(desk.acquire(desk.file('d.img', 4096)), {
      exit: 12,
      says: [/exists and is not empty: it holds note\\u\{1b\}\[2J\.txt/, /Nothing is ever overwritten/],
    });
    assert.equal(readdirSync(desk.evidence()).length, 1);
  });

  test('an empty folder is as good as none', async (t) => {
    const desk = newDesk(t);
    mkdirSync(desk.evidence(), { recursive: true });
    await transcript(desk.acquire(desk.file('d.img', 4096), '--no-read-back'), { exit: 0, prints: [/ACQUIRED/] });
  });

  test('a file where the case folder should be', async (t) => {
    const desk = newDesk(t);
    writeFileSync(join(desk.to, 'C-1'), '');
    await transcriptHere(desk.acquire(desk.file('d.img', 4096)), {
      exit: 12,
      says: [/C-1 is not a folder/],
    });
    assert.deepEqual(readdirSync(desk.to), ['C-1']);
  });

  test('mounted read-only', async (t) => {
    if (lacks(t, 'mount')) return;
    const desk = newDesk(t);
    const at = mount(t, join(desk.folder, 'ro'), '-t', 'tmpfs', '-o', 'ro,size=8m', 'none');
    await refused(desk, desk.acquire(desk.file('d.img', 4096), '--to', at), { exit: 12, says: [/mounted read-only/] });
  });

  test('full at the start: how much is missing', async (t) => {
    if (lacks(t, 'mount')) return;
    const desk = newDesk(t);
    const at = mount(t, join(desk.folder, 'small'), '-t', 'tmpfs', '-o', 'size=34m', 'none');
    await refusedHere(desk, desk.acquire(desk.file('d.img', 4 * 1_048_576), '--to', at), {
      exit: 12,
      says: [/Not enough room on .*small: .* free are 35,651,584 bytes.*: 2,097,\d{3} bytes .*too few/],
    });
    assert.deepEqual(readdirSync(at), []);
  });

  test('vfat takes no file of 4 GiB: the refusal names a segment size that works', async (t) => {
    if (lacks(t, 'losetup', 'mkfs.vfat')) return;
    if (!/\tvfat$/m.test(readFileSync('/proc/filesystems', 'utf8'))) {
      t.skip('this kernel has no vfat');
      return;
    }
    const desk = newDesk(t);
    // Sparse, both of them: nothing is read or written in a plan.
    const source = join(desk.folder, 'big.img');
    writeFileSync(source, '');
    sh('truncate', '--size=5G', source);
    const at = smallFileSystem(t, join(desk.folder, 'fat'), ['mkfs.vfat', '-F', '32'], 8 * 1024 ** 3);
    const raw = await refusedHere(desk, desk.acquire(source, '--to', at, '--dry-run'), {
      exit: 12,
      says: [/holds at most 4,294,967,295 bytes/, /This works: --format split --segment-size \d+[MG]/],
    });
    const size = /--segment-size (\d+[MG])/.exec(raw.stderr)![1]!;
    await refusedHere(
      desk,
      desk.acquire(source, '--to', at, '--dry-run', '--format', 'split', '--segment-size', size),
      {
        exit: 0,
        prints: [/Dry run/],
      },
    );
  });

  test('more than 999 segments: a size that works', async (t) => {
    const desk = newDesk(t);
    const source = join(desk.folder, 'big.img');
    writeFileSync(source, '');
    sh('truncate', '--size=1000M', source);
    const split = ['--dry-run', '--format', 'split', '--segment-size'];
    await refusedHere(desk, desk.acquire(source, ...split, '1M'), {
      exit: 2,
      says: [/would be 1,000; there are names for 999/, /This works: --format split --segment-size 1G/],
    });
    await refusedHere(desk, desk.acquire(source, ...split, '2M'), { exit: 0, prints: [/Dry run/] });
  });
});
