/**
 * Broken promises. Expected outcomes (a mismatch, a refusal, a gap) are values; what is thrown says what happened,
 * to what, and what to do now.
 */

/** Whose fault it is; `src/cli/exit-codes.ts` turns a fault into an exit code. */
export type Fault =
  'usage' | 'guard' | 'source' | 'destination' | 'damage' | 'signature' | 'remote' | 'interrupted' | 'unexpected';

export interface ErrorDetails {
  /** What the person can do now, in a sentence or two. */
  hint?: string;
  cause?: unknown;
}

/** An error with a stable code (`destination.full`), the fault it belongs to, and a hint. */
export class ExhibitError extends Error {
  readonly fault: Fault;
  readonly code: string;
  readonly hint: string | undefined;

  constructor(fault: Fault, code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'ExhibitError';
    this.fault = fault;
    this.code = code;
    this.hint = details.hint;
  }
}

/** A contradiction inside the program itself. */
export function bug(what: string): ExhibitError {
  return new ExhibitError('unexpected', 'internal.bug', `${what} (this is a bug in exhibit)`, {
    hint: 'Please report it with the journal of this run.',
  });
}

/** The `errno` name (`ENOSPC`) of a system error, or undefined. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
