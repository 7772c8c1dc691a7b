import { dirname, join } from 'node:path';
import { errnoOf, ExhibitError, messageOf } from '../model/errors.ts';
import { known, unknown, type Fact } from '../model/device.ts';
import { visible } from '../model/text.ts';
import { asCaller, findCaller } from '../manifest/keys-caller.ts';
import type { Ports } from '../system/ports.ts';

const TIMEOUT_MS = 30_000;

/** Where the lab's own hardware file lies: `<config>/exhibit/hardware.yaml` of the caller, also through sudo. Unknown: no home. */
export async function labHardwareFile(ports: Ports): Promise<Fact<string>> {
  try {
    return known(join((await findCaller(ports)).configFolder, 'exhibit', 'hardware.yaml'));
  } catch (error) {
    return unknown(messageOf(error));
  }
}

/** What it takes to put a file in the place of another: by our own hands, or by the caller's. */
interface Hands {
  makeFolder(path: string): Promise<void>;
  /** A new file, on disk when this returns; an error when the name is taken. */
  create(path: string, text: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  syncFolder(path: string): Promise<void>;
  unlink(path: string): Promise<void>;
}

/**
 * Puts `text` in the place of the lab's file: a new file beside it, synced, compared once more, renamed over it. The new
 * file's name is taken exclusively, so that of two writers one is refused.
 * @param before what `text` was made of; null: there was no file
 * @param asOwner under sudo, write as the caller and not as root: for the file in the caller's own home
 * @throws ExhibitError `hardware.not-written`: it is as it was; `hardware.not-synced`: it is written, but may not last
 */
export async function writeLabFile(
  ports: Ports,
  path: string,
  { before, text, asOwner }: { before: string | null; text: string; asOwner: boolean },
): Promise<void> {
  const hands = handsOf(ports, asOwner ? await asCaller(ports) : []);
  // A link to a file that is kept elsewhere stays one.
  const real = await ports.files.realPath(path).catch(() => path);
  const temporary = `${real}.new`;
  try {
    await hands.makeFolder(dirname(real));
    await hands.create(temporary, text);
  } catch (error) {
    throw notWritten(path, error);
  }
  try {
    if ((await currentText(ports, real)) !== before) throw new Error('somebody changed it meanwhile');
    await hands.rename(temporary, real);
  } catch (error) {
    await hands.unlink(temporary).catch(() => undefined);
    throw notWritten(path, error);
  }
  await hands.syncFolder(dirname(real)).catch((error: unknown) => {
    throw notSynced(path, error);
  });
}

async function currentText(ports: Ports, path: string): Promise<string | null> {
  return ports.files.readText(path).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  });
}

function handsOf(ports: Ports, as: readonly string[]): Hands {
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

function notWritten(path: string, cause: unknown): ExhibitError {
  const taken = isTaken(cause);
  return new ExhibitError(
    'destination',
    'hardware.not-written',
    `${visible(path)} was not written: ${taken ? `${visible(path)}.new is in the way` : visible(messageOf(cause))}. It is as it was.`,
    {
      hint: taken
        ? 'Another exhibit is writing it, or one was cut off. If none is running, remove the .new file.'
        : 'Check the rights on its folder, or name another file: --file FILE.',
      cause,
    },
  );
}

function notSynced(path: string, cause: unknown): ExhibitError {
  return new ExhibitError(
    'destination',
    'hardware.not-synced',
    `${visible(path)} is written, but its folder could not be synced: ${visible(messageOf(cause))}.`,
    { hint: 'After a power cut it may be the old one: look with exhibit hardware list.', cause },
  );
}

/** `dd` says it in words. */
function isTaken(cause: unknown): boolean {
  return errnoOf(cause) === 'EEXIST' || /: File exists$/.test(messageOf(cause));
}
