import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Running } from './support/exhibit.ts';
import { Gate } from './support/gate.ts';
import { attachLoop, diskBytes, smallFileSystem } from './support/loop.ts';
import { packageRoot } from './support/root.ts';
import { hasSshd, startSshd } from './support/sshd.ts';
import { tempFolder } from './support/temp.ts';

const MAIN = fileURLToPath(new URL('../bin/exhibit.js', import.meta.url));
const MIB = 1024 * 1024;
const DISK_BYTES = 40 * MIB;
/** What a label would say of so many bytes. */
const DISK_LABEL = '42MB';
const IS_ROOT = process.getuid?.() === 0;
const HAS_LOOP = IS_ROOT && spawnSync('losetup', ['--find']).status === 0;

/** One fenced block of README.md that says of itself, in a comment before it, what it is for. */
interface Block {
  readonly directive: string;
  readonly text: string;
  readonly line: number;
}

test('the commands of README.md work as printed, in order', async (t) => {
  if (spawnSync('ssh-keygen', ['-?']).error !== undefined) {
    t.skip('needs ssh-keygen');
    return;
  }
  const sandbox = await makeSandbox(t);
  const blocks = readBlocks();
  assert.ok(blocks.filter(({ directive }) => directive.startsWith('runs')).length >= 12, 'README.md lost its examples');
  for (const block of blocks) {
    const file = /^file: ([\w.-]+)$/.exec(block.directive);
    if (file !== null) writeFileSync(join(sandbox.folder, file[1]!), sandbox.replace(block.text));
    else await runBlock(t, sandbox, block);
  }
});

test('every `sh` block of README.md is run by this test', () => {
  const fences = readFileSync(join(packageRoot, 'README.md'), 'utf8').match(/^```sh$/gm) ?? [];
  assert.equal(readBlocks().filter(({ directive }) => directive.startsWith('runs')).length, fences.length);
});

async function runBlock(t: TestContext, sandbox: Sandbox, { directive, text, line }: Block): Promise<void> {
  const form = /^runs(?: after: stopped ([\w-]+)| with: (another machine))?(?:; exit (\d+))?$/;
  const [, stopped, elsewhere, exit = '0'] = form.exec(directive) ?? [];
  assert.match(directive, form, `README.md:${line}: what is "${directive}"?`);
  if (elsewhere !== undefined && sandbox.machine === null) {
    t.diagnostic(`README.md:${line}: needs root, sshd and a loop device: not run`);
    return;
  }
  if (stopped !== undefined) await stopInTheMiddle(sandbox, stopped);
  const script = sandbox.replace(text);
  const done = spawnSync('bash', ['-e', '-c', script], { cwd: sandbox.folder, env: sandbox.env, encoding: 'utf8' });
  t.diagnostic(`README.md:${line}: exit code ${done.status ?? String(done.signal)}`);
  assert.equal(done.status, Number(exit), `README.md:${line}\n${script}\n${done.stdout}${done.stderr}`);
}

interface Sandbox {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  /** A disk of zeros, to be stopped while it is read. */
  readonly otherDisk: string;
  /** `USER@HOST:PORT` of a machine that lets us in; null: there is none. */
  readonly machine: string | null;
  /** Puts what this machine has in the place of README's stand-ins: the disk and its size, the destination, the stick. */
  replace(text: string): string;
}

async function makeSandbox(t: TestContext): Promise<Sandbox> {
  const folder = tempFolder(t);
  const [home, bin, disk] = [join(folder, 'home'), join(folder, 'bin'), join(folder, 'disk.img')];
  for (const each of [home, bin, join(folder, 'evidence')]) mkdirSync(each);
  writeProgram(join(bin, 'exhibit'), `exec '${process.execPath}' '${MAIN}' "$@"`);
  // Asked for a passphrase, it answers with an empty line.
  writeProgram(join(bin, 'askpass'), 'echo');
  writeFileSync(disk, diskBytes(DISK_BYTES));
  if (!HAS_LOOP) t.diagnostic('no loop device here (root is needed): the disk of the examples is a plain file');
  const source = HAS_LOOP ? attachLoop(t, disk) : disk;
  const otherDisk = join(folder, 'other.img');
  writeFileSync(otherDisk, Buffer.alloc(DISK_BYTES));
  const env = {
    PATH: `${bin}:${process.env['PATH'] ?? ''}`,
    HOME: home,
    SSH_ASKPASS: join(bin, 'askpass'),
    SSH_ASKPASS_REQUIRE: 'force',
  };
  const stick = makeStick(t, folder);
  const machine = HAS_LOOP && hasSshd() ? await otherMachine(t, home) : null;
  const replace = (text: string): string =>
    text
      .replaceAll('root@box', machine ?? 'root@box')
      .replaceAll('/dev/sdX', source)
      .replaceAll('/mnt/stick', stick)
      .replaceAll('4TB', DISK_LABEL)
      .replaceAll('/evidence', join(folder, 'evidence'));
  return { folder, env, otherDisk, machine, replace };
}

/** A server of this very machine, known to this home, that takes its key. */
async function otherMachine(t: TestContext, home: string): Promise<string> {
  const sshd = await startSshd(t);
  mkdirSync(join(home, '.ssh'), { mode: 0o700 });
  writeFileSync(join(home, '.ssh/known_hosts'), `${sshd.knownLine}\n`);
  copyFileSync(sshd.identity, join(home, '.ssh/id_ed25519'));
  return sshd.place;
}

/** A vfat file system, where one can be mounted. */
function makeStick(t: TestContext, folder: string): string {
  const stick = join(folder, 'stick');
  const known = readFileSync('/proc/filesystems', 'utf8').includes('vfat');
  if (known && HAS_LOOP && spawnSync('mkfs.vfat', ['--help']).error === undefined)
    return smallFileSystem(t, stick, ['mkfs.vfat'], 100 * MIB);
  t.diagnostic('no vfat here: the stick of the examples is a plain folder');
  mkdirSync(stick);
  return stick;
}

/** Starts an acquisition and stops it as Ctrl-C does, while it reads. */
async function stopInTheMiddle({ folder, env, otherDisk }: Sandbox, item: string): Promise<void> {
  const gate = new Gate(folder, 'read', env['PATH']);
  const argv = [MAIN, 'acquire', otherDisk, '--to', join(folder, 'evidence'), '--request', 'case.yaml'];
  const job = new Running(process.execPath, [...argv, '--evidence', item], {
    cwd: folder,
    env: { ...env, ...gate.env },
  });
  const partial = join(folder, 'evidence', '2026-0412', item, `${item}.dd.partial`);
  await gate.atGate(job);
  await job.until(() => existsSync(partial), 'it wrote something');
  job.kill('SIGINT');
  const { code, stderr } = await job.ended;
  assert.equal(code, 130, `${item} was not stopped in the middle\n${stderr}`);
  gate.remove();
}

function writeProgram(path: string, line: string): void {
  writeFileSync(path, `#!/bin/sh\n${line}\n`);
  chmodSync(path, 0o755);
}

function readBlocks(): Block[] {
  const text = readFileSync(join(packageRoot, 'README.md'), 'utf8');
  return [...text.matchAll(/^<!-- (.+) -->\n```\w+\n([^]*?)^```$/gm)].map((found) => ({
    directive: found[1]!,
    text: found[2]!,
    line: text.slice(0, found.index).split('\n').length,
  }));
}
