import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { refused, transcript, transcriptHere } from '../cli/transcript.ts';
import { jsonLines, manifestOf, newDesk, startExhibit, type Desk } from '../support/exhibit.ts';
import { Gate } from '../support/gate.ts';
import { startHere } from '../support/in-process.ts';
import { sh } from '../support/loop.ts';
import { failingCommands, sumOf } from '../support/stock-tools.ts';

const MIB = 1_048_576;

describe('exhibit seal of an unsigned folder', { concurrency: 2 }, () => {
  test('unsigned shows everywhere; sealed it verifies; a second seal is refused', async (t) => {
    const desk = newDesk(t);
    const folder = desk.evidence();
    const made = await transcript(desk.acquire(desk.file('disk.img', 2 * MIB), '--unsigned'), {
      exit: 0,
      prints: [/THIS FOLDER IS UNSIGNED/],
    });
    assert.match(made.stderr, /--unsigned +nothing will be signed/);
    assert.ok(!existsSync(join(folder, 'SHA256SUMS.sig')) && !existsSync(join(folder, 'allowed_signers')));
    assert.match(readFileSync(join(folder, 'VERIFY.txt'), 'utf8'), /^THIS FOLDER IS NOT SIGNED/);
    assert.match(readFileSync(join(folder, 'HDD-01.txt'), 'utf8'), /unsigned|not signed/i);
    await transcriptHere(['show', folder], { exit: 0, prints: [/unsigned/i] });
    await transcriptHere(['verify', folder, '--signers', desk.signers], { exit: 4, prints: [/unsigned|not signed/i] });
    const before = readFileSync(join(folder, 'HDD-01.manifest.json'));

    const sealed = await transcript(['seal', folder, '--key', desk.key, '--json'], { exit: 0, prints: [/./] });
    const result = jsonLines(sealed.stdout).at(-1);
    const seal = sumOf('sha256sum', join(folder, 'SHA256SUMS'));
    assert.deepEqual([result?.['ok'], (result?.['seal'] as { sha256: string }).sha256], [true, seal]);
    assert.ok(readFileSync(join(folder, 'HDD-01.manifest.json')).equals(before), 'the manifest changed');
    assert.deepEqual(failingCommands(folder), []);
    assert.match(readFileSync(join(folder, 'VERIFY.txt'), 'utf8'), /SIGNED LATER/);
    await transcriptHere(['verify', folder, '--signers', desk.signers, '--seal', seal], {
      exit: 0,
      prints: [/VERIFIED/],
    });

    const names = contentOf(folder);
    await transcriptHere(['seal', folder, '--key', desk.key], { exit: 2, says: [/is sealed already/] });
    await transcriptHere(['seal', folder, '--incomplete', 'x', '--key', desk.key], {
      exit: 2,
      says: [/has a manifest: it is not incomplete/],
    });
    assert.deepEqual(contentOf(folder), names);
  });

  test('what is damaged is not vouched for: 13, and nothing is written', async (t) => {
    const desk = newDesk(t);
    await transcriptHere(desk.acquire(desk.file('disk.img', 2 * MIB), '--unsigned', '--no-read-back'), {
      exit: 0,
      prints: [/UNSIGNED/],
    });
    for (const [name, at] of [
      ['HDD-01.dd', MIB + 5],
      ['HDD-01.journal.jsonl', 100],
      ['HDD-01.txt', 10],
    ] as const) {
      const copy = join(desk.folder, `copy-${name}`);
      cpSync(desk.evidence(), copy, { recursive: true });
      const bytes = readFileSync(join(copy, name));
      bytes[at] = bytes[at]! ^ 1;
      writeFileSync(join(copy, name), bytes);
      const before = contentOf(copy);
      await transcriptHere(['seal', copy, '--key', desk.key], {
        exit: 13,
        says: [/does not verify/, /not vouched for/],
      });
      assert.deepEqual(contentOf(copy), before);
    }
  });

  test('without a key: what to type', async (t) => {
    const desk = newDesk(t);
    await transcriptHere(desk.acquire(desk.file('disk.img', 4096), '--unsigned', '--no-read-back'), {
      exit: 0,
      prints: [/UNSIGNED/],
    });
    await transcriptHere(['seal', desk.evidence()], {
      exit: 2,
      says: [/There is no signing key/, /exhibit keys init/],
    });
    await refused(newDesk(t), ['seal', desk.evidence(), '--key', join(desk.folder, 'none')], {
      exit: 2,
      says: [/There is no key file/],
    });
  });
});

