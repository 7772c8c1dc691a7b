import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Host, Ports } from '../../src/system/ports.ts';
import { systemCommands, type Commands } from '../../src/system/run-command.ts';
import { testPorts } from '../support/ports.ts';

export const NOW = Date.UTC(2026, 2, 1, 9, 15);

/** Real ports with an environment of the test's own; no agent, no askpass, no sudo unless the test gives them. */
export function signPorts(env: Record<string, string>, change: Partial<Ports> = {}, host: Partial<Host> = {}): Ports {
  return testPorts(change, { env, packageRoot: '', ...host });
}

/** Real commands, but for those that `answer` answers. */
export function commandsWith(
  answer: (argv: readonly string[]) => Partial<Awaited<ReturnType<Commands['run']>>> | null,
): Commands {
  const real = systemCommands();
  return {
    ...real,
    run: async (argv, options) => {
      const scripted = answer(argv);
      if (scripted === null) return real.run(argv, options);
      return { argv, exit: 0, signal: null, stdout: '', stderr: '', failure: null, ...scripted };
    },
  };
}

export interface Workshop {
  readonly folder: string;
  /** Live agents that the code under test started. */
  readonly agents: () => string[];
  /** What it left: in the temporary folder, and live agents. */
  readonly left: () => string[];
  readonly remove: () => void;
}

/** A folder of this test file's own, with the temporary folder in it that the code under test and its children get. */
export function workshop(): Workshop {
  const folder = mkdtempSync(join(tmpdir(), 'exhibit-keys-test-'));
  const temporary = join(folder, 'tmp');
  execFileSync('mkdir', ['-m', '0700', temporary]);
  const before = process.env['TMPDIR'];
  process.env['TMPDIR'] = temporary;
  return {
    folder,
    agents: () => agentsBelow(temporary),
    left: () => [...readdirSync(temporary), ...agentsBelow(temporary)],
    remove: () => {
      if (before === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = before;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Live ssh-agents whose socket lies below `folder`. */
function agentsBelow(folder: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => commandLine(pid))
    .filter((line) => line.includes('ssh-agent') && line.includes(folder));
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

export interface MadeKey {
  readonly path: string;
  /** `type base64`. */
  readonly publicKey: string;
}

/** A key made by ssh-keygen itself. */
export function makeKey(
  folder: string,
  name: string,
  comment: string,
  options: { passphrase?: string; type?: string[] } = {},
): MadeKey {
  const path = join(folder, name);
  const type = options.type ?? ['-t', 'ed25519'];
  execFileSync('ssh-keygen', ['-q', ...type, '-C', comment, '-N', options.passphrase ?? '', '-f', path]);
  return { path, publicKey: publicKeyOf(path) };
}

function publicKeyOf(path: string): string {
  return readFileSync(`${path}.pub`, 'utf8').trim().split(' ').slice(0, 2).join(' ');
}

/** A program that answers a passphrase question, and the environment that makes OpenSSH use it. */
export function askpass(folder: string, answer: string): Record<string, string> {
  const program = join(folder, `askpass-${answer}`);
  writeFileSync(program, `#!/bin/sh\necho '${answer}'\n`);
  chmodSync(program, 0o700);
  return { SSH_ASKPASS: program, SSH_ASKPASS_REQUIRE: 'force' };
}

/** ssh-keygen's own armour over `data`. */
export function signByHand(key: MadeKey, namespace: string, data: string | Uint8Array): string {
  return execFileSync('ssh-keygen', ['-Y', 'sign', '-f', key.path, '-n', namespace], {
    input: data,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
  });
}

/** Expects an ExhibitError of this fault and code; `seen` must match message and hint together. */
export async function refuses(promise: Promise<unknown>, fault: string, code: string, seen: RegExp): Promise<void> {
  await assert.rejects(promise, (error: { fault?: string; code?: string; message?: string; hint?: string }) => {
    assert.deepEqual([error.fault, error.code], [fault, code], error.message ?? '');
    assert.match(`${error.message ?? ''} | ${error.hint ?? ''}`, seen);
    return true;
  });
}
