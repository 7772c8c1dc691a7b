// `npm run demo`: the main job for real, on a sample disk that it makes. Usage: demo.js [--size 256M] [FOLDER]
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Manifest } from '../src/manifest/schema.ts';
import { ExhibitError, messageOf } from '../src/model/errors.ts';
import { groupDigits, parseSize, roundBytes } from '../src/model/size.ts';
import { shellQuote } from '../src/model/text.ts';
import { makeSampleDisk } from './demo-disk.ts';
import { cutOff, exhibit } from './demo-exhibit.ts';
import { attach, type DemoSource } from './demo-source.ts';
import { tool } from './demo-tools.ts';

const MIB = 1024 * 1024;
const NAME = 'Demo Examiner';
/** `exhibit verify`: nothing contradicts, but not everything is established. */
const NOT_ESTABLISHED = 4;

process.stdout.on('error', () => undefined);
process.exitCode = await main().catch((error: unknown) => {
  say(`demo: ${messageOf(error)}`);
  if (error instanceof ExhibitError && error.hint !== undefined) say(`  ${error.hint}`);
  return error instanceof ExhibitError && error.fault === 'usage' ? 2 : 1;
});

async function main(): Promise<number> {
  const { size, folder } = readArguments();
  requireRoom(folder, size);
  say(`exhibit demo, in ${folder}\n`);

  const disk = makeSampleDisk(folder, size);
  step(1, `A sample disk of ${roundBytes(size)}: ${disk.content}`, disk.instead);
  const source = attach(disk.path);
  try {
    step(2, `${source.instead === null ? 'Attached read-only' : 'Left as it is'}: ${source.path}`, source.instead);
    const exit = await imageAndVerify(folder, source);
    if (exit !== 0) say(`\nThe demo ended with exit code ${exit}. What it made is in ${folder}`);
    return exit;
  } finally {
    source.release();
    say(`\nRemove it all:\n  rm -r ${shellQuote(folder)}`);
  }
}

async function imageAndVerify(folder: string, source: DemoSource): Promise<number> {
  const signing = await makeKey(folder);
  if (typeof signing === 'number') return signing;

  const to = join(folder, 'evidence');
  mkdirSync(to);
  const described = ['--case', 'DEMO-1', '--evidence', 'DISK-01', '--examiner', NAME];
  const acquire = ['acquire', source.path, '--to', to, ...described, ...signing.acquire];
  step(4, 'Acquire', null);
  const acquired = await shown(acquire);
  if (acquired !== 0) return acquired;

  const evidence = join(to, 'DEMO-1', 'DISK-01');
  step(5, 'Verify', null);
  const verified = await shown(['verify', evidence, ...signing.verify]);
  if (verified !== signing.verifies) return verified === 0 ? 1 : verified;
  const resumed = await cutOffAndResume(source, to, signing, evidence);
  if (resumed !== 0) return resumed;
  closing(evidence);
  return 0;
}

/** The same disk once more, cut off in the middle as by a power cut: the hashes come out the same. */
async function cutOffAndResume(source: DemoSource, to: string, signing: Signing, first: string): Promise<number> {
  const [item, evidence] = ['DISK-02', join(to, 'DEMO-1', 'DISK-02')];
  const partial = join(evidence, `${item}.dd.partial`);
  const most = statSync(join(first, 'DISK-01.dd')).size * 0.9;
  // At the first checkpoint, or before the end where the disk is too small for one.
  const now = (): boolean =>
    existsSync(join(evidence, `${item}.map`)) || (statSync(partial, { throwIfNoEntry: false })?.size ?? 0) >= most;
  step(6, 'Acquire it again, and kill it in the middle', null);
  const acquire = [
    ...['acquire', source.path, '--to', to, '--case', 'DEMO-1', '--evidence', item, '--examiner', NAME],
    // The slower one: with the other a fast station is done before the first checkpoint, after half a second.
    ...['--hash-engine', 'wasm'],
  ];
  say(`   $ exhibit ${acquire.map(shellQuote).join(' ')}\n`);
  const ended = await cutOff([...acquire, ...signing.acquire], now);
  if (ended !== 'killed') {
    if (ended !== 0) return ended;
    say('\n   NOTE: it was done before it could be killed: a larger --size gives it more to do.');
    return 0;
  }
  say('\n   Killed, without a word. What was read is on disk, as far as the last checkpoint:');
  step(7, 'Resume', null);
  const resumed = await shown(['resume', evidence, ...signing.acquire]);
  if (resumed !== 0) return resumed;
  const [before, after] = [sha256In(first, 'DISK-01'), sha256In(evidence, item)];
  say(`\n   ${before === after ? 'The same SHA-256 as undisturbed' : 'ANOTHER SHA-256 than undisturbed'}: ${after}`);
  return before === after ? 0 : 1;
}

