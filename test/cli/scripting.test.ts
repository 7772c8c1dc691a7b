import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { startExhibit } from '../support/exhibit.ts';
import { exhibitHere, type EndedHere } from '../support/in-process.ts';
import { Gate } from '../support/gate.ts';
import { packageRoot } from '../support/root.ts';
import { tempFolder } from '../support/temp.ts';

const MAIN = fileURLToPath(new URL('../../bin/exhibit.js', import.meta.url));
/** Keys that every result has. */
const ALWAYS = ['type', 'ok', 'exit'];

type Json = Record<string, unknown>;

test('the results of --json have the keys that docs/scripting.md names', async (t) => {
  if (spawnSync('ssh-keygen', ['-?']).error !== undefined) {
    t.skip('needs ssh-keygen');
    return;
  }
  const folder = tempFolder(t);
  const [disk, key, to] = [join(folder, 'disk.img'), join(folder, 'key'), join(folder, 'to')];
  writeFileSync(disk, Buffer.alloc(3 * 1024 * 1024, 'exhibit '));
  mkdirSync(to);
  await exhibitHere(['keys', 'init', '--name', 'A', '--no-passphrase', '--key', key]);
  const item = (evidence: string): string[] => {
    const described = ['--case', 'C', '--evidence', evidence, '--examiner', 'A'];
    return ['acquire', disk, '--to', to, ...described, '--json'];
  };
  const runs: Record<string, readonly string[]> = {
    'acquire --dry-run': [...item('E1'), '--key', key, '--dry-run'],
    acquire: [...item('E1'), '--key', key],
    verify: ['verify', join(to, 'C/E1'), '--json'],
    show: ['show', join(to, 'C/E1'), '--json'],
    devices: ['devices', '--json'],
    doctor: ['doctor', '--json'],
    'keys show': ['keys', 'show', '--key', key, '--json'],
  };
  const [device] = (await resultOf(runs['devices'] ?? []))['devices'] as { path: string }[];
  if (device === undefined) t.diagnostic('no block device here: devices show is left out');
  else runs['devices show'] = ['devices', 'show', device.path, '--no-probe', '--json'];
  const documented = documentedKeys();
  for (const [name, argv] of Object.entries(runs)) {
    assert.deepEqual(keysOf(await resultOf(argv)), documented.get(name), name);
  }

  await resultOf([...item('E2'), '--unsigned']);
  assert.deepEqual(keysOf(await resultOf(['seal', join(to, 'C/E2'), '--key', key, '--json'])), documented.get('seal'));
});

test('so have those of a job that is stopped, shown, and resumed', async (t) => {
  const folder = tempFolder(t);
  const [disk, to] = [join(folder, 'disk.img'), join(folder, 'to')];
  writeFileSync(disk, Buffer.alloc(6 * 1024 * 1024, 'exhibit '));
  mkdirSync(to);
  const gate = new Gate(folder, 'read');
  const described = ['--case', 'C', '--evidence', 'E', '--examiner', 'A', '--unsigned', '--json'];
  // A process of its own: what is stopped leaves its source open until that ends.
  const job = startExhibit(t, ['acquire', disk, '--to', to, ...described], gate);
  await gate.atGate(job);
  await job.until(() => existsSync(join(to, 'C/E/E.dd.partial')), 'it wrote something');
  job.kill('SIGINT');
  const documented = documentedKeys();
  assert.deepEqual(keysOf(lastOf(await job.ended)), documented.get('acquire, stopped'));
  assert.deepEqual(keysOf(await resultOf(['show', join(to, 'C/E'), '--json'])), documented.get('show, stopped'));
  const resumed = await resultOf(['resume', join(to, 'C/E'), '--unsigned', '--json']);
  assert.deepEqual(keysOf(resumed), documented.get('acquire'));
});

test('failures and refusals of --json have the keys that docs/scripting.md names', async (t) => {
  const folder = tempFolder(t);
  const failure = await resultOf(['show', join(folder, 'nothing'), '--json']);
  assert.deepEqual(keysOf(failure), ['code', 'hint', 'message']);
  const argv = ['--case', 'C', '--evidence', '-', '--examiner', 'A', '--unsigned', '--json'];
  const refusal = await resultOf(['acquire', MAIN, '--to', folder, ...argv]);
  assert.deepEqual(keysOf(refusal), ['code', 'findings', 'refusals']);
  const [first] = refusal['refusals'] as Json[];
  assert.deepEqual(Object.keys(first!).sort(), ['code', 'fault', 'hint', 'level', 'message']);
});

/** The table under "Results": command → keys, sorted. */
function documentedKeys(): Map<string, string[]> {
  const text = readFileSync(join(packageRoot, 'docs', 'scripting.md'), 'utf8');
  const section = text.slice(text.indexOf('### Results'));
  const rows = [...section.matchAll(/^\| `([\w -]+)`(, stopped)? \| (.+) \|$/gm)];
  return new Map(
    rows.map((row) => [row[1]! + (row[2] ?? ''), [...row[3]!.matchAll(/`(\w+)`/g)].map((key) => key[1]!).sort()]),
  );
}

function keysOf(result: Json): string[] {
  for (const key of ALWAYS) assert.ok(key in result, `${key} is missing`);
  return Object.keys(result)
    .filter((key) => !ALWAYS.includes(key))
    .sort();
}

async function resultOf(argv: readonly string[]): Promise<Json> {
  return lastOf(await exhibitHere(argv));
}

function lastOf({ stdout, stderr }: EndedHere): Json {
  assert.notEqual(stdout, '', stderr);
  const last = stdout.trimEnd().split('\n').at(-1) ?? '';
  const result = JSON.parse(last) as Json;
  assert.equal(result['type'], 'result');
  return result;
}
