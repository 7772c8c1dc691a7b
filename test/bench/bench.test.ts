/**
 * The virtual bench: boots a real kernel with real disks and runs exhibit there. All scenarios in two machines, booted once each.
 * `npm run test:bench`; `BENCH=text` runs the scenarios whose names contain the text; `UPDATE=1` writes the captures.
 */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isAlive, until } from '../support/children.ts';
import { Running } from '../support/exhibit.ts';
import { packageRoot } from '../support/root.ts';
import { atEnd, tempFolder } from '../support/temp.ts';
import { hasRoomFor, startMachine } from './host/bench-machine.ts';
import type { BenchOrder } from './host/initramfs.ts';
import type { Machine } from './host/machine.ts';
import type { Scenario } from './scenario.ts';
import { MACHINES } from './scenarios/index.ts';

const FIXTURES = join(packageRoot, 'test/fixtures/bench');
/** Null: what `npm test` has minutes for. */
const only = process.env['BENCH'] ?? null;
const capture = process.env['UPDATE'] === '1';
/** For all scenarios, on an emulated processor that others may need too. */
const ALL_OF_IT_MS = 900_000;

/** Null, and the test skipped aloud, where there can be no machine. It is switched off when the test ends. */
function machineFor(t: TestContext, order: Omit<BenchOrder, 'node'>, limitMs?: number): Machine | null {
  const machine = startMachine(tempFolder(t), order, limitMs);
  if (typeof machine === 'string') {
    t.skip(machine);
    return null;
  }
  atEnd(t, () => machine.off());
  return machine;
}

/** What each machine runs; on a station without the memory for two at once, one runs all. */
function lists(): (readonly Scenario[])[] {
  const wanted = MACHINES.map((list) =>
    list.filter(({ name, onRequest }) => (only === null ? onRequest !== true : name.includes(only))),
  );
  const some = wanted.filter((list) => list.length > 0);
  if (some.length === 0) return [[]];
  return hasRoomFor(some.length) ? some : [some.flat()];
}

test('the virtual bench', async (t) => {
  const wanted = lists();
  assert.ok(wanted.flat().length > 0 || capture, `no scenario has "${only ?? ''}" in its name`);
  const machines: { machine: Machine; list: readonly Scenario[] }[] = [];
  for (const list of wanted) {
    const first = machines.length === 0;
    const order = { scenarios: list.map(({ name }) => name), capture: capture && first };
    const machine = machineFor(t, order, only === null ? undefined : ALL_OF_IT_MS);
    if (machine === null) return;
    machines.push({ machine, list });
  }
  const [one] = machines;
  if (capture && one !== undefined) await t.test('captures', () => writeCaptures(one.machine));
  for (const { machine, list } of machines) {
    for (const { name, expect } of list) {
      await t.test(name, async (t) => {
        const { seen, error, ms } = await machine.scenario(name);
        t.diagnostic(`${ms} ms in the machine`);
        assert.equal(error, undefined);
        expect(seen);
      });
    }
    await machine.ended();
  }
});

test('a machine that takes too long is switched off', async (t) => {
  const machine = machineFor(t, { scenarios: [], capture: false }, 300);
  if (machine === null) return;
  await assert.rejects(machine.scenario('nothing of this name'), /the machine took too long/);
  assert.ok(!isAlive(machine.pid));
});

test('the machine ends with the process that started it, even by SIGKILL', async (t) => {
  const child = fileURLToPath(new URL('boot-child.js', import.meta.url));
  const starter = new Running(process.execPath, [child, tempFolder(t)]);
  atEnd(t, () => {
    starter.kill('SIGKILL');
  });
  await starter.until(() => starter.stdout.includes('\n'), 'the machine was started', 120_000);
  const said = starter.stdout.trim();
  if (!/^\d+$/.test(said)) {
    t.skip(said);
    return;
  }
  const qemu = Number(said);
  atEnd(t, () => isAlive(qemu) && process.kill(qemu, 'SIGKILL'));
  assert.ok(isAlive(qemu));
  starter.kill('SIGKILL');
  await until(() => !isAlive(qemu), 'QEMU to end');
});

async function writeCaptures(machine: Machine): Promise<void> {
  const { error } = await machine.scenario('captures');
  assert.equal(error, undefined);
  const files = machine.records().filter((record) => record.type === 'capture');
  for (const folder of new Set(files.map(({ path }) => dirname(path))))
    rmSync(join(FIXTURES, folder), { recursive: true, force: true });
  for (const { path, content } of files) {
    mkdirSync(dirname(join(FIXTURES, path)), { recursive: true });
    writeFileSync(join(FIXTURES, path), content);
  }
}
