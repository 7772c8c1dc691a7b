import { uptime } from 'node:os';

/**
 * Time, from one place, so that tests can bring their own.
 * Wall time is UTC and may step; `monotonicMs` never goes back but stops while the machine sleeps;
 * `bootMs` goes on while it sleeps (CLOCK_BOOTTIME). Their differences show suspends and clock steps.
 */
export interface Clock {
  wallMs(): number;
  monotonicMs(): number;
  bootMs(): number;
  /** Resolves after `ms`, earlier when the signal aborts; it never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => Number(process.hrtime.bigint() / 1_000n) / 1000,
  bootMs: () => uptime() * 1000,
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) {
        resolve();
        return;
      }
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener('abort', done);
    }),
};

/** RFC 3339, UTC, milliseconds: `2026-03-01T09:15:00.000Z`. */
export function utc(wallMs: number): string {
  return new Date(wallMs).toISOString();
}
