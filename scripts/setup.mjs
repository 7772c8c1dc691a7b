// What a fresh clone needs before anything runs: dependencies, the compiled program, and (for tests) system packages.
// Plain JavaScript, because it runs before TypeScript is installed.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const args = new Set(process.argv.slice(2));
const DECRYPTION = 'node_modules/ssh2/lib/protocol/crypto/build/Release/sshcrypto.node';

checkNode();
if (!args.has('--build-only')) installDependencies();
if (!args.has('--install-only')) await build();
if (args.has('--system-packages')) installSystemPackages();

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  stop(`exhibit needs Node 20.19 or newer; this is ${process.versions.node}.`);
}

function installDependencies() {
  const marker = join(root, 'node_modules', '.package-lock.json');
  const lock = join(root, 'package-lock.json');
  const installed = existsSync(marker) && statSync(marker).mtimeMs >= statSync(lock).mtimeMs;
  if (!installed)
    run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], 'npm could not install the dependencies');
  // What is there and is not loaded was compiled for another Node. What could not be compiled is not tried each time.
  if (!installed || (existsSync(join(root, DECRYPTION)) && !decryptsCompiled())) compileDecryption();
}

/**
 * ssh2's own decryption in C++, as its install script makes it after a plain `npm ci` (docs/decisions/0025): the one script
 * of a dependency that is run here. Only with this Node's own headers, or node-gyp would fetch some.
 */
function compileDecryption() {
  const nodedir = dirname(dirname(process.execPath));
  const lacking = ['c++', 'make', 'python3'].filter((name) => !onPath(name));
  if (headersOf(nodedir) !== process.versions.modules) lacking.push(`the headers of Node ${process.versions.node}`);
  const without = 'SSH is decrypted in JavaScript, which takes a little more of the processor.';
  if (lacking.length > 0)
    return console.log(`# ${without} To compile ssh2's own, install ${lacking.join(', ')}; then: npm rebuild ssh2`);
  const env = { ...process.env, npm_config_nodedir: nodedir };
  const { stdout, stderr } = spawnSync('npm', ['rebuild', 'ssh2', '--foreground-scripts'], {
    cwd: root,
    encoding: 'utf8',
    env,
  });
  if (decryptsCompiled()) return;
  const end = `${stdout}\n${stderr}`.trim().split('\n').slice(-5).join('\n#   ');
  console.log(
    `# ssh2's own decryption could not be compiled. ${without} To see why: npm rebuild ssh2 --foreground-scripts\n#   ${end}`,
  );
}

/** By ssh2's own word, in a Node of its own: what a process has once failed to load, it does not load later. */
function decryptsCompiled() {
  const asked = "require('ssh2/lib/protocol/crypto.js').bindingAvailable";
  return spawnSync(process.execPath, ['-p', asked], { cwd: root, encoding: 'utf8' }).stdout.trim() === 'true';
}

/** The binary interface that these headers are of, as `process.versions.modules`; null: there are none. */
function headersOf(nodedir) {
  const path = join(nodedir, 'include', 'node', 'node_version.h');
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  return /^#define NODE_MODULE_VERSION (\d+)$/m.exec(text)?.[1] ?? null;
}

async function build() {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  if (!existsSync(tsc)) {
    // An installation without development dependencies brings a compiled program along.
    if (existsSync(join(root, 'dist', 'bin', 'exhibit.js'))) return;
    stop('TypeScript is not installed. Run: npm ci');
  }
  run(process.execPath, [tsc, '-p', join(root, 'tsconfig.json')], 'the program does not compile');
  const { bundleAll } = await import('./bundle.mjs');
  await bundleAll(join(root, 'dist'));
}

function installSystemPackages() {
  const wanted = readFileSync(join(root, 'scripts', 'system-packages.txt'), 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (!onPath('dpkg-query') || !onPath('apt-get'))
    return console.log('# Not Debian: tests that need missing tools will be skipped, aloud.');
  const missing = wanted.filter((name) => !isInstalled(name));
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0) {
    return console.log(`# Not root: not installed (tests that need them are skipped, aloud): ${missing.join(' ')}`);
  }
  console.log(`# Installing system packages for the tests: ${missing.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync('apt-get', ['update', '-q'], { stdio: ['ignore', 'ignore', 'inherit'], env });
  const allowServices = noServices();
  const done = spawnSync('apt-get', ['install', '-q', '-y', '--no-install-recommends', ...missing], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env,
  });
  allowServices();
  if (done.status !== 0) console.log('# apt-get failed: tests that need the missing tools are skipped, aloud.');
}

/** The tests want the program sshd, and nobody wants the service: Debian asks this file before it starts one. */
function noServices() {
  const policy = '/usr/sbin/policy-rc.d';
  if (existsSync(policy)) return () => undefined;
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  return () => unlinkSync(policy);
}

function isInstalled(name) {
  const answer = spawnSync('dpkg-query', ['-W', '-f', '${db:Status-Status}', name], { encoding: 'utf8' });
  return answer.status === 0 && answer.stdout.trim() === 'installed';
}

function onPath(name) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)));
}

function run(command, argv, failure) {
  const done = spawnSync(command, argv, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (done.status !== 0) stop(`${failure} (${command} ended with ${done.status ?? done.signal ?? done.error}).`);
}

function stop(message) {
  console.error(message);
  process.exit(1);
}
