import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { known } from '../../src/model/device.ts';
import type { ProbeRun } from '../../src/model/probe.ts';
import type { RunOptions } from '../../src/system/run-command.ts';
import { notProbed } from '../../src/probe/probe.ts';
import { disk } from './disks.ts';
import { probed, ran, SATA, SMART, why } from './scripted.ts';

describe('what goes wrong', () => {
  test('--no-probe: nothing is asked, and that is said of everything', async () => {
    const facts = await probed({}, { probe: false, vendorQuery: true });
    for (const key of ['own', 'healthy', 'hpa', 'dco', 'declared', 'vendor', 'partitionTable', 'encryption'] as const)
      assert.equal(why(facts, key), 'not asked: --no-probe');
    assert.deepEqual([facts.runs, facts.unread], [[], []]);
    // A file is no device: the caller says so in the same words everywhere.
    assert.deepEqual(notProbed('not asked: --no-probe'), facts);
  });

  test('no tool at all', async () => {
    const facts = await probed(Object.fromEntries(Object.keys(SATA).map((line) => [line, 'missing' as const])));
    for (const [key, tool] of [
      ['own', 'smartctl'],
      ['healthy', 'smartctl'],
      ['hpa', 'hdparm'],
      ['dco', 'hdparm'],
      ['declared', 'sg_modes'],
      ['partitionTable', 'sfdisk'],
    ] as const)
      assert.match(why(facts, key), new RegExp(`^${tool} is not installed`));
    assert.deepEqual(
      facts.runs.slice(0, -1).map(({ failure }) => failure),
      Array<string>(5).fill('missing'),
    );
    assert.deepEqual(facts.encryption, known([]));
  });

  test('each question has its time limit, and a tool that was killed does not keep the next from being asked', async () => {
    const seen: RunOptions[] = [];
    const script = { ...SATA, [`${SMART} /dev/sdb`]: 'timeout' as const };
    const facts = await probed(script, { timeoutMs: 1234 }, disk(), { seen });
    assert.ok(seen.every(({ timeoutMs }) => timeoutMs === 1234));
    assert.equal(why(facts, 'own'), 'smartctl gave no answer in 1.234 s and was killed');
    assert.ok(facts.hpa.known);
  });

  test('a tool that is stuck in the kernel is left behind, and no other is sent after it', async () => {
    const started = performance.now();
    const facts = await probed({ ...SATA, 'hdparm -N /dev/sdb': 'hang' }, { timeoutMs: 50 });
    assert.ok(performance.now() - started < 3000);
    assert.ok(facts.own.known);
    assert.match(why(facts, 'hpa'), /was killed; it is stuck in the kernel/);
    for (const key of ['dco', 'declared', 'partitionTable', 'encryption'] as const)
      assert.equal(why(facts, key), 'not asked: hdparm is stuck in the kernel, waiting for this disk');
    assert.deepEqual(ran(facts), [`${SMART} /dev/sdb`, 'hdparm -N /dev/sdb']);
  });

  test('a stop: what was found stays, what follows is not asked', async () => {
    const stopping = new AbortController();
    const onRun = (run: ProbeRun): void => {
      if (run.argv[1] === '-N') stopping.abort();
    };
    const facts = await probed(SATA, { stop: stopping.signal, onRun });
    assert.ok(facts.own.known && facts.hpa.known);
    assert.equal(why(facts, 'dco'), 'not asked: the job was stopped');
    assert.equal(why(facts, 'encryption'), 'not asked: the job was stopped');
    assert.equal(facts.runs.length, 2);
  });

  test('every question is told when it has ended, in order; a journal that fails ends the probe', async () => {
    const told: ProbeRun[] = [];
    const facts = await probed(SATA, { onRun: (run) => void told.push(run) });
    assert.deepEqual(told, facts.runs);
    assert.ok(told.every(({ milliseconds }) => Number.isSafeInteger(milliseconds) && milliseconds >= 0));
    const full = new Error('the journal is full');
    await assert.rejects(probed(SATA, { onRun: () => Promise.reject(full) }), full);
  });
});