describe('a closing that was cut off', { concurrency: 2 }, () => {
  const CLOSING = ['HDD-01.manifest.json.sig', 'allowed_signers', 'VERIFY.txt', 'SHA256SUMS', 'SHA256SUMS.sig'];

  test('is finished by seal, wherever it was cut', async (t) => {
    const desk = newDesk(t);
    await transcriptHere(desk.acquire(desk.file('disk.img', MIB)), { exit: 0, prints: [/ACQUIRED/] });
    const whole = contentOf(desk.evidence());
    for (let kept = 0; kept < CLOSING.length; kept += 1) {
      const copy = join(desk.folder, `cut-${kept}`);
      cpSync(desk.evidence(), copy, { recursive: true });
      for (const name of CLOSING.slice(kept)) rmSync(join(copy, name));
      await transcriptHere(['seal', copy, '--key', desk.key], { exit: 0, prints: [/SEALED.*\(complete\)/] });
      // Ed25519 signs the same bytes the same way: it is the very folder that it would have been.
      assert.deepEqual(contentOf(copy), whole, `after ${kept} of the last files`);
    }
    await transcriptHere(['verify', join(desk.folder, 'cut-0'), '--signers', desk.signers], {
      exit: 0,
      prints: [/VERIFIED/],
    });
  });

  test('is finished too when it was unsigned', async (t) => {
    const desk = newDesk(t);
    await transcriptHere(desk.acquire(desk.file('disk.img', MIB), '--unsigned'), { exit: 0, prints: [/UNSIGNED/] });
    for (const name of ['SHA256SUMS', 'VERIFY.txt']) rmSync(join(desk.evidence(), name));
    await transcriptHere(['seal', desk.evidence(), '--key', desk.key], { exit: 0, prints: [/SEALED/] });
    await transcriptHere(['verify', desk.evidence(), '--signers', desk.signers], { exit: 0, prints: [/VERIFIED/] });
  });

  test('is finished with a key that signs differently every time', async (t) => {
    const desk = newDesk(t);
    const key = newKey(desk, 'ecdsa');
    const argv = [...desk.acquire(desk.file('disk.img', MIB), '--no-read-back'), '--key', key];
    await transcriptHere(argv, { exit: 0, prints: [/ACQUIRED/] });
    for (const name of ['SHA256SUMS', 'SHA256SUMS.sig']) rmSync(join(desk.evidence(), name));
    await transcriptHere(['seal', desk.evidence(), '--key', key], { exit: 0, prints: [/SEALED/] });
    assert.deepEqual(failingCommands(desk.evidence()), []);
    await transcriptHere(['verify', desk.evidence()], { exit: 4, prints: [/who signed|--signers/i] });
  });

  test('is not finished over damage, nor over a signature by somebody else', async (t) => {
    const desk = newDesk(t);
    await transcriptHere(desk.acquire(desk.file('disk.img', MIB), '--no-read-back'), { exit: 0, prints: [/ACQUIRED/] });
    rmSync(join(desk.evidence(), 'SHA256SUMS.sig'));
    const damaged = join(desk.folder, 'damaged');
    cpSync(desk.evidence(), damaged, { recursive: true });
    const image = readFileSync(join(damaged, 'HDD-01.dd'));
    image[77_777] = image[77_777]! ^ 1;
    writeFileSync(join(damaged, 'HDD-01.dd'), image);
    await transcriptHere(['seal', damaged, '--key', desk.key], { exit: 13, says: [/does not verify/] });
    assert.ok(!existsSync(join(damaged, 'SHA256SUMS.sig')), 'it was signed all the same');

    const signature = join(desk.evidence(), 'HDD-01.manifest.json.sig');
    rmSync(signature);
    sh(
      'ssh-keygen',
      '-q',
      '-Y',
      'sign',
      '-f',
      newKey(desk, 'ed25519'),
      '-n',
      'exhibit-manifest',
      signature.slice(0, -4),
    );
    const before = contentOf(desk.evidence());
    await transcriptHere(['seal', desk.evidence(), '--key', desk.key], { exit: 14, says: [/by another key/] });
    assert.deepEqual(contentOf(desk.evidence()), before);
  });

  test('is not finished with another key than the manifest names', async (t) => {
    const desk = newDesk(t);
    await transcriptHere(desk.acquire(desk.file('disk.img', MIB), '--no-read-back'), { exit: 0, prints: [/ACQUIRED/] });
    for (const name of CLOSING) rmSync(join(desk.evidence(), name));
    const before = contentOf(desk.evidence());
    const other = newKey(desk, 'ed25519');
    await transcriptHere(['seal', desk.evidence(), '--key', other], {
      exit: 14,
      says: [/names another key: SHA256:/, /same key/],
    });
    assert.deepEqual(contentOf(desk.evidence()), before);
  });
});

