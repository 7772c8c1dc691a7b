import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** How a run of exhibit ended. `stdout` is empty when it went to the terminal. */
export interface Ended {
  readonly exit: number;
  readonly stdout: string;
}

const MAIN = fileURLToPath(new URL('../bin/exhibit.js', import.meta.url));
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** As a shell tells an end by SIGINT. */
const INTERRUPTED = 130;

/**
 * Runs exhibit as if typed by hand, and kills it without a warning as soon as `now` says so: a power cut in small. Gives
 * its exit code where it ended before.
 */
export async function cutOff(argv: readonly string[], now: () => boolean): Promise<number | 'killed'> {
  const child = spawn(process.execPath, [MAIN, ...argv], { stdio: 'inherit' });
  const watch = setInterval(() => {
    if (now()) child.kill('SIGKILL');
  }, 5);
  // It ends by itself; until then nobody may end us and leave it behind.
  const wait = (): void => undefined;
  for (const signal of SIGNALS) process.on(signal, wait);
  try {
    return await new Promise<number | 'killed'>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        resolve(signal === 'SIGKILL' ? 'killed' : (code ?? INTERRUPTED));
      });
    });
  } finally {
    clearInterval(watch);
    for (const signal of SIGNALS) process.off(signal, wait);
    // Killed in the middle of drawing, it left the cursor hidden.
    if (process.stderr.isTTY) process.stderr.write('\u001b[?25h');
  }
}

/**
 * Runs exhibit as a child. `shown`: it has the terminal, as if typed by hand. `quiet`: what it prints on standard
 * output is kept. A request to stop this program is passed on, and the child's orderly end is waited for.
 */
export async function exhibit(argv: readonly string[], output: 'shown' | 'quiet'): Promise<Ended> {
  const pipe = output === 'quiet' ? 'pipe' : 'inherit';
  const child = spawn(process.execPath, [MAIN, ...argv], { stdio: ['inherit', pipe, pipe] });
  const said = { out: '', err: '' };
  child.stdout?.on('data', (text: Buffer) => {
    said.out += text.toString();
  });
  child.stderr?.on('data', (text: Buffer) => {
    said.err += text.toString();
  });
  const passOn = (signal: NodeJS.Signals): void => {
    // A terminal's Ctrl-C has reached the child as well; a second signal would end it before its state is on disk.
    if (signal === 'SIGINT' && process.stdin.isTTY) return;
    child.kill('SIGTERM');
  };
  for (const signal of SIGNALS) process.on(signal, passOn);
  try {
    const exit = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => {
        resolve(code ?? INTERRUPTED);
      });
    });
    if (exit !== 0) process.stderr.write(said.err);
    return { exit, stdout: said.out };
  } finally {
    for (const signal of SIGNALS) process.off(signal, passOn);
  }
}
