import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test, { describe } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { badDisk } from '../support/bad-disk.ts';
import { exhibit, manifestOf, newDesk, startExhibit, type Desk } from '../support/exhibit.ts';
import { exhibitHere } from '../support/in-process.ts';
import { attachLoop, diskBytes, lacks } from '../support/loop.ts';

const MIB = 1_048_576;
const ROUNDS = 20;

describe('SIGKILL', { concurrency: 2 }, () => {
  test(`${ROUNDS} times, anywhere: no child survives, and the folder is whole or can be closed as what it is`, async (t) => {
    if (lacks(t, 'losetup', 'setpriv')) return;
    const desk = newDesk(t);
    const source = attachLoop(t, desk.file('disk.img', 12 * MIB));
    const began = performance.now();
    const whole = await exhibit(desk.acquire(source, '--evidence', 'WHOLE'));
    assert.equal(whole.code, 0, whole.stderr);
    const usual = performance.now() - began;
    const seen: Record<string, number> = {};
    for (let round = 0; round < ROUNDS; round += 1) {
      const item = `K-${round}`;
      const options = round % 4 === 3 ? ['--reader', 'direct'] : round % 4 === 1 ? ['--format', 'split', '--segment-size', '5M'] : [];
      const job = startExhibit(t, desk.acquire(source, '--evidence', item, ...options));
      // From before the first file to after the last one; what comes before is all alike.
      await pause(usual * (0.3 + (0.75 * round) / ROUNDS));
      job.kill('SIGKILL');
      const { code } = await job.ended;
      // The machine may need a moment to end them; no longer than that.
      assert.deepEqual(await job.leftAfter(2000), [], `round ${round}`);
      const state = await whatIsLeft(desk, item, code);
      seen[state] = (seen[state] ?? 0) + 1;
    }
    t.diagnostic(JSON.stringify(seen));
    assert.ok((seen['closed as incomplete'] ?? 0) > 0, `no round hit the middle: ${JSON.stringify(seen)}`);
  });

  test('of the supervisor of --reader direct, while reads are under way', async (t) => {
    const disk = await badDisk(t, { content: diskBytes(24 * MIB, 5) });
    if (disk === null) return;
    const desk = newDesk(t);
    await disk.pause();
    const job = startExhibit(t, desk.acquire(disk.node, '--reader', 'direct'));
    await job.untilSaid(/Read and hash the source: start/);
    job.kill('SIGKILL');
    await job.ended;
    await disk.resume();
    assert.deepEqual(await job.leftAfter(5000), []);
  });
});

/** Looks at the folder as the next morning's examiner would; gives what it found. */
async function whatIsLeft(desk: Desk, item: string, code: number | null): Promise<string> {
  const folder = desk.evidence(item);
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const verify = ['verify', folder, '--signers', desk.signers];
  if (code === 0 || names.includes('SHA256SUMS.sig')) {
    const { code: verdict, stdout } = await exhibitHere(verify);
    assert.equal(verdict, 0, stdout);
    return 'complete';
  }
  assert.equal(code, null);
  if (names.length === 0) return 'nothing made';
  // Not for a moment does it pass for whole.
  const before = await exhibitHere(verify);
  assert.notEqual(before.code, 0, before.stdout);
  const hasManifest = names.includes(`${item}.manifest.json`);
  const reason = hasManifest ? [] : ['--incomplete', 'power cut'];
  const sealed = await exhibitHere(['seal', folder, ...reason, '--key', desk.key]);
  if (/does not say what was being acquired/.test(sealed.stderr)) {
    assert.ok(!names.some((name) => name.includes('.partial') || name.endsWith('.dd')), names.join(' '));
    return 'claimed, not begun';
  }
  assert.equal(sealed.code, 0, `${names.join(' ')}\n${sealed.stderr}`);
  const verdict = await exhibitHere(verify);
  const complete = manifestOf(folder, item).outcome === 'complete';
  assert.equal(verdict.code, complete ? 0 : 4, verdict.stdout);
  assert.equal(complete, hasManifest, 'what was cut off before its manifest is not called complete');
  assert.ok(complete || !existsSync(join(folder, `${item}.dd`)) || hasManifest || names.includes(`${item}.dd`));
  return complete ? 'closing finished' : 'closed as incomplete';
}