describe('exhibit seal --incomplete', { concurrency: 2 }, () => {
  test('wants a reason, and a folder that stopped', async (t) => {
    const desk = newDesk(t);
    await stopAt(desk, 'HDD-01');
    const before = contentOf(desk.evidence());
    await transcriptHere(['seal', desk.evidence(), '--key', desk.key], {
      exit: 2,
      says: [/stopped before its end/, /--incomplete "/],
    });
    await transcriptHere(['seal', desk.evidence(), '--incomplete', ' ', '--key', desk.key], {
      exit: 2,
      says: [/say why/],
    });
    await transcriptHere(['seal', desk.to, '--incomplete', 'x', '--key', desk.key], {
      exit: 2,
      says: [/is not an evidence folder/],
    });
    assert.deepEqual(contentOf(desk.evidence()), before);
  });

  test('of an image that was changed after it stopped: 13, and nothing is written', async (t) => {
    const desk = newDesk(t);
    await stopAt(desk, 'HDD-01');
    const tamper: [string, (path: string) => void][] = [
      [
        'flipped',
        (path) => {
          const bytes = readFileSync(path);
          bytes[5000] = bytes[5000]! ^ 4;
          writeFileSync(path, bytes);
        },
      ],
      [
        'cut',
        (path) => {
          writeFileSync(path, readFileSync(path).subarray(0, 1000));
        },
      ],
      [
        'renamed',
        (path) => {
          renameSync(path, path.replace('.partial', ''));
        },
      ],
      [
        'gone',
        (path) => {
          rmSync(path);
        },
      ],
    ];
    for (const [what, act] of tamper) {
      const copy = join(desk.folder, what);
      cpSync(desk.evidence(), copy, { recursive: true });
      act(join(copy, 'HDD-01.dd.partial'));
      const before = contentOf(copy);
      await transcriptHere(['seal', copy, '--incomplete', 'x', '--key', desk.key], {
        exit: 13,
        says: [/was changed after the acquisition stopped/],
      });
      assert.deepEqual(contentOf(copy), before, what);
    }
  });

  test('of a journal that was changed: 13', async (t) => {
    const desk = newDesk(t);
    await stopAt(desk, 'HDD-01');
    const path = join(desk.evidence(), 'HDD-01.journal.jsonl');
    writeFileSync(path, readFileSync(path, 'utf8').replace('Ada Byron', 'Eve Byron'));
    await transcriptHere(['seal', desk.evidence(), '--incomplete', 'x', '--key', desk.key], {
      exit: 13,
      says: [/was changed after it was written/],
    });
  });

  test('a seal of an incomplete folder that was cut off is finished by another', async (t) => {
    const desk = newDesk(t);
    await stopAt(desk, 'HDD-01');
    const gate = new Gate(desk.folder, 'manifest-signature');
    const argv = ['seal', desk.evidence(), '--incomplete', 'the drive died', '--key', desk.key];
    const first = startExhibit(t, argv, gate);
    await gate.atGate(first);
    first.kill('SIGKILL');
    await first.ended;
    assert.deepEqual(await first.leftAfter(2000), []);
    await transcriptHere(['seal', desk.evidence(), '--key', desk.key], { exit: 0, prints: [/SEALED.*\(incomplete\)/] });
    assert.equal(manifestOf(desk.evidence()).incomplete_reason, 'the drive died');
    await transcriptHere(['verify', desk.evidence(), '--signers', desk.signers], { exit: 4, prints: [/incomplete/i] });
    assert.deepEqual(failingCommands(desk.evidence()), []);
  });
});

/** An acquisition that was stopped in the middle of reading. */
async function stopAt(desk: Desk, item: string): Promise<void> {
  const gate = new Gate(desk.folder, 'read');
  const job = startHere(desk.acquire(desk.file('disk.img', 12 * MIB), '--evidence', item), gate);
  await gate.atGate(job);
  const partial = join(desk.evidence(item), `${item}.dd.partial`);
  await job.until(() => existsSync(partial) && readFileSync(partial).length >= 4 * MIB, 'the first bytes were written');
  job.stop();
  assert.equal((await job.ended).code, 130);
}

/** Another key of the same name. */
function newKey(desk: Desk, type: 'ed25519' | 'ecdsa'): string {
  const path = join(desk.folder, `other-${type}`);
  sh('ssh-keygen', '-q', '-t', type, '-N', '', '-C', 'Ada Byron', '-f', path);
  return path;
}

/** Names and sums of everything in a folder. */
function contentOf(folder: string): string[] {
  return readdirSync(folder)
    .sort()
    .map((name) => `${sumOf('sha256sum', join(folder, name))} ${name}`);
}
