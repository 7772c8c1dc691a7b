import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import test, { describe, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { badDisk } from '../support/bad-disk.ts';
import { journalOf, manifestOf, newDesk, startExhibit, type Desk } from '../support/exhibit.ts';
import { Gate } from '../support/gate.ts';
import { exhibitHere } from '../support/in-process.ts';
import { attachLoop, diskBytes, lacks } from '../support/loop.ts';
import { tempFolder } from '../support/temp.ts';

const MIB = 1_048_576;
const ALL = process.env['CRASH'] === 'all';
/** In each of two lanes; `npm run test:crash` makes more of them than `npm test` has minutes for. */
const ROUNDS = ALL ? 12 : 5;
const CLOSINGS = ALL ? 12 : 6;
const OPTIONS = [[], ['--format', 'split', '--segment-size', '4M'], ['--verify-source'], ['--reader', 'direct']];

describe('SIGKILL', { concurrency: 2 }, () => {
  for (const lane of [0, 1]) {
    test(`${ROUNDS} times, anywhere: no child survives, and the folder is whole or can be closed as what it is (${lane + 1} of 2)`, async (t) => {
      if (lacks(t, 'losetup', 'setpriv')) return;
      const desk = newDesk(t);
      const source = attachLoop(t, desk.file('disk.img', 6 * MIB));
      const usual = await usualTime(t, desk, source);
      const seen: Record<string, number> = {};
      for (let round = 0; round < ROUNDS; round += 1) {
        const item = `K-${round}`;
        const job = startExhibit(t, desk.acquire(source, '--evidence', item, ...(OPTIONS[(round + lane) % 4] ?? [])));
        await job.until(() => existsSync(desk.evidence(item)), 'it made its folder');
        // One in the middle for certain; the others from the first file to the last one, and a little beyond.
        if (round === 1) await job.until(() => isWriting(desk, item), 'it writes its image');
        else await pause((1.5 * usual * round) / (ROUNDS - 1));
        job.kill('SIGKILL');
        const { code } = await job.ended;
        // The kernel may need a moment to end them; no longer than that.
        assert.deepEqual(await job.leftAfter(2000), [], `round ${round}`);
        const state = await whatIsLeft(desk, item, code);
        seen[state] = (seen[state] ?? 0) + 1;
      }
      t.diagnostic(JSON.stringify(seen));
      assert.ok((seen['closed as incomplete'] ?? 0) > 0, `no round hit the middle: ${JSON.stringify(seen)}`);
    });
  }

  test(`${CLOSINGS} times, anywhere in the closing: seal finishes it, and nothing lies in the temporary folder`, async (t) => {
    if (lacks(t, 'setpriv')) return;
    const desk = newDesk(t);
    const source = desk.file('disk.img', 65_536);
    const usual = await closingTime(t, desk, source);
    const seen: Record<string, number> = {};
    for (let round = 0; round < CLOSINGS; round += 1) {
      const item = `K-${round}`;
      const temporary = tempFolder(t);
      const argv = desk.acquire(source, '--evidence', item, '--no-read-back');
      const job = startExhibit(t, argv, { env: { TMPDIR: temporary } });
      await job.until(() => isClosing(desk, item), 'its closing began');
      if (round === 1) await job.until(() => hasManifest(desk, item), 'it wrote its manifest');
      else await pause((1.1 * usual * round) / (CLOSINGS - 1));
      job.kill('SIGKILL');
      const { code } = await job.ended;
      assert.deepEqual(await job.leftAfter(2000), [], `round ${round}`);
      assert.deepEqual(readdirSync(temporary), [], `round ${round}`);
      const state = await whatIsLeft(desk, item, code);
      assert.notEqual(state, 'claimed, not begun');
      seen[state] = (seen[state] ?? 0) + 1;
    }
    t.diagnostic(JSON.stringify(seen));
    assert.ok((seen['closing finished'] ?? 0) > 0, `no round hit the closing: ${JSON.stringify(seen)}`);
  });

  for (const place of ['read-back', 'manifest-signature'] as const) {
    test(`while a child waits (${place}): it dies too`, async (t) => {
      if (lacks(t, 'setpriv')) return;
      const desk = newDesk(t);
      const gate = new Gate(desk.folder, place);
      const temporary = tempFolder(t);
      const env = { ...gate.env, TMPDIR: temporary };
      const job = startExhibit(t, desk.acquire(desk.file('disk.img', MIB)), { env });
      await gate.atGate(job);
      // Nothing that it waits for, and no pipe to write to: without a leash it would stay for ever.
      assert.ok(job.left().length > 1);
      job.kill('SIGKILL');
      await job.ended;
      assert.deepEqual(await job.leftAfter(2000), []);
      assert.deepEqual(readdirSync(temporary), [], 'it left something in the temporary folder');
    });
  }

  test('of the supervisor of --reader direct, while reads are under way', async (t) => {
    const disk = await badDisk(t, { content: diskBytes(24 * MIB, 5) });
    if (disk === null) return;
    const desk = newDesk(t);
    await disk.pause();
    const job = startExhibit(t, desk.acquire(disk.node, '--reader', 'direct', '--no-probe'));
    await job.untilSaid(/Read and hash the source: start/);
    job.kill('SIGKILL');
    await job.ended;
    await disk.resume();
    assert.deepEqual(await job.leftAfter(5000), []);
  });
});

/** Milliseconds from the folder to the end, undisturbed. */
async function usualTime(t: TestContext, desk: Desk, source: string): Promise<number> {
  const job = startExhibit(t, desk.acquire(source, '--evidence', 'WHOLE'));
  await job.until(() => existsSync(desk.evidence('WHOLE')), 'it made its folder');
  const since = performance.now();
  const { code, stderr } = await job.ended;
  assert.equal(code, 0, stderr);
  return performance.now() - since;
}

/** Milliseconds from the journal's last record to the end, undisturbed. */
async function closingTime(t: TestContext, desk: Desk, source: string): Promise<number> {
  const job = startExhibit(t, desk.acquire(source, '--evidence', 'WHOLE', '--no-read-back'));
  await job.until(() => isClosing(desk, 'WHOLE'), 'its closing began');
  const since = performance.now();
  const { code, stderr } = await job.ended;
  assert.equal(code, 0, stderr);
  return performance.now() - since;
}

function isWriting(desk: Desk, item: string): boolean {
  return readdirSync(desk.evidence(item)).some((name) => name.endsWith('.partial'));
}

function hasManifest(desk: Desk, item: string): boolean {
  return existsSync(`${desk.evidence(item)}/${item}.manifest.json`);
}

function isClosing(desk: Desk, item: string): boolean {
  return journalOf(desk.evidence(item), item).some(({ type }) => type === 'closing');
}

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
  const manifested = names.includes(`${item}.manifest.json`);
  // Not for a moment does it pass for whole.
  if (manifested) assert.notEqual((await exhibitHere(verify)).code, 0);
  const reason = manifested ? [] : ['--incomplete', 'power cut'];
  const sealed = await exhibitHere(['seal', folder, ...reason, '--key', desk.key]);
  if (/does not say what was being acquired/.test(sealed.stderr)) {
    assert.ok(!names.some((name) => name.includes('.partial') || name.endsWith('.dd')), names.join(' '));
    return 'claimed, not begun';
  }
  assert.equal(sealed.code, 0, `${names.join(' ')}\n${sealed.stderr}`);
  const verdict = await exhibitHere(verify);
  const complete = manifestOf(folder, item).outcome === 'complete';
  assert.equal(verdict.code, complete ? 0 : 4, verdict.stdout);
  assert.equal(complete, manifested, 'what was cut off before its manifest is not called complete');
  return complete ? 'closing finished' : 'closed as incomplete';
}
