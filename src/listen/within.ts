import type { Clock } from '../system/clock.ts';

/** Waits for work, for so long at most, and not longer than until a signal aborts. What is late goes on; its failure is nobody's. */
export async function within<T>(
  clock: Clock,
  ms: number | null,
  stop: AbortSignal,
  work: Promise<T>,
): Promise<T | 'late' | 'stopped'> {
  if (stop.aborted) {
    work.catch(() => undefined);
    return 'stopped';
  }
  const over = new AbortController();
  const end = (): void => {
    over.abort();
  };
  stop.addEventListener('abort', end);
  // A sleep that is never called off by itself waits for the signal alone.
  const slept = (ms === null ? never(over.signal) : clock.sleep(ms, over.signal)).then(() =>
    stop.aborted ? ('stopped' as const) : ('late' as const),
  );
  try {
    return await Promise.race([work, slept]);
  } finally {
    stop.removeEventListener('abort', end);
    end();
    work.catch(() => undefined);
  }
}

function never(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      resolve();
    });
  });
}
