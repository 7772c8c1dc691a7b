import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { exitOf } from '../../src/cli/exit-codes.ts';
import type { Fault } from '../../src/model/errors.ts';
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
    'doctor --speed': ['doctor', '--speed', to, '--json'],
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

test('the failures of a disk of another machine stand in docs/scripting.md, by their exit codes', () => {
  const documented = documentedCodes();
  const found = codesInSource();
  assert.ok(found.size > 50, [...found.keys()].join(' '));
  const missing = [...found].filter(([code, exit]) => {
    const exits = documented.get(code) ?? [];
    return exit === null ? exits.length === 0 : !exits.includes(exit);
  });
  assert.deepEqual(missing, [], 'codes that are missing, or stand elsewhere than their fault says');
  const gone = [...documented.keys()].filter((code) => OF_OTHERS.test(code) && !found.has(code));
  assert.deepEqual(gone, [], 'codes that no longer are');
});

/** Of these every failure has to be told of. */
const OF_OTHERS = /^(remote|listen)\.|^adopt\.remote$/;
/** Codes that are put together: how that stands in the source, what they are, and with which fault. */
const MADE: Readonly<Record<string, readonly [fault: Fault, codes: readonly string[]][]>> = {
  'listen.${bad.end}': [
    ['damage', ['listen.hash-differs']],
    ['source', ['ended-early', 'reset', 'stalled', 'too-much', 'sender-failed'].map((end) => `listen.${end}`)],
  ],
  'remote.no-${tool}': [['source', ['remote.no-dd', 'remote.no-stat', 'remote.no-readlink']]],
  'remote.host-key-${kind}': [
    ['remote', ['remote.host-key-unknown', 'remote.host-key-changed', 'remote.host-key-revoked']],
  ],
  // What is known of already, and a type.
  'remote.${string}': [],
  'listen.${end}': [],
  'listen.${fatal}': [],
};

/** Code → exit code, of every failure and refusal about another machine that the source names; null: not told beside it. */
function codesInSource(): Map<string, number | null> {
  const found = new Map<string, number | null>();
  for (const path of readdirSync(join(packageRoot, 'src'), { recursive: true, encoding: 'utf8' })) {
    if (!path.endsWith('.ts')) continue;
    // What is said beside, or only noted, is no failure.
    const text = readFileSync(join(packageRoot, 'src', path), 'utf8')
      .replaceAll(/\b(warning|note)\(\s*('\w+',\s*)?'[\w.-]+'/g, '')
      .replaceAll(/type: 'note'.*?code: '[\w.-]+'|\.code [!=]== '[\w.-]+'/g, '');
    for (const [, code = ''] of text.matchAll(/'([a-z]+\.[a-z-]+)'/g))
      if (OF_OTHERS.test(code) && !found.has(code)) found.set(code, null);
    for (const [, fault = '', code = ''] of text.matchAll(/'(\w+)',\s*'([a-z]+\.[a-z-]+)'/g))
      if (OF_OTHERS.test(code) && FAULTS.has(fault)) found.set(code, exitOf(fault as Fault));
    for (const [, made = ''] of text.matchAll(/`((?:remote|listen)\.[^`\s]*\$\{[^`\s]*)`/g)) {
      assert.ok(made in MADE, `${made} in ${path}`);
      for (const [fault, codes] of MADE[made] ?? []) for (const code of codes) found.set(code, exitOf(fault));
    }
  }
  return found;
}

const FAULTS: ReadonlySet<string> = new Set<Fault>([
  ...([
    'unexpected',
    'usage',
    'guard',
    'source',
    'destination',
    'damage',
    'signature',
    'remote',
    'interrupted',
  ] as const),
]);

/** The tables of codes: code → the exit codes that it stands beside. */
function documentedCodes(): Map<string, number[]> {
  const text = readFileSync(join(packageRoot, 'docs', 'scripting.md'), 'utf8');
  const section = text.slice(text.indexOf('### A source on another machine'), text.indexOf('## Exit codes'));
  const codes = new Map<string, number[]>();
  for (const [, exit, row = ''] of section.matchAll(/^\| (\d+) \| (.+) \|$/gm))
    for (const [, code = ''] of row.matchAll(/`([a-z]+\.[a-z-]+)`/g))
      codes.set(code, [...(codes.get(code) ?? []), Number(exit)]);
  return codes;
}

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
