import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { attachLoop, detachLoop, exchangeBacking, lacks } from './loop.ts';
import { tempFolder } from './temp.ts';

const SIZE = 1_048_576;

test('a loop device that somebody looks at a moment longer gets its other file all the same', async (t) => {
  if (lacks(t, 'losetup')) return;
  const { first, second, node } = twoFiles(t);
  const looking = await open(node, 'r');
  const looked = pause(300).then(() => looking.close());
  await exchangeBacking(t, node, { from: first, to: second });
  await looked;
  assert.ok(readFileSync(node).every((byte) => byte === 2));
});

test('a number that is another test’s by now is left alone', async (t) => {
  if (lacks(t, 'losetup')) return;
  const { first, second, node } = twoFiles(t);
  await exchangeBacking(t, node, { from: first, to: second });
  await detachLoop(node, first);
  assert.equal(spawnSync('losetup', ['--noheadings', '--output', 'BACK-FILE', node]).stdout.toString().trim(), second);
});

function twoFiles(t: test.TestContext): { first: string; second: string; node: string } {
  const folder = tempFolder(t);
  const [first, second] = [join(folder, 'first'), join(folder, 'second')];
  writeFileSync(first, Buffer.alloc(SIZE, 1));
  writeFileSync(second, Buffer.alloc(SIZE, 2));
  return { first, second, node: attachLoop(t, first) };
}
