import { dirname, join } from 'node:path';
import { errnoOf, ExhibitError, messageOf } from '../model/errors.ts';
import { known, unknown, type Fact } from '../model/device.ts';
import { visible } from '../model/text.ts';
import { asCaller, findCaller } from '../manifest/keys-caller.ts';
import type { Ports } from '../system/ports.ts';
import { handsOf, isTaken } from './caller-hands.ts';

/** Where the lab's own hardware file lies: `<config>/exhibit/hardware.yaml` of the caller, also through sudo. Unknown: no home. */
export async function labHardwareFile(ports: Ports): Promise<Fact<string>> {
  try {
    return known(join((await findCaller(ports)).configFolder, 'exhibit', 'hardware.yaml'));
  } catch (error) {
    return unknown(messageOf(error));
  }
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
