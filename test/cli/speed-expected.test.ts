import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { describe } from 'node:test';
import { announced } from '../../src/cli/commands/doctor-speed.ts';
import { expectedOf } from '../../src/cli/expected.ts';
import { parseKept } from '../../src/doctor/speed/kept.ts';
import { known, unknown } from '../../src/model/device.ts';
import { planAcquisition } from '../../src/plan/plan.ts';
import { systemFiles } from '../../src/system/files.ts';
import { systemCommands } from '../../src/system/run-command.ts';
import { blockSource, destination, factsWith, USB2 } from '../plan/facts.ts';
import { jsonLines, newDesk } from '../support/exhibit.ts';
import { testPorts } from '../support/ports.ts';
import { stoppedJob } from '../support/stopped.ts';
import { expected, MIB, scene, station } from './speed-support.ts';
import { transcriptHere } from './transcript.ts';

test('whatever can not be looked at, a plan has its section: nothing of it ever fails an acquisition', async () => {
  const result = planAcquisition(factsWith({ source: blockSource({ chain: known(USB2) }) }));
  assert.ok(result.ok);
  const fail = (): Promise<never> => Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO' }));
  const files = Object.fromEntries(
    Object.keys(systemFiles).map((name) => [name, fail]),
  ) as unknown as typeof systemFiles;
  const commands = { ...systemCommands(), run: fail };
  for (const ports of [testPorts({ files }), testPorts({ commands }), testPorts({ files, commands })]) {
    const { link, writing, hashing, expectation } = await expectedOf(ports, result.plan);
    assert.deepEqual([writing, hashing], [unknown('not measured'), unknown('not measured')]);
    assert.ok(link.known);
    assert.equal(expectation.reading.bottleneck, 'source link');
    assert.equal(expectation.seconds, Math.ceil(result.plan.size / 35_000_000));
  }
});

test('before it is measured: where, how much, and that acquire would refuse the system disk', () => {
  const place = { facts: { ...destination, path: '/e\u001b[2J' }, cap: 10 * MIB, busy: false };
  assert.match(
    announced(place),
    /^Measuring \/e\\u\{1b\}\[2J \(ext4 on \/dev\/sdy1\) with at most 10,485,760 bytes [^\n]+$/,
  );
  assert.match(announced({ ...place, busy: true }), /\nAnother exhibit job writes to the same file system/);
  const onSystem = { ...place, facts: { ...place.facts, onSystemDisk: known(true) } };
  assert.match(announced(onSystem), /\nIt lies on the operating system's own disk: .*--allow-system-destination\.$/);
});

describe('what is kept, and what a plan makes of it', { concurrency: 2 }, () => {
  const NOT = /destination +not measured: exhibit doctor --speed \S+\n +hashing +not measured: exhibit/;
  const NOT_HERE = /destination +not measured here: exhibit doctor --speed \S+\n/;

  test('nothing, rubbish, a pipe, a folder: not measured; and the next measurement goes in the place of rubbish', async (t) => {
    const given = scene(t);
    if (given === null) return;
    const { to } = given;
    const state = join(given.home, 'state');
    const file = join(state, 'exhibit/speed.json');
    const host = { env: { HOME: '/nonexistent', XDG_STATE_HOME: state } };
    const ports = testPorts({ clock: station('').clock }, host);
    const desk = newDesk(t);
    assert.match(await expected(desk, to, ports), NOT);
    mkdirSync(dirname(file), { recursive: true });
    spawnSync('mkfifo', [file]);
    assert.match(await expected(desk, to, ports), NOT);
    rmSync(file);
    mkdirSync(file);
    assert.match(await expected(desk, to, ports), NOT);
    rmSync(file, { recursive: true });
    for (const rubbish of ['', '{"format":"exhibit-speed"', '{"format":"other"}', '\u0000'.repeat(3000)]) {
      writeFileSync(file, rubbish);
      assert.match(await expected(desk, to, ports), NOT);
    }
    const measure = { exit: 0, says: [/Measuring/], prints: [/^Kept in \S+\/state\/exhibit\/speed\.json/m] };
    await transcriptHere(['doctor', '--speed', to], measure, ports);
    assert.equal(parseKept(readFileSync(file, 'utf8'))?.length, 1);
    assert.deepEqual(readdirSync(dirname(file)), ['speed.json']);
    assert.match(await expected(desk, to, ports), /destination +writes/);

    // The same file on another machine, on another Node, and for another destination.
    for (const change of [{ hostname: 'other' }, { nodeVersion: 'v99.0.0' }, { cores: 1000 }]) {
      const plan = await expected(desk, to, testPorts({}, { ...host, ...change }));
      assert.match(plan, NOT_HERE);
      assert.match(plan, /hashing +not measured here/);
      assert.match(plan, /reading +not known: nothing is of the source's link, the destination, hashing\n/);
    }
    const elsewhere = await expected(desk, desk.to, ports);
    assert.match(elsewhere, NOT_HERE);
    assert.match(elsewhere, /hashing +[\d.]+ /);

    // --json has it, and nothing that is stored.
    const argv = desk.acquire(desk.file('d.img', MIB), '--to', to, '--unsigned', '--json');
    const dry = await transcriptHere([...argv, '--dry-run'], { exit: 0, says: [/Expected/], prints: [/./] }, ports);
    const { expectation, writing } = jsonLines(dry.stdout)[0]?.['expected'] as Record<string, Record<string, unknown>>;
    assert.equal(writing?.['known'], true);
    assert.equal((expectation?.['reading'] as { bytes: number }).bytes, MIB);
    await transcriptHere(argv, { exit: 0, says: [/Expected/], prints: [/./] }, testPorts({}, host));
    const evidence = join(to, 'C-1/HDD-01');
    for (const name of readdirSync(evidence).filter((each) => !each.endsWith('.dd')))
      assert.doesNotMatch(readFileSync(join(evidence, name), 'utf8'), /bottleneck|--speed|bytes_?per_?second/i, name);
  });

  test('of a disk that another machine sends, the network; nothing of it is known', async (t) => {
    const desk = newDesk(t);
    const sent = ['--expect-size', '16M', '--authority', 'W', '--dry-run'];
    await transcriptHere(desk.acquire('listen://127.0.0.1:0', ...sent), {
      exit: 0,
      says: [/^ {2}source link +unknown: the network, whose rate is not known$/m],
      prints: [/Dry run/],
    });
  });

  test('of a job that is gone on with, what is still to be read; all of it is read back', async (t) => {
    const stopped = await stoppedJob(t);
    const { stdout } = await transcriptHere(stopped.resume('--dry-run', '--json'), {
      exit: 0,
      says: [/^Expected$/m],
      prints: [/./],
    });
    const { expectation } = jsonLines(stdout)[0]?.['expected'] as Record<string, Record<string, { bytes: number }>>;
    const { size } = statSync(stopped.source);
    assert.equal(expectation?.['read_back']?.bytes, size);
    const left = expectation['reading']?.bytes ?? size;
    assert.ok(left > 0 && left < size, String(left));
  });
});
