import type { Clock } from '../system/clock.ts';

/** Waits for work, for so many milliseconds at most, and not longer than until a signal aborts. What is late goes on; its failure is nobody's. */
export async function within<T>(
  clock: Clock,
  ms: number,
  stop: AbortSignal,
  work: Promise<T>,
): Promise<T | 'late' | 'stopped'> {
  const over = new AbortController();
  const late = clock.sleep(ms, over.signal).then(() => 'late' as const);
  try {
    return await unlessStopped(stop, Promise.race([work, late]));
  } finally {
    over.abort();
  }
}

/** Waits for work, and not longer than until a signal aborts. */
export async function unlessStopped<T>(stop: AbortSignal, work: Promise<T>): Promise<T | 'stopped'> {
  const over = new AbortController();
  const stopped = new Promise<'stopped'>((resolve) => {
    const end = (): void => {
      resolve('stopped');
    };
    if (stop.aborted) end();
    else stop.addEventListener('abort', end, { signal: over.signal });
  });
  try {
    // Who was told to stop already waits for nothing, however much is there.
    return await (stop.aborted ? Promise.race([stopped, work]) : Promise.race([work, stopped]));
  } finally {
    over.abort();
  }
}
