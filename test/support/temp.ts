import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

const stacks = new WeakMap<TestContext, (() => unknown)[]>();

/** Undoes something when the test ends, last made first undone: node:test itself runs its hooks in the order they were set. */
export function atEnd(t: TestContext, undo: () => unknown): void {
  const known = stacks.get(t);
  if (known !== undefined) {
    known.push(undo);
    return;
  }
  const stack = [undo];
  stacks.set(t, stack);
  t.after(async () => {
    const failures: unknown[] = [];
    for (let step = stack.pop(); step !== undefined; step = stack.pop()) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'cleaning up after the test failed');
  });
}

/** A folder of the test's own, by its real path; it goes away with everything in it. */
export function tempFolder(t: TestContext, parent = tmpdir()): string {
  const folder = realpathSync(mkdtempSync(join(parent, 'exhibit-test-')));
  atEnd(t, () => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}
