import type { Ports } from '../system/ports.ts';
import type { CommandResult, RunOptions } from '../system/run-command.ts';

/** Longer than the kernel tries on its own with a SCSI command (30 s, a few times). */
const PATIENCE_MS = 200_000;
/** A killed child that sits in the kernel does not end: it is left behind. */
const LEFT_AFTER_MS = 3_000;

/** Runs a command, and does not wait for one that hangs in the kernel: that is `failure: 'timeout'`, or `'aborted'`. */
export async function runOrLeave(
  ports: Ports,
  argv: readonly string[],
  options: Pick<RunOptions, 'input'>,
  stop: AbortSignal,
  patienceMs = PATIENCE_MS,
): Promise<CommandResult> {
  const ended = new AbortController();
  const left = (failure: 'timeout' | 'aborted'): CommandResult => ({
    argv: [...argv],
    exit: null,
    signal: null,
    stdout: '',
    stderr: '',
    failure,
  });
  const tooLong = ports.clock.sleep(patienceMs + LEFT_AFTER_MS, ended.signal).then(() => left('timeout'));
  const asked = whenAborted(stop, ended.signal)
    .then(() => ports.clock.sleep(LEFT_AFTER_MS / 3, ended.signal))
    .then(() => left('aborted'));
  try {
    const done = ports.commands.run(argv, { ...options, timeoutMs: patienceMs, signal: stop });
    return await Promise.race([done, tooLong, asked]);
  } finally {
    ended.abort();
  }
}

/** Resolves when `signal` aborts; stays pending, and holds nothing, once `done` has. */
function whenAborted(signal: AbortSignal, done: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const told = (): void => {
      resolve();
    };
    signal.addEventListener('abort', told, { once: true, signal: done });
  });
}
