import { spawn, spawnSync, type ChildProcess, type StdioOptions } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Manifest } from '../../src/manifest/schema.ts';
import { diskBytes } from './loop.ts';
import { atEnd, tempFolder } from './temp.ts';

/** The compiled program, run as users run it. */
export const MAIN = fileURLToPath(new URL('../../bin/exhibit.js', import.meta.url));

/** A run that has ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** From the start, or from {@link Running.kill}, to the end. */
  readonly ms: number;
}

export interface RunOptions {
  readonly cwd?: string;
  /** Added to an environment that is otherwise bare. Undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly stdio?: StdioOptions;
}

/** Something under way that says what it does. */
export abstract class UnderWay {
  abstract readonly stdout: string;
  abstract readonly stderr: string;
  abstract readonly over: boolean;

  /** Waits until something is so while it is under way. */
  async until(condition: () => boolean, what: string, ms = 20_000): Promise<void> {
    const deadline = performance.now() + ms;
    while (!condition()) {
      if (this.over && !condition()) throw new Error(`it ended before ${what}\n${this.stdout}${this.stderr}`);
      if (performance.now() > deadline) throw new Error(`waited in vain until ${what}\n${this.stdout}${this.stderr}`);
      await pause(5);
    }
  }

  untilSaid(pattern: RegExp): Promise<void> {
    return this.until(() => pattern.test(this.stderr + this.stdout), `it said ${String(pattern)}`);
  }
}

let started = 0;

/** A program under way. Standard input is empty. */
export class Running extends UnderWay {
  /** In the environment of the program and of everything it starts. */
  readonly #mark = `EXHIBIT_TEST_MARK=${process.pid}.${(started += 1)}.`;
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  stdout = '';
  stderr = '';
  #since = performance.now();

  constructor(program: string, argv: readonly string[], options: RunOptions = {}) {
    super();
    this.child = spawn(program, argv, {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: {
        PATH: process.env['PATH'],
        HOME: '/nonexistent',
        ...options.env,
        EXHIBIT_TEST_MARK: this.#mark.split('=')[1],
      },
      stdio: options.stdio ?? ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.ended = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('exit', (code, signal) => {
        const ms = performance.now() - this.#since;
        // What it left behind may hold the pipes open: the output is whole, or nobody will make it so.
        const flushed = new Promise((done) => this.child.once('close', done));
        void Promise.race([flushed, pause(300)]).then(() => {
          resolve({ code, signal, stdout: this.stdout, stderr: this.stderr, ms });
        });
      });
    });
  }

