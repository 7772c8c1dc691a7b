import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** Runs a program of the station; its failure is the test's. */
export function sh(...argv: [string, ...string[]]): string {
  return execFileSync(argv[0], argv.slice(1), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

/** False, and the test skipped aloud, where loop devices or a program can't be had. */
export function canUse(t: TestContext, ...programs: string[]): boolean {
  const missing = ['losetup', ...programs].filter((program) => spawnSync(program, ['--version']).error !== undefined);
  const why = process.getuid?.() !== 0 ? 'needs root' : missing.length > 0 ? `needs ${missing.join(', ')}` : null;
  if (why === null) return true;
  t.skip(why);
  return false;
}

const endings = new WeakMap<TestContext, (() => unknown)[]>();

/** Cleans up after the test, the last thing first (node:test runs its own hooks first in, first out), and all of it. */
export function atEnd(t: TestContext, undo: () => unknown): void {
  const list = endings.get(t);
  if (list !== undefined) {
    list.unshift(undo);
    return;
  }
  const fresh = [undo];
  endings.set(t, fresh);
  t.after(async () => {
    const done = [];
    for (const each of fresh) done.push(...(await Promise.allSettled([Promise.resolve().then(each)])));
    const failed = done.find((one) => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  });
}

/** A folder that goes away after the test. */
export function tempFolder(t: TestContext): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'exhibit-discover-')));
  atEnd(t, () => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** A sparse file. */
export function sparseFile(folder: string, name: string, size: number): string {
  const path = join(folder, name);
  writeFileSync(path, '');
  truncateSync(path, size);
  return path;
}

/**
 * Attaches a file as a loop device until the test ends. A flag set by `blockdev --setro` outlives the detaching and
 * meets whoever gets the same loop device next: it is cleared first.
 */
export function loop(t: TestContext, file: string, ...options: string[]): string {
  const node = sh('losetup', '--find', '--show', ...options, file);
  atEnd(t, () => spawnSync('losetup', ['--detach', node]));
  // A loop device keeps the partitions of whoever had it before.
  spawnSync('partx', ['--delete', node]);
  if (!options.includes('--read-only')) sh('blockdev', '--setrw', node);
  return node;
}

/** Mounts until the test ends. */
export function mount(t: TestContext, folder: string, ...argv: string[]): string {
  mkdirSync(folder, { recursive: true });
  sh('mount', ...argv, folder);
  atEnd(t, () => sh('umount', folder));
  return folder;
}
