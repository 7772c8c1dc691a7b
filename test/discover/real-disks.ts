import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { attachLoop, lacks } from '../support/loop.ts';

export { mount, sh } from '../support/loop.ts';
export { atEnd, tempFolder } from '../support/temp.ts';

/** False, and the test skipped aloud, where loop devices or a program can't be had. */
export function canUse(t: TestContext, ...programs: string[]): boolean {
  return !lacks(t, 'losetup', ...programs);
}

/** A sparse file. */
export function sparseFile(folder: string, name: string, size: number): string {
  const path = join(folder, name);
  writeFileSync(path, '');
  truncateSync(path, size);
  return path;
}

/** Attaches a file as a loop device until the test ends: writable, with sectors of 512 bytes, unless told otherwise. */
export function loop(t: TestContext, file: string, ...options: ('--read-only' | '4096')[]): string {
  return attachLoop(t, file, {
    writable: !options.includes('--read-only'),
    sector: options.includes('4096') ? 4096 : 512,
  });
}
