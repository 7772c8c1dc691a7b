import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { jsonLines, startExhibit, type Running } from '../support/exhibit.ts';
import { attachLoop, detachLoop, lacks, sh } from '../support/loop.ts';
import { tempFolder } from '../support/temp.ts';

const MIB = 1_048_576;

test('a loop device comes, is set read-only and goes while the watch runs; Ctrl-C ends it with 130', async (t) => {
  if (lacks(t, 'losetup')) return;
  const watch = startExhibit(t, ['devices', '--watch', '--json']);
  await watch.until(() => /"type":"present"/.test(watch.stdout), 'it began');
  const { node, file } = attached(t);
  // By its file: the same node may have been another test's a moment ago.
  const told = (type: string): Record<string, unknown> | undefined =>
    whole(watch).find(
      (event) => event['type'] === type && (event['device'] as { backing_file: string | null }).backing_file === file,
    );
  await watch.until(() => told('added') !== undefined, `${node} came`);
  const { path, size } = told('added')?.['device'] as { path: string; size: number };
  assert.deepEqual([path, size], [node, MIB]);
  sh('blockdev', '--setro', node);
  await watch.until(() => told('changed') !== undefined, `${node} changed`);
  assert.deepEqual((told('changed')?.['changes'] as Record<string, unknown>)['read_only'], { was: false, now: true });
  sh('blockdev', '--setrw', node);
  await detachLoop(node, file);
  await watch.until(() => told('removed') !== undefined, `${node} went`);
  watch.kill('SIGINT');
  const ended = await watch.endedWithin(5000);
  assert.equal(ended.code, 130);
  assert.equal(ended.stderr, '');
  assert.deepEqual(jsonLines(ended.stdout).at(-1), { type: 'result', ok: false, exit: 130, ended: 'stopped' });
  assert.deepEqual(await watch.leftAfter(500), []);
});

test('nobody reads any more: it ends by itself, without a word', async (t) => {
  if (lacks(t, 'losetup')) return;
  for (const how of [[], ['--json']]) {
    const watch = startExhibit(t, ['devices', '--watch', ...how]);
    await watch.until(() => watch.stdout !== '', 'it began');
    watch.child.stdout?.destroy();
    // What is told to nobody is noticed: in JSON a sign of life would do, in ten seconds.
    const { node, file } = attached(t);
    await detachLoop(node, file);
    attached(t);
    const ended = await watch.endedWithin(15_000);
    assert.deepEqual([ended.code, ended.signal, ended.stderr], [0, null, '']);
  }
});

function attached(t: test.TestContext): { node: string; file: string } {
  const file = join(tempFolder(t), 'disk.img');
  writeFileSync(file, Buffer.alloc(MIB));
  return { node: attachLoop(t, file, { writable: true }), file };
}

/** The events so far; a line that is not whole yet is left for later. */
function whole({ stdout }: Running): Record<string, unknown>[] {
  return jsonLines(stdout.slice(0, stdout.lastIndexOf('\n') + 1));
}