  get over(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  kill(signal: NodeJS.Signals): void {
    this.#since = performance.now();
    this.child.kill(signal);
  }

  /** How it ended, if it does so in time: what hangs in the kernel must not keep the test. */
  async endedWithin(ms: number): Promise<Ended> {
    const ended = await Promise.race([this.ended, pause(ms, null, { ref: false })]);
    if (ended === null) throw new Error(`it did not end within ${ms} ms\n${this.stdout}${this.stderr}`);
    return ended;
  }

  /** Command lines of the processes that are left of it: itself, children, and what they were orphaned to. */
  left(): string[] {
    return readdirSync('/proc').flatMap((pid) => {
      try {
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
        if (!environment.includes(this.#mark)) return [];
        return [`${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')}`];
      } catch {
        return [];
      }
    });
  }

  /** Waits a moment for what ends by itself, then gives what is {@link left}. */
  async leftAfter(ms: number): Promise<string[]> {
    const deadline = performance.now() + ms;
    while (this.left().length > 0 && performance.now() < deadline) await pause(20);
    return this.left();
  }
}

/** Starts exhibit; what is left of it ends with the test. */
export function startExhibit(t: TestContext, argv: readonly string[], options: RunOptions = {}): Running {
  // What it keeps in its private folders while it signs goes away with the test, should it be killed there.
  const env = { TMPDIR: tempFolder(t), ...options.env };
  const running = new Running(process.execPath, [MAIN, ...argv], { ...options, env });
  atEnd(t, async () => {
    if (running.over) return;
    running.child.kill('SIGKILL');
    await running.ended;
  });
  return running;
}

/** Runs exhibit to its end. */
export function exhibit(argv: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return new Running(process.execPath, [MAIN, ...argv], options).ended;
}

/** Folders, key and signers of a test, and the command lines that use them. */
export interface Desk {
  readonly folder: string;
  /** For `--to`; empty. */
  readonly to: string;
  readonly key: string;
  /** An allowed_signers file that lists the key. */
  readonly signers: string;
  /** `acquire SOURCE --to … --case C --evidence E … MORE`; a later option wins over an earlier one. */
  acquire(source: string, ...more: string[]): string[];
  /** `resume FOLDER SOURCE --adopt-map MAP --case … `: an image that another program began becomes the same item. */
  takeOver(folder: string, source: string, map: string): string[];
  /** Where {@link acquire} puts it, or another item. */
  evidence(item?: string): string;
  /** A file of random-looking bytes. */
  file(name: string, size: number): string;
}

let madeKey: { private: string; public: string } | null = null;

/** One key for all tests of a file: making one is cheap, but not free. */
function keyPair(): { private: string; public: string } {
  if (madeKey !== null) return madeKey;
  const path = join(tmpdir(), `exhibit-key-${process.pid}`);
  if (spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'Ada Byron', '-f', path]).status !== 0)
    throw new Error('ssh-keygen made no key');
  madeKey = { private: readFileSync(path, 'utf8'), public: readFileSync(`${path}.pub`, 'utf8') };
  spawnSync('rm', ['-f', path, `${path}.pub`]);
  return madeKey;
}

export function newDesk(t: TestContext, parent?: string): Desk {
  const folder = parent === undefined ? tempFolder(t) : tempFolder(t, parent);
  const to = join(folder, 'to');
  mkdirSync(to);
  const key = join(folder, 'key');
  writeFileSync(key, keyPair().private, { mode: 0o600 });
  writeFileSync(`${key}.pub`, keyPair().public);
  const signers = join(folder, 'signers');
  const [type = '', base64 = ''] = keyPair().public.split(' ');
  writeFileSync(signers, `"Ada Byron" ${type} ${base64}\n`);
  const item = ['--case', 'C-1', '--evidence', 'HDD-01', '--examiner', 'Ada Byron'];
  return {
    folder,
    to,
    key,
    signers,
    acquire: (source, ...more) => [
      ...['acquire', source, '--to', to, ...item],
      ...(more.includes('--unsigned') ? [] : ['--key', key]),
      // One thread less to start, and none that compiles WASM, where the test is about something else.
      ...(more.includes('--hash-engine') ? [] : ['--hash-engine', 'native']),
      ...(more.includes('--hash') ? [] : ['--hash', 'sha256']),
      ...more,
    ],
    takeOver: (image, source, map) => ['resume', image, source, '--adopt-map', map, ...item, '--key', key],
    evidence: (name = 'HDD-01') => join(to, 'C-1', name),
    file: (name, size) => {
      const path = join(folder, name);
      writeFileSync(path, diskBytes(size, size % 977));
      return path;
    },
  };
}

export function manifestOf(folder: string, item = 'HDD-01'): Manifest {
  return JSON.parse(readFileSync(join(folder, `${item}.manifest.json`), 'utf8')) as Manifest;
}

/** The journal's records, a torn last line left out. */
export function journalOf(folder: string, item = 'HDD-01'): { type: string; data: Record<string, unknown> }[] {
  const path = join(folder, `${item}.journal.jsonl`);
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as { type: string; data: Record<string, unknown> });
}

/** The JSON lines of a `--json` run, each of which must be one. */
export function jsonLines(stdout: string): Record<string, unknown>[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
