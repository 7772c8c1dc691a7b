import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { closingNames } from '../../src/acquire/stopped/leftovers.ts';
import { folderNames } from '../../src/manifest/file-names.ts';
import { transcriptHere } from '../cli/transcript.ts';
import { contentOf } from '../support/content.ts';
import { manifestOf, newDesk, type Desk } from '../support/exhibit.ts';
import { Gate } from '../support/gate.ts';
import { startHere } from '../support/in-process.ts';
import { attachLoop, diskBytes, lacks } from '../support/loop.ts';

const MIB = 1_048_576;
const ITEM = 'HDD-01';

/** A mismatch was found, and the job ended before it was signed. By the time somebody resumes, nothing shows it any more. */
describe('a mismatch outlives the session that found it', { concurrency: 2 }, () => {
  test('the image did not read back, and does so now', async (t) => {
    const desk = newDesk(t);
    const gate = new Gate(desk.folder, 'read-back');
    const job = startHere(
      desk.acquire(desk.file('disk.img', 6 * MIB), '--piece-size', '2M', '--block-size', '1M'),
      gate,
    );
    const image = join(desk.evidence(), `${ITEM}.dd.partial`);
    await gate.meanwhile(job, () => {
      flip(image, 3 * MIB);
    });
    assert.equal((await job.ended).code, 13);
    flip(image, 3 * MIB);
    const { read_back } = await refusedAndSealed(desk, /its image did not hold what was read from the source/);
    assert.ok(read_back.state === 'mismatch');
    assert.deepEqual(read_back.differing, [{ start: 2 * MIB, end: 4 * MIB }]);
  });

  test('the source gave other data the second time, and gives the first again', async (t) => {
    if (lacks(t, 'losetup')) return;
    const desk = newDesk(t);
    const file = join(desk.folder, 'disk.img');
    writeFileSync(file, diskBytes(12 * MIB));
    const node = attachLoop(t, file, { directIo: true });
    const gate = new Gate(desk.folder, 'second-read');
    const job = startHere(desk.acquire(node, '--verify-source', '--piece-size', '4M', '--no-probe'), gate);
    await gate.meanwhile(job, () => {
      flip(file, 9 * MIB);
    });
    assert.equal((await job.ended).code, 13);
    flip(file, 9 * MIB);
    const { source_check } = await refusedAndSealed(desk, /its source gave other data when it was read a second time/);
    assert.ok(source_check.state === 'mismatch');
    assert.deepEqual(source_check.differing, [{ start: 8 * MIB, end: 12 * MIB }]);
  });
});

/** Killed before its manifest: it is not gone on with, and closed as incomplete it says what was found. */
async function refusedAndSealed(desk: Desk, why: RegExp): Promise<ReturnType<typeof manifestOf>> {
  const folder = desk.evidence();
  for (const name of [folderNames(ITEM).report, ...closingNames(ITEM)]) rmSync(join(folder, name));
  const before = contentOf(folder);
  const sealing = new RegExp(`exhibit seal ${folder} --incomplete REASON`);
  await transcriptHere(['resume', folder, '--key', desk.key], { exit: 13, says: [why, sealing] });
  assert.equal(contentOf(folder), before, 'it touched the folder');
  await transcriptHere(['show', folder], { exit: 0, prints: [/^ {2}found .* a mismatch/m, sealing] });
  await transcriptHere(['seal', folder, '--incomplete', 'a mismatch', '--key', desk.key], {
    exit: 13,
    prints: [/SEALED/, /Two readings that should be equal were not: do not rely on this image/],
  });
  const manifest = manifestOf(folder);
  assert.equal(manifest.outcome, 'incomplete');
  await transcriptHere(['verify', folder, '--signers', desk.signers], { exit: 13, prints: [/mismatch|did not/i] });
  return manifest;
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}
