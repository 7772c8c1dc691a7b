// The three judges of the sources, beside each other: eslint takes a minute with one processor, the others fit into it.
import { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const JUDGES = [['eslint', '.'], ['prettier', '--check', '.'], ['knip']];

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

const held = await Promise.all(JUDGES.map(judge));
process.exitCode = held.every(Boolean) ? 0 : 1;
