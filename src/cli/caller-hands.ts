import { errnoOf, messageOf } from '../model/errors.ts';
import type { Ports } from '../system/ports.ts';

const TIMEOUT_MS = 30_000;

/** What it takes to put a file in the place of another: by our own hands, or by the caller's. */
export interface Hands {
  makeFolder(path: string): Promise<void>;
  /** A new file, on disk when this returns; an error when the name is taken. */
  create(path: string, text: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  syncFolder(path: string): Promise<void>;
  unlink(path: string): Promise<void>;
}

/** @param as what stands before a command that runs as the caller; empty: we are the caller */
export function handsOf(ports: Ports, as: readonly string[]): Hands {
  const { files } = ports;
  if (as.length === 0) {
    return {
      makeFolder: async (path) => {
        await files.makeFolder(path);
      },
      create: (path, text) => files.createFile(path, text),
      rename: (from, to) => files.rename(from, to),
      syncFolder: async (path) => {
        await files.syncFolder(path);
      },
      unlink: (path) => files.unlink(path),
    };
  }
  // Root writing below somebody's home could be led elsewhere by a symbolic link: these run as that person.
  const run = async (argv: readonly string[], input?: string): Promise<void> => {
    const done = await ports.commands.run([...as, ...argv], {
      timeoutMs: TIMEOUT_MS,
      ...(input === undefined ? {} : { input }),
    });
    if (done.exit === 0) return;
    throw new Error(`${argv[0] ?? ''}: ${done.failure ?? (done.stderr.trim() || `exit code ${String(done.exit)}`)}`);
  };
  return {
    makeFolder: (path) => run(['install', '-d', '-m', '0700', '--', path]),
    create: (path, text) =>
      run(['dd', `of=${path}`, 'conv=excl,fsync', 'status=none'], text).catch(async (error: unknown) => {
        if (!isTaken(error)) await run(['rm', '-f', '--', path]).catch(() => undefined);
        throw error;
      }),
    rename: (from, to) => run(['mv', '-T', '-f', '--', from, to]),
    syncFolder: (path) => run(['sync', '--', path]),
    unlink: (path) => run(['rm', '-f', '--', path]),
  };
}

/** Whether a name that was to be made is there already. `dd` says it in words. */
export function isTaken(cause: unknown): boolean {
  return errnoOf(cause) === 'EEXIST' || /: File exists$/.test(messageOf(cause));
}
