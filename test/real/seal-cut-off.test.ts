import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { closingNames } from '../../src/acquire/stopped/leftovers.ts';
import { transcript, transcriptHere } from '../cli/transcript.ts';
import { contentOf } from '../support/content.ts';
import { newDesk } from '../support/exhibit.ts';
import { sh } from '../support/loop.ts';
import { failingCommands } from '../support/stock-tools.ts';

const MIB = 1_048_576;

/** Where a closing can be cut off, step by step: `test/acquire/closing-cut-off.test.ts`. */
describe('a closing that was cut off', { concurrency: 2 }, () => {
  test('is finished without a key when it was unsigned, and stays unsigned', async (t) => {
    const desk = newDesk(t);
    await transcript(desk.acquire(desk.file('disk.img', MIB), '--unsigned'), { exit: 0, prints: [/UNSIGNED/] });
    const whole = contentOf(desk.evidence());
    await transcriptHere(['seal', desk.evidence(), '--unsigned'], {
      exit: 2,
      says: [/nothing is missing/, /to sign it/],
    });
    assert.deepEqual(contentOf(desk.evidence()), whole);
    for (const name of ['SHA256SUMS', 'VERIFY.txt']) rmSync(join(desk.evidence(), name));
    const damaged = join(desk.folder, 'damaged');
    cpSync(desk.evidence(), damaged, { recursive: true });
    const image = readFileSync(join(damaged, 'HDD-01.dd'));
    image[77_777] = image[77_777]! ^ 1;
    writeFileSync(join(damaged, 'HDD-01.dd'), image);
    await transcriptHere(['seal', damaged, '--unsigned'], { exit: 13, says: [/does not verify/] });
    assert.ok(!existsSync(join(damaged, 'SHA256SUMS')), 'it was closed all the same');

    await transcriptHere(['seal', desk.evidence(), '--unsigned'], {
      exit: 0,
      prints: [/CLOSED, NOT SIGNED.*\(complete\)/, /THIS FOLDER IS UNSIGNED/],
    });
    assert.deepEqual(contentOf(desk.evidence()), whole);
    assert.deepEqual(failingCommands(desk.evidence()), []);
    await transcriptHere(['verify', desk.evidence()], { exit: 4, prints: [/not signed/] });
  });

  test('is not finished without a key where one has signed, or was to', async (t) => {
    const desk = newDesk(t);
    await transcriptHere(desk.acquire(desk.file('disk.img', MIB), '--no-read-back'), { exit: 0, prints: [/ACQUIRED/] });
    for (const name of ['SHA256SUMS', 'SHA256SUMS.sig']) rmSync(join(desk.evidence(), name));
    const other = desk.file('other.img', MIB);
    const argv = desk.acquire(other, '--unsigned', '--no-read-back', '--evidence', 'HDD-02');
    await transcriptHere(argv, { exit: 0, prints: [/UNSIGNED/] });
    const later = desk.evidence('HDD-02');
    const manifest = join(later, 'HDD-02.manifest.json');
    sh('ssh-keygen', '-q', '-Y', 'sign', '-f', desk.key, '-n', 'exhibit-manifest', manifest);
    rmSync(join(later, 'SHA256SUMS'));
    for (const [folder, says] of [
      [desk.evidence(), /was to be signed by Ada Byron, key SHA256:/],
      [later, /a sealing was begun/],
    ] as const) {
      const before = contentOf(folder);
      await transcriptHere(['seal', folder, '--unsigned'], { exit: 14, says: [says, /--key FILE/] });
      assert.deepEqual(contentOf(folder), before);
    }
    await transcriptHere(['seal', later, '--unsigned', '--key', desk.key], { exit: 2, says: [/exclude each other/] });
    await transcriptHere(['seal', later, '--key', desk.key], { exit: 0, prints: [/SEALED/] });
  });

  test('what it left as NAME.new is no evidence: verify tells it, seal removes it and says so', async (t) => {
    const desk = newDesk(t);
    await transcriptHere(desk.acquire(desk.file('disk.img', MIB)), { exit: 0, prints: [/ACQUIRED/] });
    const whole = contentOf(desk.evidence());
    const left = ['HDD-01.manifest.json.new', 'SHA256SUMS.sig.new', 'VERIFY.txt.new'];
    for (const name of left) writeFileSync(join(desk.evidence(), name), '{"half": ');
    writeFileSync(join(desk.evidence(), 'notes.new'), 'of a person');
    await transcriptHere(['verify', desk.evidence(), '--signers', desk.signers], {
      exit: 0,
      prints: [/VERIFIED/, /Not covered by any list \(changes no verdict\)/, ...left.map((name) => new RegExp(name))],
    });
    // Nothing is missing, so nothing is touched.
    const before = contentOf(desk.evidence());
    await transcriptHere(['seal', desk.evidence(), '--key', desk.key], { exit: 2, says: [/is sealed already/] });
    assert.deepEqual(contentOf(desk.evidence()), before);

    rmSync(join(desk.evidence(), 'SHA256SUMS.sig'));
    await transcriptHere(['seal', desk.evidence(), '--key', desk.key], {
      exit: 0,
      says: left.map((name) => new RegExp(`info: .*${name} was removed: .*no evidence`)),
      neverSays: [/notes.new was removed/],
      prints: [/SEALED/],
    });
    rmSync(join(desk.evidence(), 'notes.new'));
    assert.deepEqual(contentOf(desk.evidence()), whole);
  });

  test('before its manifest it is closed as incomplete, without a key if it must be', async (t) => {
    const desk = newDesk(t);
    await transcriptHere(desk.acquire(desk.file('disk.img', MIB), '--no-read-back'), { exit: 0, prints: [/ACQUIRED/] });
    for (const name of ['HDD-01.txt', ...closingNames('HDD-01')]) rmSync(join(desk.evidence(), name));
    await transcriptHere(['seal', desk.evidence(), '--incomplete', 'power cut', '--unsigned'], {
      exit: 0,
      prints: [/CLOSED, NOT SIGNED.*\(incomplete\)/],
    });
    await transcriptHere(['verify', desk.evidence()], { exit: 4, prints: [/not signed/, /not complete/] });
    await transcriptHere(['seal', desk.evidence(), '--key', desk.key], { exit: 0, prints: [/SEALED.*\(incomplete\)/] });
  });
});
