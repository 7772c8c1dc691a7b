import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Sum of a file or device as the stock tool prints it: `md5sum`, `sha256sum`, … */
export function sumOf(tool: string, ...paths: string[]): string {
  const command = `cat -- "$@" | ${tool}`;
  return execFileSync('sh', ['-c', command, 'sh', ...paths], { encoding: 'utf8', maxBuffer: 1e6 }).split(' ')[0] ?? '';
}

/** The commands of VERIFY.txt, as they stand: lines of four spaces and `$ `. */
export function commandsOf(folder: string): string[] {
  const text = readFileSync(join(folder, 'VERIFY.txt'), 'utf8');
  return text
    .split('\n')
    .filter((line) => line.startsWith('    $ '))
    .map((line) => line.slice(6));
}

/** Runs them in the folder, in bash; gives those that failed, each with its output. */
export function failingCommands(folder: string, commands = commandsOf(folder)): string[] {
  return commands.flatMap((command) => {
    const { status, stdout, stderr } = spawnSync('bash', ['-c', command], { cwd: folder, encoding: 'utf8' });
    return status === 0 ? [] : [`${command}\n${stdout}${stderr}`];
  });
}

/** What a forger can do: makes SHA256SUMS anew over whatever now lies there. */
export function sumAnew(folder: string): void {
  const listed = readFileSync(join(folder, 'SHA256SUMS'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.slice(66));
  const lines = listed.map(
    (name) =>
      `${createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex')}  ${name}\n`,
  );
  writeFileSync(join(folder, 'SHA256SUMS'), lines.join(''));
}

export function imageFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => /\.(dd|\d{3})(\.partial)?$/.test(name))
    .sort()
    .map((name) => join(folder, name));
}
