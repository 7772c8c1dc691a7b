// The judges of the sources: eslint takes longest, with one processor; the others, the compiler among them, fit into its
// time one after the other. It leaves the program compiled, so that tests can start.
import { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BESIDE_EACH_OTHER = [
  [['eslint', '.']],
  [[process.execPath, 'scripts/setup.mjs', '--build-only'], ['prettier', '--check', '.'], ['knip']],
];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const env = { ...process.env, PATH: [join(root, 'node_modules', '.bin'), process.env['PATH']].join(delimiter) };

/** Each one's words in one piece, once it has ended. Gives whether it found nothing. */
function judge([name, ...args]) {
  return new Promise((resolve) => {
    const said = [];
    const child = spawn(name, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.on('data', (part) => said.push(part));
    child.stderr.on('data', (part) => said.push(part));
    child.on('error', (error) => said.push(Buffer.from(`${name} can not be run: ${error.message}\n`)));
    child.on('close', (code, signal) => {
      process.stdout.write(Buffer.concat(said));
      if (code !== 0) console.error(`${name}: ended with ${code ?? signal}`);
      resolve(code === 0);
    });
  });
}

/** All of them, whatever the ones before found. */
async function inTurn(judges) {
  let held = true;
  for (const each of judges) held = (await judge(each)) && held;
  return held;
}

const held = await Promise.all(BESIDE_EACH_OTHER.map(inTurn));
process.exitCode = held.every(Boolean) ? 0 : 1;
