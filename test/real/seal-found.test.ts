import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { transcriptHere } from '../cli/transcript.ts';
import { jsonLines, journalOf, manifestOf, newDesk, startExhibit, type Desk } from '../support/exhibit.ts';
import { Gate } from '../support/gate.ts';
import { startHere } from '../support/in-process.ts';
import { lacks, sh } from '../support/loop.ts';
import { assertGood, mapOf, seal, verified } from '../support/sealed-folder.ts';
import { failingCommands } from '../support/stock-tools.ts';

const MIB = 1_048_576;
const PIECES = ['--block-size', '1M', '--piece-size', '1M'];

describe('what the run found out before it stopped is in the manifest', { concurrency: 2 }, () => {
  test('an image that did not read back stays a mismatch: sealed with 13, verified with 13', async (t) => {
    if (lacks(t, 'ddrescuelog')) return;
    const desk = newDesk(t);
    await stoppedAfterMismatch(desk);
    const before = join(desk.folder, 'before');
    cpSync(desk.evidence(), before, { recursive: true });

    const sealed = await seal(desk, desk.evidence(), 13);
    assert.match(sealed, /SEALED\. .*\(incomplete, MISMATCH\)\n.*do not rely on this image/);
    const manifest = manifestOf(desk.evidence());
    assert.ok(manifest.read_back.state === 'mismatch');
    assert.deepEqual(manifest.read_back.differing, [{ start: 5 * MIB, end: 6 * MIB }]);
    assert.deepEqual([manifest.outcome, manifest.source_check.state], ['incomplete', 'not-done']);
    // The piece that differs is no part of the source that anybody should leave out when it is read again.
    const { good } = mapOf(desk.evidence());
    assert.deepEqual(good, [
      { start: 0, end: 5 * MIB },
      { start: 6 * MIB, end: 8 * MIB },
    ]);
    assertGood(desk.evidence(), join(desk.folder, 'disk.img'), good);
    // What the piece was when it was read is not lost with the list of then.
    const kept = journalOf(desk.evidence()).at(-1)?.data['differing'] as { sha256: string }[];
    const piece = sh(
      'sh',
      '-c',
      'dd if="$1" bs=1M skip=5 count=1 status=none | sha256sum',
      'sh',
      desk.folder + '/disk.img',
    );
    assert.deepEqual(kept, [{ offset: 5 * MIB, length: MIB, sha256: piece.split(' ')[0] }]);
    const report = readFileSync(join(desk.evidence(), 'HDD-01.txt'), 'utf8');
    assert.match(report, /RESULT: INCOMPLETE\..*\nMISMATCH\..*Do not rely/);
    assert.doesNotMatch(report, /hashes match| : verified/);
    assert.deepEqual(failingCommands(desk.evidence()), []);
    await verified(desk, desk.evidence(), 13);
    await transcriptHere(['show', desk.evidence(), '--label'], { exit: 0, prints: [/incomplete, MISMATCH/] });

    // The same folder, in other states, before it was sealed.
    const states: [string, (folder: string) => void, string][] = [
      // It reads back now. That it once did not is told all the same.
      [
        'well again',
        (folder) => {
          copyPiece(desk, folder, 5);
        },
        '8388608 0',
      ],
      [
        'list of pieces lost',
        (folder) => {
          rmSync(join(folder, 'HDD-01.pieces.sha256'));
        },
        '0 8388608',
      ],
    ];
    for (const [what, act, counts] of states) {
      const copy = join(desk.folder, what);
      cpSync(before, copy, { recursive: true });
      act(copy);
      await seal(desk, copy, 13);
      const { read_back: back, read_map: map } = manifestOf(copy);
      assert.deepEqual([back.state, `${map.good} ${map.not_tried}`], ['mismatch', counts], what);
      await verified(desk, copy, 13);
    }
    flip(join(before, 'HDD-01.dd.partial'), 3 * MIB);
    await transcriptHere(['seal', before, '--incomplete', 'x', '--key', desk.key], {
      exit: 13,
      says: [/it differs from the data that was read in places that did read back/],
    });
    assert.ok(!existsSync(join(before, 'HDD-01.manifest.json')));
  });

  test('a closing with a mismatch that was cut off is finished as one; other damage is not signed', async (t) => {
    const desk = newDesk(t);
    const gate = new Gate(desk.folder, 'read-back');
    const job = startHere(desk.acquire(desk.file('disk.img', 8 * MIB), ...PIECES), gate);
    await gate.meanwhile(job, () => {
      flip(join(desk.evidence(), 'HDD-01.dd.partial'), 5 * MIB + 17);
    });
    assert.equal((await job.ended).code, 13, job.stderr);
    for (const name of ['SHA256SUMS', 'SHA256SUMS.sig']) rmSync(join(desk.evidence(), name));
    const worse = join(desk.folder, 'worse');
    cpSync(desk.evidence(), worse, { recursive: true });
    flip(join(worse, 'HDD-01.dd.partial'), 3 * MIB);
    const argv = (folder: string): string[] => ['seal', folder, '--key', desk.key];
    await transcriptHere(argv(worse), { exit: 13, says: [/HDD-01/] });
    assert.ok(!existsSync(join(worse, 'SHA256SUMS.sig')));
    await transcriptHere(argv(desk.evidence()), { exit: 13, prints: [/SEALED\. .* \(mismatch\)/] });
    await verified(desk, desk.evidence(), 13);
  });

  test('--json says it too', async (t) => {
    const desk = newDesk(t);
    await stoppedAfterMismatch(desk);
    const printed = await seal(desk, desk.evidence(), 13, '--json');
    const result = jsonLines(printed).at(-1);
    assert.deepEqual(
      [result?.['ok'], result?.['exit'], result?.['outcome'], result?.['read_back'], result?.['source_check']],
      [false, 13, 'incomplete', 'mismatch', 'not-done'],
    );
  });

  test('a source that read differently the second time stays a mismatch, and so does what it is by now', async (t) => {
    const desk = newDesk(t);
    const source = desk.file('disk.img', 12 * MIB);
    const gate = new Gate(desk.folder, 'second-read');
    const job = startHere(desk.acquire(source, '--verify-source', '--piece-size', '4M'), gate);
    await gate.meanwhile(job, () => {
      flip(source, 9_000_000);
    });
    assert.equal((await job.ended).code, 11, job.stderr);
    await seal(desk, desk.evidence(), 13);
    const { outcome, source: said, source_check: check, read_back: back, acquisition } = manifestOf(desk.evidence());
    assert.ok(check.state === 'mismatch');
    assert.deepEqual(
      [outcome, back.state, check.differing],
      ['incomplete', 'match', [{ start: 8 * MIB, end: 12 * MIB }]],
    );
    assert.equal(said.identity_after?.['node'], said.identity_before['node']);
    assert.notEqual(said.identity_after?.['mtimeMs'], said.identity_before['mtimeMs']);
    const told = acquisition.findings.find(({ code }) => code === 'source.changed');
    assert.match(told?.message ?? '', /is not the source that was planned: mtimeMs was/);
    await verified(desk, desk.evidence(), 13);
  });

  test('a read-back that matched, and a source that was not read to its end again', async (t) => {
    const desk = newDesk(t);
    const gate = new Gate(desk.folder, 'second-read');
    const job = startHere(desk.acquire(desk.file('disk.img', 8 * MIB), '--verify-source'), gate);
    await gate.atGate(job);
    job.stop();
    assert.equal((await job.ended).code, 130);
    await seal(desk, desk.evidence(), 0);
    const { read_back: back, source_check: check, source, read_map: map, acquisition } = manifestOf(desk.evidence());
    assert.deepEqual([back.state, check, map.not_tried], ['match', { state: 'not-done' }, 0]);
    // It was looked at before the second reading, which nobody looked at it after.
    assert.equal(source.identity_after, null);
    assert.ok(acquisition.findings.some(({ code, message }) => code === 'interrupted' && /operator/.test(message)));
    assert.match(readFileSync(join(desk.evidence(), 'HDD-01.txt'), 'utf8'), /RESULT: INCOMPLETE\. All .* was tried/);
    await verified(desk, desk.evidence(), 4);
  });

  test('what the source was after the last reading', async (t) => {
    const desk = newDesk(t);
    const gate = new Gate(desk.folder, 'read-back');
    const job = startExhibit(t, desk.acquire(desk.file('disk.img', 2 * MIB)), gate);
    await gate.atGate(job);
    job.kill('SIGKILL');
    await job.ended;
    assert.deepEqual(await job.leftAfter(2000), []);
    await seal(desk, desk.evidence(), 0);
    const { read_back: back, source, guard, acquisition } = manifestOf(desk.evidence());
    assert.equal(back.state, 'not-done');
    assert.deepEqual(source.identity_after, source.identity_before);
    assert.deepEqual(guard.evidence_after, guard.evidence);
    assert.equal(acquisition.reader.run_count, 1);
    await verified(desk, desk.evidence(), 4);
  });

  /** Reads, does not read back in its sixth MiB, and is stopped while the source is read again. */
  async function stoppedAfterMismatch(desk: Desk): Promise<void> {
    const later = new Gate(desk.folder, 'second-read');
    const gate = new Gate(desk.folder, 'read-back', later.env.PATH);
    const options = ['--verify-source', ...PIECES];
    const job = startHere(desk.acquire(desk.file('disk.img', 8 * MIB), ...options), gate);
    await gate.meanwhile(job, () => {
      flip(join(desk.evidence(), 'HDD-01.dd.partial'), 5 * MIB + 17);
    });
    await later.atGate(job);
    job.stop();
    assert.equal((await job.ended).code, 130, job.stderr);
    const back = journalOf(desk.evidence()).find(({ type }) => type === 'read-back');
    assert.equal(back?.data['state'], 'mismatch');
  }
});

function flip(path: string, at: number): void {
  const script = 'printf "\\377" | dd of="$1" bs=1 seek="$2" conv=notrunc,fsync status=none';
  const was = readFileSync(path)[at];
  sh('sh', '-c', was === 255 ? script.replace('377', '000') : script, 'sh', path, String(at));
}

function copyPiece(desk: Desk, folder: string, piece: number): void {
  const script = 'dd if="$1" of="$2" bs=1M skip="$3" seek="$3" count=1 conv=notrunc,fsync status=none';
  sh('sh', '-c', script, 'sh', join(desk.folder, 'disk.img'), join(folder, 'HDD-01.dd.partial'), String(piece));
}
