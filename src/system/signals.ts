/** What the operator's signals do. */
export interface Signals {
  /** Aborts at the first SIGINT or SIGTERM; `reason` is the signal's name. */
  readonly stop: AbortSignal;
  /** Back to the kernel's own handling. */
  release(): void;
}

/** After a request to stop, state is put on disk; longer than this nobody is kept waiting. */
const PATIENCE_MS = 4000;

/**
 * The first SIGINT or SIGTERM asks to stop; after {@link PATIENCE_MS}, or at the second, the process ends. A closed
 * terminal (SIGHUP) ends nothing.
 * @param onHangup told once that the terminal is gone
 */
export function watchSignals(onHangup: () => void): Signals {
  const controller = new AbortController();
  let deadline: NodeJS.Timeout | null = null;
  const stop = (signal: NodeJS.Signals): void => {
    if (controller.signal.aborted) endNow();
    controller.abort(signal);
    deadline ??= setTimeout(endNow, PATIENCE_MS).unref();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  process.on('SIGHUP', onHangup);
  return {
    stop: controller.signal,
    release() {
      if (deadline !== null) clearTimeout(deadline);
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
      process.off('SIGHUP', onHangup);
    },
  };
}

/**
 * Ends this process now, as the signal itself would have. `process.exit` waits for threads that sit in a read of a
 * hanging disk; a signal with the kernel's own handling does not wait for us to get that far.
 */
function endNow(): void {
  process.removeAllListeners('SIGINT');
  process.kill(process.pid, 'SIGINT');
}
