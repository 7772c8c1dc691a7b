import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { closeSync, copyFileSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import test, { describe } from 'node:test';
import { transcriptHere } from '../cli/transcript.ts';
import { badDisk } from '../support/bad-disk.ts';
import { contentOf } from '../support/content.ts';
import { recordsOf } from '../support/cut-off.ts';
import { manifestOf, newDesk, startExhibit } from '../support/exhibit.ts';
import { diskBytes } from '../support/loop.ts';
import { STOPPED_SIZE, stoppedJob, type Stopped } from '../support/stopped.ts';

const MIB = 1_048_576;
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
/** One sector that the other program got, and that the disk gives otherwise now. */
const ODD = { start: 9 * MIB, end: 9 * MIB + 512 };

describe('what another program read is read again in places before it is taken over', { concurrency: 2 }, () => {
  test('an image that ddrescue began: a sector that answers differently is on record', async (t) => {
    const desk = newDesk(t);
    const source = desk.file('disk.img', STOPPED_SIZE);
    const folder = join(desk.to, 'item');
    mkdirSync(folder);
    copyFileSync(source, join(folder, 'drive.img'));
    write(join(folder, 'drive.img'), ODD.start, Buffer.alloc(512, 1));
    const map = join(folder, 'drive.map');
    writeFileSync(map, '0x0 + 1\n0x0 0xA00000 +\n0xA00000 0x200000 ?\n');
    await transcriptHere(desk.takeOver(folder, source, map), { exit: 0, prints: [/ACQUIRED/] });
    requireOdd(folder, readFileSync(source));
    await transcriptHere(['verify', folder, '--signers', desk.signers], { exit: 0, prints: [/VERIFIED/] });
  });

  test('an image of ours that ddrescue went on with: the same', async (t) => {
    const stopped = await stoppedJob(t);
    const content = readFileSync(stopped.source);
    const theirs = Buffer.from(content);
    theirs.fill(1, ODD.start, ODD.end);
    const map = goneOnWith(stopped, theirs);
    await transcriptHere(stopped.resume('--adopt-map', map), { exit: 0, prints: [/ACQUIRED/] });
    requireOdd(stopped.folder, content);
    const { desk, folder } = stopped;
    await transcriptHere(['verify', folder, '--signers', desk.signers], { exit: 0, prints: [/VERIFIED/] });
  });

  test('an image of ours that it went on with from another disk: 11, and nothing is taken over', async (t) => {
    const stopped = await stoppedJob(t);
    const map = goneOnWith(stopped, diskBytes(STOPPED_SIZE, 5));
    const before = contentOf(stopped.folder);
    await transcriptHere(stopped.resume('--adopt-map', map), {
      exit: 11,
      says: [/is another disk, or was written to: of 16384 sectors of bytes \[4194304, 12582912\)/],
    });
    assert.equal(contentOf(stopped.folder), before);
  });
});

/** From where it stopped on, another program filled the image with these bytes. Gives its mapfile. */
function goneOnWith({ folder }: Stopped, content: Buffer): string {
  write(join(folder, 'HDD-01.dd.partial'), 4 * MIB, content.subarray(4 * MIB));
  const map = join(folder, 'HDD-01.map');
  writeFileSync(map, '0x0 + 1\n0x0 0xC00000 +\n');
  return map;
}

function requireOdd(folder: string, content: Buffer): void {
  assert.deepEqual(
    manifestOf(folder).read_map.unstable.map(({ start, end, first, again, when }) => [start, end, first, again, when]),
    [
      [
        ...[ODD.start, ODD.end],
        ...[sha256(Buffer.alloc(512, 1)), sha256(content.subarray(ODD.start, ODD.end)), 'resumed'],
      ],
    ],
  );
}

function write(path: string, at: number, bytes: Buffer): void {
  const file = openSync(path, 'r+');
  writeSync(file, bytes, 0, bytes.length, at);
  closeSync(file);
}

test('sectors that we gave up and hashed as zeros, and that another program read since: refused, and it can still be gone on with', async (t) => {
  const content = diskBytes(STOPPED_SIZE, 9);
  const disk = await badDisk(t, { content, bad: [{ start: MIB, end: MIB + 512 }], rate: 4 * MIB });
  if (disk === null) return;
  const desk = newDesk(t);
  const folder = desk.evidence();
  const options = ['--no-probe', '--block-size', '1M', '--piece-size', '1M'];
  const job = startExhibit(t, desk.acquire(disk.node, ...options));
  await job.until(
    () => (recordsOf(folder).findLast(({ type }) => type === 'checkpoint')?.data.position ?? 0) > 2 * MIB,
    'it was past the bad sector',
  );
  job.kill('SIGKILL');
  await job.ended;
  await job.leftAfter(5000);
  disk.setRate(2000 * MIB);
  const image = join(folder, 'HDD-01.dd.partial');
  const [zeros, map] = [readFileSync(image), join(folder, 'HDD-01.map')];
  const own = readFileSync(map);
  write(image, MIB, content.subarray(MIB, MIB + 512));
  writeFileSync(map, '0x0 + 1\n0x0 0x200000 +\n0x200000 0xA00000 ?\n');
  const before = contentOf(folder);
  const resume = ['resume', folder, '--key', desk.key];
  await transcriptHere([...resume, '--adopt-map', map], {
    exit: 13,
    says: [/bytes \[1048576, 1049088\) that they were read\. .* had given them up, and hashed zeros/],
  });
  assert.equal(contentOf(folder), before);
  // As the refusal says: in a folder of their own.
  const apart = join(desk.to, 'apart');
  mkdirSync(apart);
  for (const file of [image, map]) copyFileSync(file, join(apart, basename(file)));
  const taken = desk.takeOver(apart, disk.node, join(apart, 'HDD-01.map'));
  await transcriptHere(taken, { exit: 0, prints: [/ACQUIRED/] });
  assert.ok(readFileSync(join(apart, 'HDD-01.dd')).equals(content));
  writeFileSync(image, zeros);
  writeFileSync(map, own);
  await transcriptHere(resume, { exit: 3, prints: [/ACQUIRED, WITH GAPS/] });
});
