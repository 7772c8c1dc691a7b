import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, chownSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { tempFolder } from './support/temp.ts';

const DEMO = fileURLToPath(new URL('../scripts/demo.js', import.meta.url));
const EVIDENCE = join('evidence', 'DEMO-1', 'DISK-01');
const NOBODY = 65534;
const IS_ROOT = process.getuid?.() === 0;
const HAS_LOOP = IS_ROOT && spawnSync('losetup', ['--find']).status === 0;

describe('npm run demo', { concurrency: false }, () => {
  test('images, verifies, and prints a seal and commands that hold', (t) => {
    const folder = newFolder(t);
    const { status, stdout, stderr } = spawnSync(process.execPath, [DEMO, '--size', '32M', folder], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, stdout + stderr);
    const evidence = join(folder, EVIDENCE);
    assert.ok(readFileSync(join(evidence, 'DISK-01.dd')).equals(readFileSync(join(folder, 'disk.img'))));
    const seal = createHash('sha256')
      .update(readFileSync(join(evidence, 'SHA256SUMS')))
      .digest('hex');
    assert.ok(stdout.includes(`Its seal is\n  ${seal}\n`), stdout);
    assert.ok(stdout.includes('VERIFIED'), stdout);
    runPrintedCommands(stdout);
    // A disk so small may be done before it can be killed; that is said.
    assert.match(stdout, /The same SHA-256 as undisturbed: [0-9a-f]{64}|NOTE: it was done before it could be killed/);
    assert.doesNotMatch(stdout, /ANOTHER SHA-256/);
    assert.ok(
      readFileSync(join(folder, 'evidence', 'DEMO-1', 'DISK-02', 'DISK-02.dd')).equals(
        readFileSync(join(folder, 'disk.img')),
      ),
    );
    assert.match(stdout, HAS_LOOP ? /Attached read-only: \/dev\/loop\d+/ : /is the source instead\./);
    assertNoLoop(folder);
  });

  test('without root the plain file is the source, said aloud', (t) => {
    if (!IS_ROOT) {
      t.skip('this user is not root: the test above was this one');
      return;
    }
    if (spawnSync('setpriv', [...asNobody(), 'test', '-r', DEMO]).status !== 0) {
      t.skip('setpriv is missing, or another user may not read this checkout');
      return;
    }
    const folder = newFolder(t);
    chownSync(folder, NOBODY, NOBODY);
    const argv = [...asNobody(), process.execPath, DEMO, '--size', '16M', folder];
    const { status, stdout, stderr } = spawnSync('setpriv', argv, { encoding: 'utf8' });
    assert.equal(status, 0, stdout + stderr);
    assert.match(stdout, /NOTE: Only root can attach a loop device: the disk's plain file is the source instead\./);
    runPrintedCommands(stdout);
  });

  test('stopped in the middle: exit code 130, the image stays .partial, the loop device is gone', async (t) => {
    const { folder, ended } = await stoppedDemo(t, 'SIGINT');
    assert.equal((await ended).code, 130);
    const left = readdirSync(join(folder, EVIDENCE));
    assert.ok(left.includes('DISK-01.dd.partial') && !left.includes('DISK-01.manifest.json'), left.join(' '));
    assertNoLoop(folder);
  });

  test('killed: the loop device is gone all the same', async (t) => {
    if (!HAS_LOOP) {
      t.skip('needs root and a loop device');
      return;
    }
    const { folder, ended } = await stoppedDemo(t, 'SIGKILL');
    assert.equal((await ended).signal, 'SIGKILL');
    // exhibit, an orphan now, goes on to its end.
    for (let tries = 0; tries < 200 && loopsOf(folder) !== ''; tries += 1) await sleep(100);
    assertNoLoop(folder);
  });

  test('a folder that holds something is left alone', (t) => {
    const folder = newFolder(t);
    writeFileSync(join(folder, 'mine'), '');
    const { status, stdout } = spawnSync(process.execPath, [DEMO, folder], { encoding: 'utf8' });
    assert.equal(status, 2, stdout);
    assert.deepEqual(readdirSync(folder), ['mine']);
  });
});

/** Starts a demo with a larger disk and stops it while the image is being written. */
async function stoppedDemo(t: TestContext, signal: NodeJS.Signals) {
  const folder = newFolder(t);
  const demo = spawn(process.execPath, [DEMO, '--size', '256M', folder], { stdio: 'ignore' });
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    demo.once('close', (code, by) => {
      resolve({ code, signal: by });
    });
  });
  const image = join(folder, EVIDENCE, 'DISK-01.dd.partial');
  for (let tries = 0; tries < 1000 && demo.exitCode === null && !existsSync(image); tries += 1) await sleep(20);
  assert.ok(existsSync(image), 'the demo ended before it wrote an image');
  if (HAS_LOOP) assert.notEqual(loopsOf(folder), '');
  demo.kill(signal);
  return { folder, ended };
}

/** What the demo prints between "Stock tools check it" and the blank line, in one shell, each line by itself. */
function runPrintedCommands(stdout: string): void {
  const lines = /Stock tools check it[^\n]*\n((?: {2}[^\n]+\n)+)/.exec(stdout)?.[1]?.trim().split(/\n */) ?? [];
  assert.equal(lines.length, 5, stdout);
  const { status, stderr } = spawnSync('bash', ['-e', '-c', lines.join('\n')], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
}

function asNobody(): string[] {
  return ['--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups'];
}

function loopsOf(folder: string): string {
  return spawnSync('losetup', ['--associated', join(folder, 'disk.img')], { encoding: 'utf8' }).stdout.trim();
}

function assertNoLoop(folder: string): void {
  if (HAS_LOOP) assert.equal(loopsOf(folder), '');
}

/** A folder that other users may enter. */
function newFolder(t: TestContext): string {
  const folder = tempFolder(t);
  chmodSync(folder, 0o755);
  return folder;
}