function sha256In(evidence: string, item: string): string {
  const manifest = JSON.parse(readFileSync(join(evidence, `${item}.manifest.json`), 'utf8')) as Manifest;
  return manifest.digests.find(({ algorithm }) => algorithm === 'sha256')?.hex ?? 'none';
}

interface Signing {
  readonly acquire: readonly string[];
  readonly verify: readonly string[];
  /** The exit code that `exhibit verify` is to give. */
  readonly verifies: number;
}

/** A key of the demo's own, and the file that says whom to trust; an exit code when it could not be made. */
async function makeKey(folder: string): Promise<Signing | number> {
  if (tool('ssh-keygen', ['-?']).error !== undefined) {
    const instead = 'ssh-keygen is not installed (openssh-client): the folder stays unsigned, and verify ends with 4.';
    step(3, 'No signing key', instead);
    return { acquire: ['--unsigned'], verify: [], verifies: NOT_ESTABLISHED };
  }
  const key = join(folder, 'key');
  const signers = join(folder, 'signers');
  const made = await exhibit(['keys', 'init', '--name', NAME, '--no-passphrase', '--key', key], 'quiet');
  if (made.exit !== 0) return made.exit;
  writeFileSync(signers, made.stdout);
  step(3, `A signing key without passphrase, for this demo only: ${key}`, null);
  return { acquire: ['--key', key], verify: ['--signers', signers], verifies: 0 };
}

async function shown(argv: readonly string[]): Promise<number> {
  say(`   $ exhibit ${argv.map(shellQuote).join(' ')}\n`);
  return (await exhibit(argv, 'shown')).exit;
}

function closing(evidence: string): void {
  const seal = createHash('sha256')
    .update(readFileSync(join(evidence, 'SHA256SUMS')))
    .digest('hex');
  const commands = readFileSync(join(evidence, 'VERIFY.txt'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('    $ '))
    .map((line) => line.slice('    $ '.length))
    .filter((command) => command.startsWith('ssh-keygen ') || command.endsWith(' SHA256SUMS'));
  say(`\nThe evidence is in\n  ${evidence}\nIts seal is\n  ${seal}`);
  say('Stock tools check it, without exhibit (VERIFY.txt has more):');
  for (const command of [`cd ${shellQuote(evidence)}`, ...commands]) say(`  ${command}`);
}

function readArguments(): { size: number; folder: string } {
  const { values, positionals } = parseCommandLine();
  const size = parseSize(values.size ?? '256M', '--size');
  if (size % MIB !== 0 || size < 8 * MIB) throw usage('--size takes whole MiB, at least 8M.');
  const [given, ...more] = positionals;
  if (more.length > 0) throw usage('One folder is enough.');
  if (given === undefined) return { size, folder: mkdtempSync(join(tmpdir(), 'exhibit-demo-')) };
  const folder = resolve(given);
  mkdirSync(folder, { recursive: true });
  if (readdirSync(folder).length > 0) throw usage(`${folder} is not empty. The demo wants a folder of its own.`);
  return { size, folder };
}

function parseCommandLine() {
  try {
    return parseArgs({ options: { size: { type: 'string' } }, allowPositionals: true });
  } catch (error) {
    throw usage(messageOf(error));
  }
}

/** The files, the disk made of them, and its images. */
function requireRoom(folder: string, size: number): void {
  const { bavail, bsize } = statfsSync(folder);
  const needed = size * 3.5 + 64 * MIB;
  if (bavail * bsize >= needed) return;
  rmdirSync(folder);
  const have = `${groupDigits(Math.floor((bavail * bsize) / MIB))} MiB`;
  throw usage(`${folder} has room for ${have}; the demo needs ${groupDigits(Math.ceil(needed / MIB))} MiB.`);
}

function usage(message: string): ExhibitError {
  return new ExhibitError('usage', 'demo.usage', message, {
    hint: 'npm run demo -- [--size 256M] [FOLDER]',
  });
}

function step(number: number, text: string, instead: string | null): void {
  say(`${number}. ${text}`);
  if (instead !== null) say(`   NOTE: ${instead}`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
