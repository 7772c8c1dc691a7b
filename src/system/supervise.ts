import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/** Set in the child: it is watched over already. */
export const SUPERVISED = 'EXHIBIT_SUPERVISED';

/** The child has its own patience for putting state on disk; a little more, and nobody waits any longer. */
const PATIENCE_MS = 4300;
const INTERRUPTED = 130;

/** The command line itself asks for `--reader direct`; a profile that does so is found out later. */
export function asksForDirect(argv: readonly string[]): boolean {
  const reader = argv.findLastIndex((word) => word === '--reader' || word.startsWith('--reader='));
  const value = argv[reader] === '--reader' ? argv[reader + 1] : argv[reader]?.slice('--reader='.length);
  return argv[0] === 'acquire' && reader >= 0 && value === 'direct';
}

/**
 * Runs this very program again as a child and gives its exit code. A read that hangs in the kernel keeps the process
 * it sits in from ending, even by SIGKILL: that process is then the child, and we leave it behind.
 * @param leash absolute path of setpriv, so that the child dies with us; null where there is none
 */
export async function supervise(argv: readonly string[], leash: string | null): Promise<number> {
  const program = [process.execPath, ...process.execArgv, process.argv[1] ?? '', ...argv];
  const [command = '', ...args] = leash === null ? program : [leash, '--pdeathsig', 'KILL', '--', ...program];
  const child = spawn(command, args, { stdio: 'inherit', env: { ...process.env, [SUPERVISED]: '1' } });
  return new Promise((resolve, reject) => {
    let asked = false;
    const stop = (signal: NodeJS.Signals): void => {
      if (asked) resolve(INTERRUPTED);
      asked = true;
      // A terminal's Ctrl-C has reached the child already; a signal sent to us alone has not.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
      setTimeout(() => {
        resolve(INTERRUPTED);
      }, PATIENCE_MS);
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
    process.on('SIGHUP', () => undefined);
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}
