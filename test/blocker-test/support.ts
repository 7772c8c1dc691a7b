import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { program } from '../../src/blocker-test/program.ts';
import type { Report } from '../../src/blocker-test/report-schema.ts';
import type { Ports } from '../../src/system/ports.ts';
import type { Signals } from '../../src/system/signals.ts';
import type { Terminal } from '../../src/system/terminal.ts';
import { jsonLines, newDesk, Running, type Desk, type Ended } from '../support/exhibit.ts';
import { attachLoop, lacks } from '../support/loop.ts';
import { testPorts } from '../support/ports.ts';
import { tempFolder } from '../support/temp.ts';

/** The compiled program, run as users run it. */
const MAIN = fileURLToPath(new URL('../../bin/exhibit-blocker-test.js', import.meta.url));
export const MIB = 1024 * 1024;
/** The smallest scratch disk there is. */
export const SMALL = 16 * MIB;

/** Runs exhibit-blocker-test to its end. */
export function blockerTest(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return startBlockerTest(argv, env).ended;
}

export function startBlockerTest(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  return new Running(process.execPath, [MAIN, ...argv], { env });
}

/** As {@link blockerTest}, in this process: a start of Node less. @param answers what a person types when asked */
export async function blockerTestHere(
  argv: readonly string[],
  ports: Ports = testPorts(),
  answers: readonly string[] | null = null,
): Promise<Omit<Ended, 'ms' | 'signal'> & { readonly asked: readonly string[] }> {
  const said = { stdout: '', stderr: '' };
  const [typed, asked] = [[...(answers ?? [])], [] as string[]];
  const terminal: Terminal = {
    lively: false,
    outputClosed: () => false,
    canAsk: answers !== null,
    columns: 120,
    colours: { out: false, display: false },
    display: null,
    say: (text) => void (said.stderr += `${text}\n`),
    out: (text) => void (said.stdout += `${text}\n`),
    ask: (question) => {
      asked.push(question);
      return Promise.resolve(typed.shift() ?? null);
    },
    askSecret: () => Promise.resolve(null),
  };
  const watchSignals = (): Signals => ({ stop: new AbortController().signal, release: () => undefined });
  const code = await program(argv, { ports, terminal, watchSignals, supervise: null });
  return { code, ...said, asked };
}

/** A loop device over a new file: what tests have for a scratch disk. Null, and the test skipped aloud, without root. */
export function scratchFile(t: TestContext, size = SMALL): { file: string; node: string } | null {
  if (lacks(t, 'losetup', 'blockdev', 'blkdiscard')) return null;
  const file = join(tempFolder(t), 'scratch.img');
  writeFileSync(file, '');
  truncateSync(file, size);
  return { file, node: attachLoop(t, file, { writable: true }) };
}

export function prepareArgv({ file, node }: { file: string; node: string }, ...more: string[]): string[] {
  return ['prepare', node, '--backing-file', file, '--erase-consent', `erase ${file}`, ...more];
}

/** As {@link scratchFile}, and marked. */
export async function scratchDisk(t: TestContext): Promise<{ file: string; node: string } | null> {
  const made = scratchFile(t);
  if (made === null) return null;
  const ended = await blockerTestHere(prepareArgv(made));
  if (ended.code !== 0) throw new Error(`prepare: ${ended.code ?? 'no code'}\n${ended.stderr}`);
  return made;
}

/** `run NODE …`, signed with the key of the desk, report below its `to`. */
export function runArgv(desk: Desk, node: string, ...more: string[]): string[] {
  return [
    ...['run', node, '--blocker-make', 'Acme', '--blocker-model', 'WB-1', '--examiner', 'Ada Byron', '--to', desk.to],
    ...(more.includes('--unsigned') ? [] : ['--key', desk.key]),
    ...more,
  ];
}

export function deskOf(t: TestContext): Desk {
  return newDesk(t);
}

/** The one report folder below the desk's `to`. */
export function reportFolder(desk: Desk): string {
  const [only, ...more] = readdirSync(desk.to);
  if (only === undefined || more.length > 0) throw new Error(`${more.length + 1} folders in ${desk.to}`);
  return join(desk.to, only);
}

export function reportOf(folder: string): Report {
  return JSON.parse(readFileSync(join(folder, 'validation.json'), 'utf8')) as Report;
}

/** The last line of a `--json` run. */
export function resultOf(ended: Pick<Ended, 'stdout'>): Record<string, unknown> {
  return jsonLines(ended.stdout).at(-1) ?? {};
}

/** An environment in which `name` is this shell script, found before the real one. */
export function withProgram(t: TestContext, name: string, script: string): Record<string, string> {
  const bin = join(tempFolder(t), 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, name), 0o755);
  return { PATH: `${bin}:${process.env['PATH'] ?? ''}` };
}

export function sha256Of(path: string): string {
  return spawnSync('sha256sum', [path], { encoding: 'utf8' }).stdout.split(' ')[0] ?? '';
}
