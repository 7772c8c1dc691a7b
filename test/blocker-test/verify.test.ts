import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { canonicalText } from '../../src/manifest/encode.ts';
import { failingCommands, sumAnew } from '../support/stock-tools.ts';
import { blockerTestHere, deskOf, reportFolder, reportOf, resultOf, runArgv, scratchDisk } from './support.ts';

function sign(folder: string, key: string, file: string, namespace = 'exhibit-blocker-test'): void {
  rmSync(join(folder, `${file}.sig`), { force: true });
  const done = spawnSync('ssh-keygen', ['-q', '-Y', 'sign', '-f', key, '-n', namespace, join(folder, file)]);
  assert.equal(done.status, 0);
}

test('a report verifies, with our own verify and with stock tools; tampered with, it does not', async (t) => {
  const disk = await scratchDisk(t);
  if (disk === null) return;
  const desk = deskOf(t);
  const run = await blockerTestHere(runArgv(desk, disk.node));
  assert.equal(run.code, 20, run.stderr);
  const good = reportFolder(desk);
  const verify = (folder: string, ...more: string[]): ReturnType<typeof blockerTestHere> =>
    blockerTestHere(['verify', folder, ...more]);

  const trusted = await verify(good, '--signers', desk.signers, '--json');
  assert.equal(trusted.code, 0, trusted.stdout);
  assert.equal(resultOf(trusted)['result'], 'not-blocked');
  assert.match(String(resultOf(trusted)['signer']), /^Ada Byron, SHA256:/);
  const unknown = await verify(good);
  assert.equal(unknown.code, 4, unknown.stdout);
  assert.deepEqual(failingCommands(good), []);

  let count = 0;
  const changed = (change: (folder: string) => void): string => {
    const copy = join(desk.folder, `copy-${(count += 1)}`);
    cpSync(good, copy, { recursive: true });
    change(copy);
    return copy;
  };
  const replace = (folder: string, file: string, from: string, to: string): void => {
    const text = readFileSync(join(folder, file), 'utf8');
    assert.ok(text.includes(from), from);
    writeFileSync(join(folder, file), text.replace(from, to));
  };
  const blocked = (folder: string): void => {
    const report = { ...reportOf(folder), result: 'blocked' };
    writeFileSync(join(folder, 'validation.json'), canonicalText(report, '  '));
  };

  const cases: readonly (readonly [string, (folder: string) => void, number])[] = [
    [
      'the text says blocked',
      (f) => {
        replace(f, 'validation.txt', 'NOT BLOCKED', 'BLOCKED');
      },
      13,
    ],
    ['the report says blocked', blocked, 13],
    [
      'a file is gone',
      (f) => {
        rmSync(join(f, 'validation.txt'));
      },
      13,
    ],
    [
      'a signature is gone',
      (f) => {
        rmSync(join(f, 'SHA256SUMS.sig'));
      },
      14,
    ],
    [
      'the sums are gone',
      (f) => {
        rmSync(join(f, 'SHA256SUMS'));
      },
      14,
    ],
    [
      'the report is gone',
      (f) => {
        rmSync(join(f, 'validation.json'));
      },
      13,
    ],
    [
      'the sums are made anew over a changed report',
      (f) => {
        blocked(f);
        sumAnew(f);
      },
      14,
    ],
    [
      'a line is taken out of the sums, signed again',
      (f) => {
        const lines = readFileSync(join(f, 'SHA256SUMS'), 'utf8').split('\n');
        writeFileSync(join(f, 'SHA256SUMS'), lines.filter((line) => !line.endsWith('validation.txt')).join('\n'));
        sign(f, desk.key, 'SHA256SUMS');
      },
      14,
    ],
    [
      'the signer himself claims another result than his attempts give',
      (f) => {
        blocked(f);
        sign(f, desk.key, 'validation.json');
        sumAnew(f);
        sign(f, desk.key, 'SHA256SUMS');
      },
      14,
    ],
    [
      'signed for evidence, not for this',
      (f) => {
        sign(f, desk.key, 'SHA256SUMS', 'exhibit-sums');
      },
      14,
    ],
    [
      'a record of the journal is changed',
      (f) => {
        replace(f, 'validation.journal.jsonl', 'not-blocked', 'inconclusive');
        sumAnew(f);
        sign(f, desk.key, 'SHA256SUMS');
      },
      14,
    ],
  ];
  for (const [name, change, code] of cases) {
    const folder = changed(change);
    const ended = await verify(folder, '--signers', desk.signers);
    assert.equal(ended.code, code, `${name}\n${ended.stdout}${ended.stderr}`);
  }
  const stock = changed((folder) => {
    blocked(folder);
    sumAnew(folder);
  });
  assert.ok(failingCommands(stock).length > 0, 'stock tools took it');

  const stranger = join(desk.folder, 'stranger');
  spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'Ada Byron', '-f', stranger]);
  const forged = changed((folder) => {
    sign(folder, stranger, 'validation.json');
    sumAnew(folder);
    sign(folder, stranger, 'SHA256SUMS');
  });
  assert.equal((await verify(forged, '--signers', desk.signers)).code, 14);
  assert.equal((await verify(forged)).code, 14, 'another key than the report names');

  const extra = changed((folder) => {
    writeFileSync(join(folder, 'note.txt'), 'x');
  });
  const covered = await verify(extra, '--signers', desk.signers);
  assert.equal(covered.code, 0);
  assert.match(covered.stdout, /not covered .*note\.txt/);
});

test('an unsigned report says so everywhere, and is never more than "not established"', async (t) => {
  const disk = await scratchDisk(t);
  if (disk === null) return;
  const desk = deskOf(t);
  await blockerTestHere(runArgv(desk, disk.node, '--unsigned'));
  const folder = reportFolder(desk);
  const ended = await blockerTestHere(['verify', folder, '--signers', desk.signers]);
  assert.equal(ended.code, 4, ended.stdout);
  assert.match(ended.stdout, /not signed/);
  for (const file of ['VERIFY.txt', 'validation.txt'])
    assert.match(readFileSync(join(folder, file), 'utf8'), /NOT SIGNED/);
  assert.deepEqual(failingCommands(folder), []);
  assert.equal((await blockerTestHere(['verify', join(folder, 'nothing')])).code, 2);
});
